#include "views/functions.hpp"

#include "base/error.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <array>

namespace cdc::views {

namespace {

constexpr auto kScalar = FunctionKind::scalar;
constexpr auto kAggregate = FunctionKind::aggregate;
constexpr auto kWindow = FunctionKind::window;

constexpr std::array kAllowed = std::to_array<AllowedFunction>({
    {"+", kScalar},
    {"-", kScalar},
    {"*", kScalar},
    {"/", kScalar},
    {"%", kScalar},
    {"||", kScalar},
    {"~~", kScalar},
    {"!~~", kScalar},
    {"~~*", kScalar},
    {"!~~*", kScalar},
    {"abs", kScalar},
    {"ascii", kScalar},
    {"ceil", kScalar},
    {"ceiling", kScalar},
    {"char_length", kScalar},
    {"character_length", kScalar},
    {"chr", kScalar},
    {"concat", kScalar},
    {"concat_ws", kScalar},
    {"date_part", kScalar},
    {"date_trunc", kScalar},
    {"floor", kScalar},
    {"greatest", kScalar},
    {"least", kScalar},
    {"left", kScalar},
    {"length", kScalar},
    {"lower", kScalar},
    {"lpad", kScalar},
    {"ltrim", kScalar},
    {"md5", kScalar},
    {"mod", kScalar},
    {"nullif", kScalar},
    {"position", kScalar},
    {"repeat", kScalar},
    {"replace", kScalar},
    {"right", kScalar},
    {"round", kScalar},
    {"rpad", kScalar},
    {"rtrim", kScalar},
    {"sign", kScalar},
    {"split_part", kScalar},
    {"starts_with", kScalar},
    {"strpos", kScalar},
    {"substr", kScalar},
    {"substring", kScalar},
    {"trim", kScalar},
    {"trunc", kScalar},
    {"upper", kScalar},
    {"array_agg", kAggregate, true},
    {"avg", kAggregate},
    {"bool_and", kAggregate},
    {"bool_or", kAggregate},
    {"count", kAggregate},
    {"count_star", kAggregate},
    {"max", kAggregate},
    {"min", kAggregate},
    {"string_agg", kAggregate, true},
    {"sum", kAggregate},
    {"dense_rank", kWindow},
    {"first_value", kWindow, true},
    {"lag", kWindow, true},
    {"last_value", kWindow, true},
    {"lead", kWindow, true},
    {"nth_value", kWindow, true},
    {"ntile", kWindow, true},
    {"rank", kWindow},
    {"row_number", kWindow, true},
});

constexpr std::array kDateParts = std::to_array<std::string_view>(
    {"year", "quarter", "month", "week", "day", "doy", "dow", "isodow", "hour", "minute"});

/// Centuries and millennia begin in a year 1 in PostgreSQL, in a year 0 in DuckDB; decades BC
/// differ.
constexpr std::array kTruncatedTo = std::to_array<std::string_view>(
    {"microsecond", "microseconds", "millisecond", "milliseconds", "second", "minute", "hour",
     "day", "week", "month", "quarter", "year"});

std::string_view constant_text(const Json& expression) {
    return is_class(expression, "CONSTANT") ? text_of(expression["value"], "value")
                                            : std::string_view{};
}

void check_date_part(const Json& expression) {
    const Json& children = expression["children"];
    const std::string_view part =
        children.empty() ? std::string_view{} : constant_text(children.front());
    if (std::find(kDateParts.begin(), kDateParts.end(), part) == kDateParts.end()) {
        refuse(expression, fmt::format("extract({} …)", part.empty() ? "?" : part),
               fmt::format("only {} are exact", fmt::join(kDateParts, ", ")));
    }
}

void check_date_trunc(const Json& expression) {
    const Json& children = expression["children"];
    const std::string_view unit =
        children.empty() ? std::string_view{} : constant_text(children.front());
    if (std::find(kTruncatedTo.begin(), kTruncatedTo.end(), unit) == kTruncatedTo.end()) {
        refuse(expression, fmt::format("date_trunc({}, …)", unit.empty() ? "?" : unit),
               fmt::format("only {} are exact", fmt::join(kTruncatedTo, ", ")));
    }
}

/// In PostgreSQL a backslash takes its meaning from the next character, in DuckDB it is one.
void check_like(const Json& expression) {
    const Json& pattern = expression["children"].back();
    if (!is_class(pattern, "CONSTANT") || constant_text(pattern).find('\\') != std::string::npos) {
        refuse(expression, "LIKE with a pattern that has, or may have, a backslash",
               "write a constant without one, or compare with starts_with(), strpos() or =");
    }
}

/// An empty separator cuts into characters in DuckDB, and 0 is no error.
void check_split_part(const Json& expression) {
    const Json& children = expression["children"];
    const Json& place = children.back();
    const bool number = is_class(place, "CONSTANT") && place["value"]["value"].is_number();
    if (children.size() != 3 || constant_text(children[1]).empty() || !number ||
        place["value"]["value"].get<double>() == 0) {
        refuse(expression, "split_part() whose separator may be empty, or whose place may be 0",
               "write both as constants");
    }
}

/// round(2147483647, -1) overflows without a word.
void check_round(const Json& expression) {
    const Json& children = expression["children"];
    if (children.size() > 1 && !(is_class(children[1], "CONSTANT") &&
                                 children[1]["value"]["value"].is_number_unsigned())) {
        refuse(expression, "round() to places before the point, or to places that are no constant",
               "write the number of places behind the point");
    }
}

void check_trunc(const Json& expression) {
    const Json& children = expression["children"];
    if (children.size() > 1 && any_of(children[1], [](const Json& part) {
            return is_class(part, "COLUMN_REF") || is_class(part, "SUBQUERY");
        })) {
        refuse(expression, "trunc() to places that are no constant", "write the number of places");
    }
}

/// substring(s, -2): PostgreSQL counts from before the first character, DuckDB from the end.
void check_substring(const Json& expression) {
    const Json& children = expression["children"];
    for (std::size_t i = 1; i < children.size(); ++i) {
        const Json& argument = children[i];
        const bool whole =
            is_class(argument, "CONSTANT") && argument["value"]["value"].is_number_unsigned();
        if (!whole || (i == 1 && argument["value"]["value"].get<std::uint64_t>() == 0)) {
            refuse(expression, "substring with a place that is not a positive constant",
                   "DuckDB counts negative places from the end: use left() or right()");
        }
    }
}

/// PostgreSQL takes the number of the first row, the engine that of each.
void check_ntile(const Json& expression) {
    const Json& children = expression["children"];
    if (children.size() != 1 || !is_class(children.front(), "CONSTANT")) {
        refuse(expression, "ntile() of what is no constant", "write the number");
    }
}

/// PostgreSQL stops at every row where the engine has NULL.
void check_nth_value(const Json& expression) {
    const Json& children = expression["children"];
    if (children.size() != 2) {
        return;
    }
    const bool number =
        is_class(children[1], "CONSTANT") && children[1]["value"]["value"].is_number_unsigned();
    if (!number || children[1]["value"]["value"].get<std::uint64_t>() == 0) {
        refuse(expression, "nth_value() whose number may be 0 or less",
               "write it as a positive constant");
    }
}

/// PostgreSQL computes constants even where no row needs them: coalesce(x, 1 / 0) fails.
void check_zero_divisor(const Json& expression) {
    const Json& children = expression["children"];
    if (children.size() == 2 && is_class(children[1], "CONSTANT") &&
        children[1]["value"]["value"].is_number() &&
        children[1]["value"]["value"].get<double>() == 0) {
        refuse(expression, "a division by 0", "no row can be computed by it");
    }
}

bool is_double(const Json& expression) {
    return is_class(expression, "CAST") && text_of(expression["cast_type"], "id") == "DOUBLE";
}

void check_divisor(const Json& expression) {
    const Json& children = expression["children"];
    if (!children.empty() && !cannot_be_zero(children.back())) {
        refuse(expression, "a division by what may be zero", "divide by nullif(x, 0)");
    }
}

void check_order(const Json& expression, const AllowedFunction& function) {
    if (!function.needs_order) {
        return;
    }
    const bool window = is_class(expression, "WINDOW");
    const Json& orders = window ? expression["orders"] : expression["order_bys"]["orders"];
    if (orders.empty()) {
        refuse(expression, fmt::format("{}() without ORDER BY", function.name),
               window ? "its answer depends on the order of rows: add ORDER BY over a key of them"
                      : fmt::format("its answer depends on the order of rows: {}(x ORDER BY x)",
                                    function.name));
    }
}

} // namespace

bool cannot_be_zero(const Json& expression) {
    if (is_class(expression, "CAST")) {
        return cannot_be_zero(expression["child"]);
    }
    const auto is_zero = [](const Json& constant) {
        const Json& value = constant["value"]["value"];
        return !value.is_number() || value.get<double>() == 0;
    };
    if (is_class(expression, "FUNCTION")) {
        const Json& children = expression["children"];
        return text_of(expression, "function_name") == "nullif" && children.size() == 2 &&
               is_class(children.back(), "CONSTANT") && is_zero(children.back());
    }
    return is_class(expression, "CONSTANT") && !is_zero(expression);
}

std::span<const AllowedFunction> allowed_functions() {
    return kAllowed;
}

const AllowedFunction* find_function(std::string_view name) {
    const auto* const found =
        std::find_if(kAllowed.begin(), kAllowed.end(),
                     [&](const AllowedFunction& function) { return function.name == name; });
    return found != kAllowed.end() ? found : nullptr;
}

bool is_aggregate_call(const Json& expression) {
    if (!is_class(expression, "FUNCTION")) {
        return false;
    }
    const AllowedFunction* function = find_function(text_of(expression, "function_name"));
    return function != nullptr && function->kind == FunctionKind::aggregate;
}

void check_function(const Json& expression) {
    const std::string_view name = text_of(expression, "function_name");
    const AllowedFunction* function = find_function(name);
    if (function == nullptr) {
        refuse(expression, fmt::format("the function {}()", name),
               "cdc-transform(1) lists the functions that views may use");
    }
    check_order(expression, *function);
    if (name == "date_part") {
        check_date_part(expression);
    } else if (name == "date_trunc") {
        check_date_trunc(expression);
    } else if (name == "round") {
        check_round(expression);
    } else if (name == "trunc") {
        check_trunc(expression);
    } else if (name == "split_part") {
        check_split_part(expression);
    } else if (name == "ntile") {
        check_ntile(expression);
    } else if (name == "nth_value") {
        check_nth_value(expression);
    } else if (name == "/" || name == "%" || name == "mod") {
        check_zero_divisor(expression);
    } else if (name.ends_with("~~") || name.ends_with("~~*")) {
        check_like(expression);
    } else if (name == "substring" || name == "substr") {
        check_substring(expression);
    }
}

void check_float_division(const Json& expression) {
    const std::string_view name = text_of(expression, "function_name");
    const Json& children = expression["children"];
    if (name == "/") {
        if (std::none_of(children.begin(), children.end(), is_double)) {
            refuse(expression, "a division that may be of decimals",
                   "it is not exact: cast one side, x::double precision / y");
        }
        check_divisor(expression);
    } else if (name == "%" || name == "mod") {
        check_divisor(expression);
    } else if (name == "avg" && (children.size() != 1 || !is_double(children.front()))) {
        refuse(expression, "avg() that may be of decimals or whole numbers",
               "it is not exact: let the view have sum(x) and count(x), or write "
               "avg(x::double precision)");
    }
}

} // namespace cdc::views
