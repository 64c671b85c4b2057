#include "views/flink_select.hpp"

#include "base/error.hpp"
#include "views/functions.hpp"
#include "views/refused.hpp"
#include "views/view_refusal.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::views {

namespace {

using Pair = std::pair<std::string_view, std::string_view>; ///< the tree's name, and Flink's

constexpr std::array kOperators = std::to_array<Pair>({{"+", "+"},
                                                       {"-", "-"},
                                                       {"*", "*"},
                                                       {"/", "/"},
                                                       {"||", "||"},
                                                       {"~~", "LIKE"},
                                                       {"!~~", "NOT LIKE"}});

/// The same name, arguments and answers.
constexpr std::array kFunctions = std::to_array<Pair>({{"abs", "ABS"},
                                                       {"avg", "AVG"},
                                                       {"ceil", "CEIL"},
                                                       {"ceiling", "CEIL"},
                                                       {"char_length", "CHAR_LENGTH"},
                                                       {"character_length", "CHAR_LENGTH"},
                                                       {"count", "COUNT"},
                                                       {"floor", "FLOOR"},
                                                       {"length", "CHAR_LENGTH"},
                                                       {"lower", "LOWER"},
                                                       {"max", "MAX"},
                                                       {"min", "MIN"},
                                                       {"nullif", "NULLIF"},
                                                       {"replace", "REPLACE"},
                                                       {"substr", "SUBSTRING"},
                                                       {"substring", "SUBSTRING"},
                                                       {"sum", "SUM"},
                                                       {"upper", "UPPER"}});

constexpr std::array kTimeUnits = std::to_array<std::string_view>(
    {"year", "quarter", "month", "week", "day", "hour", "minute", "second"});

template<std::size_t N>
const std::string_view* find(const std::array<Pair, N>& pairs, std::string_view name) {
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&](const Pair& pair) { return pair.first == name; });
    return found == pairs.end() ? nullptr : &found->second;
}

[[noreturn]] void
refuse_for_flink(const Json& node, const std::string& construct,
                 const std::string& advice = "cdc-transform(1) lists what Flink can follow") {
    throw Problem{construct + " in Flink's SQL", advice, position_of(node)};
}

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "''" : std::string(1, c);
    }
    return out + "'";
}

std::string upper(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return out;
}

std::string decimal_text(std::int64_t unscaled, int scale) {
    std::string digits = std::to_string(unscaled < 0 ? -unscaled : unscaled);
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) {
        digits.insert(0, places + 1 - digits.size(), '0');
    }
    if (places > 0) {
        digits.insert(digits.size() - places, ".");
    }
    return (unscaled < 0 ? "-" : "") + digits;
}

/// "10 minutes" as INTERVAL '10' MINUTE.
std::string interval(const Json& cast) {
    const std::string text{text_of(cast["child"].value("value", Json::object()), "value")};
    const std::size_t blank = text.find(' ');
    const std::string number = text.substr(0, blank);
    const bool whole = !number.empty() && number.size() < 9 &&
                       std::all_of(number.begin(), number.end(),
                                   [](unsigned char c) { return std::isdigit(c) != 0; });
    std::string unit = blank == std::string::npos ? "" : text.substr(blank + 1);
    if (!unit.empty() && unit.back() == 's') {
        unit.pop_back();
    }
    const bool known = std::find(kTimeUnits.begin(), kTimeUnits.end(), unit) != kTimeUnits.end() &&
                       unit != "week" && unit != "quarter";
    if (!whole || !known) {
        refuse_for_flink(cast, fmt::format("the interval {}", base::in_quotes(text)),
                         "write a whole number of one unit, such as '10 minutes'");
    }
    return fmt::format("INTERVAL '{}' {}({})", number, upper(unit), number.size());
}

/// FROM items that an expression names.
std::set<std::string> named_sources(const Json& expression) {
    std::set<std::string> found;
    any_of(expression, [&](const Json& node) {
        if (is_class(node, "COLUMN_REF")) {
            found.insert(node["column_names"].front().get<std::string>());
        }
        return false;
    });
    return found;
}

bool is_join_equality(const Json& condition) {
    return is_type(condition, "COMPARE_EQUAL") && is_class(condition["left"], "COLUMN_REF") &&
           is_class(condition["right"], "COLUMN_REF") && named_sources(condition).size() == 2;
}

void add_conditions(const Json& from, std::vector<Json>& out) {
    if (!is_type(from, "JOIN")) {
        return;
    }
    add_conditions(from["left"], out);
    add_conditions(from["right"], out);
    for (Json& condition : conjuncts(from.value("condition", Json{}))) {
        out.push_back(std::move(condition));
    }
}

/// A condition over two FROM items stands beside those that join them.
bool compares_tables(const Json& select) {
    std::vector<Json> conditions = conjuncts(select.value("where_clause", Json{}));
    add_conditions(select["from_table"], conditions);
    return std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
        return !is_join_equality(condition) && named_sources(condition).size() > 1;
    });
}

class Writer {
public:
    explicit Writer(const TypeOf& type_of) : m_type_of{type_of} {}

    std::string query(const Json& node) {
        if (is_type(node, "SET_OPERATION_NODE")) {
            return fmt::format("({})\n{}{}\n({})", query(node["left"]), text_of(node, "setop_type"),
                               node.value("setop_all", false) ? " ALL" : "", query(node["right"]));
        }
        const Json* around = std::exchange(m_select, &node);
        const bool around_hidden = std::exchange(m_hide_keys, compares_tables(node));
        std::string out = select(node);
        m_select = around;
        m_hide_keys = around_hidden;
        return out;
    }

private:
    std::string select(const Json& node) {
        if (!is_null(node, "qualify")) {
            refuse_for_flink(node["qualify"], "QUALIFY", "filter in a view over this one");
        }
        std::string out = distinct(node) ? "SELECT DISTINCT " : "SELECT ";
        const char* comma = "";
        for (const Json& item : node["select_list"]) {
            out +=
                comma + expression(item) + " AS " + flink_name(std::string{text_of(item, "alias")});
            comma = ", ";
        }
        out += "\nFROM " + from(node["from_table"]);
        if (!is_null(node, "where_clause")) {
            out += "\nWHERE " + expression(node["where_clause"]);
        }
        if (!node["group_expressions"].empty()) {
            out += "\nGROUP BY " + list(node["group_expressions"]);
        }
        if (!is_null(node, "having")) {
            out += "\nHAVING " + expression(node["having"]);
        }
        return out;
    }

    static bool distinct(const Json& node) {
        bool found = false;
        for (const Json& modifier : node["modifiers"]) {
            if (!is_type(modifier, "DISTINCT_MODIFIER") ||
                !modifier.value("distinct_on_targets", Json::array()).empty()) {
                refuse_for_flink(node, "DISTINCT ON or LIMIT");
            }
            found = true;
        }
        return found;
    }

    std::string from(const Json& node) {
        if (is_type(node, "BASE_TABLE")) {
            return flink_name(std::string{text_of(node, "table_name")}) + " AS " + alias(node);
        }
        if (is_type(node, "SUBQUERY")) {
            return "(" + query(node["subquery"]["node"]) + ") AS " + alias(node);
        }
        if (!is_type(node, "JOIN")) {
            refuse_for_flink(node, "SELECT without FROM, or VALUES");
        }
        const std::string_view kind = text_of(node, "join_type");
        const bool cross = is_null(node, "condition");
        return fmt::format("{}\n{} JOIN {}{}", from(node["left"]),
                           cross                               ? "CROSS"
                           : kind == "OUTER" || kind == "FULL" ? "FULL"
                                                               : kind,
                           from(node["right"]),
                           cross ? "" : " ON " + expression(node["condition"]));
    }

    static std::string alias(const Json& node) {
        return flink_name(std::string{text_of(node, "alias")});
    }

    std::string list(const Json& nodes, const char* between = ", ") {
        std::string out;
        for (const Json& node : nodes) {
            out += (out.empty() ? "" : between) + expression(node);
        }
        return out;
    }

    std::string expression(const Json& node) {
        const std::string_view kind = text_of(node, "class");
        if (kind == "COLUMN_REF") {
            return column(node);
        }
        if (kind == "CONSTANT") {
            return constant(node);
        }
        if (kind == "FUNCTION") {
            return function(node);
        }
        if (kind == "COMPARISON" && m_hide_keys && is_join_equality(node)) {
            return hidden_equality(node);
        }
        if (kind == "COMPARISON") {
            return fmt::format("({} {} {})", expression(node["left"]),
                               comparison_text(text_of(node, "type")), expression(node["right"]));
        }
        if (kind == "CONJUNCTION") {
            return "(" +
                   list(node["children"], is_type(node, "CONJUNCTION_AND") ? " AND " : " OR ") +
                   ")";
        }
        if (kind == "OPERATOR") {
            return operation(node);
        }
        if (kind == "BETWEEN") {
            return fmt::format("({} BETWEEN {} AND {})", expression(node["input"]),
                               expression(node["lower"]), expression(node["upper"]));
        }
        if (kind == "CASE") {
            return case_of(node);
        }
        if (kind == "CAST") {
            return cast(node);
        }
        if (kind == "SUBQUERY") {
            return subquery(node);
        }
        if (kind == "WINDOW") {
            refuse_for_flink(node, "a window over rows that change", "leave it to cdc-transform");
        }
        refuse_for_flink(node, fmt::format("the expression {}", text_of(node, "type")));
    }

    /// Flink 2.2 takes a join by the keys of both sides for one whose updates need no old rows, and
    /// forgets that a condition such as a.x < b.y can end to hold: such rows would stay for ever.
    /// It does not see keys behind a cast, and then sends the old rows.
    std::string hidden_equality(const Json& node) {
        const auto kind = [&](const Json& side) {
            const std::string type = m_type_of(*m_select, side);
            return type == "smallint" || type == "bigint" ? std::string{"integer"} : type;
        };
        if (kind(node["left"]) != kind(node["right"])) {
            refuse_for_flink(
                node, "a join by columns of different types beside a comparison of two tables",
                "cast one of them in a view");
        }
        return fmt::format("(CAST({} AS STRING) = CAST({} AS STRING))", expression(node["left"]),
                           expression(node["right"]));
    }

    static std::string column(const Json& node) {
        std::string out;
        for (const Json& name : node["column_names"]) {
            out += (out.empty() ? "" : ".") + flink_name(name.get<std::string>());
        }
        return out;
    }

    static std::string constant(const Json& node) {
        const Json& value = node["value"];
        if (value.value("is_null", false)) {
            return "NULL";
        }
        const Json& type = value["type"];
        const std::string_view id = text_of(type, "id");
        if (id == "VARCHAR") {
            return quoted(text_of(value, "value"));
        }
        if (id == "DECIMAL" && value["value"].is_number_integer()) {
            return decimal_text(value["value"].get<std::int64_t>(),
                                type["type_info"].value("scale", 0));
        }
        if (value["value"].is_number_integer()) {
            return value["value"].dump();
        }
        refuse_for_flink(node, fmt::format("a constant of type {}", id));
    }

    std::string operation(const Json& node) {
        const std::string_view type = text_of(node, "type");
        const Json& children = node["children"];
        if (type == "OPERATOR_COALESCE") {
            return "COALESCE(" + list(children) + ")";
        }
        const std::string first = expression(children.front());
        if (type == "OPERATOR_NOT") {
            return "(NOT " + first + ")";
        }
        if (type == "OPERATOR_IS_NULL" || type == "OPERATOR_IS_NOT_NULL") {
            return fmt::format("({} IS {}NULL)", first, type == "OPERATOR_IS_NULL" ? "" : "NOT ");
        }
        const std::vector<Json> rest(children.begin() + 1, children.end());
        return fmt::format("({}{} IN ({}))", first, type == "COMPARE_NOT_IN" ? " NOT" : "",
                           list(rest));
    }

    std::string case_of(const Json& node) {
        std::string out = "CASE";
        for (const Json& check : node["case_checks"]) {
            out += " WHEN " + expression(check["when_expr"]) + " THEN " +
                   expression(check["then_expr"]);
        }
        return out + " ELSE " + expression(node["else_expr"]) + " END";
    }

    /// Casts to integers cut in Flink and round in PostgreSQL; texts of numbers and times differ.
    std::string cast(const Json& node) {
        const Json& type = node["cast_type"];
        const std::string_view id = text_of(type, "id");
        if (id == "INTERVAL" && is_class(node["child"], "CONSTANT")) {
            return interval(node);
        }
        if (id == "BOOLEAN" && is_class(node["child"], "CONSTANT")) {
            return text_of(node["child"]["value"], "value") == "t" ? "TRUE" : "FALSE";
        }
        std::string name;
        if (id == "DOUBLE" || id == "DATE") {
            name = id;
        } else if (id == "TIMESTAMP") {
            name = "TIMESTAMP(6)";
        } else if (id == "DECIMAL") {
            name = fmt::format("DECIMAL({}, {})", type["type_info"].value("width", 0),
                               type["type_info"].value("scale", 0));
        } else {
            refuse_for_flink(node, fmt::format("a cast to {}", id), "Flink casts it otherwise");
        }
        return fmt::format("CAST({} AS {})", expression(node["child"]), name);
    }

    std::string subquery(const Json& node) {
        const std::string inner = "(" + query(node["subquery"]["node"]) + ")";
        const std::string_view type = text_of(node, "subquery_type");
        if (type == "EXISTS") {
            return "EXISTS " + inner;
        }
        if (type == "SCALAR") {
            return inner;
        }
        if (type == "ANY" && text_of(node, "comparison_type") == "COMPARE_EQUAL") {
            return fmt::format("({} IN {})", expression(node["child"]), inner);
        }
        refuse_for_flink(node, fmt::format("a subquery of the kind {}", type));
    }

    std::string function(const Json& node) {
        check_float_division(node);
        const std::string_view name = text_of(node, "function_name");
        const Json& children = node["children"];
        if (const std::string_view* symbol = find(kOperators, name)) {
            return children.size() == 1 ? fmt::format("({}{})", *symbol, expression(children[0]))
                                        : fmt::format("({} {} {})", expression(children[0]),
                                                      *symbol, expression(children[1]));
        }
        if (name == "%" || name == "mod") {
            return "MOD(" + list(children) + ")";
        }
        if (name == "date_trunc" || name == "date_part") {
            return time_part(node);
        }
        const std::string filter =
            is_null(node, "filter") ? "" : " FILTER (WHERE " + expression(node["filter"]) + ")";
        if (name == "count_star" || (name == "count" && children.empty())) {
            return "COUNT(*)" + filter;
        }
        const std::string_view* same = find(kFunctions, name);
        if (same == nullptr) {
            refuse_for_flink(node, fmt::format("{}()", name));
        }
        return fmt::format("{}({}{}){}", *same, node.value("distinct", false) ? "DISTINCT " : "",
                           name == "sum" ? summand(children[0]) : list(children), filter);
    }

    /// Flink's sum has its argument's type, and wraps around in silence.
    std::string summand(const Json& argument) {
        const std::string type = m_type_of(*m_select, argument);
        const std::string text = expression(argument);
        if (type == "smallint" || type == "integer") {
            return "CAST(" + text + " AS BIGINT)";
        }
        return type == "bigint" ? "CAST(" + text + " AS DECIMAL(38, 0))" : text;
    }

    std::string time_part(const Json& node) {
        const Json& children = node["children"];
        const std::string unit{text_of(children[0].value("value", Json::object()), "value")};
        if (std::find(kTimeUnits.begin(), kTimeUnits.end(), unit) == kTimeUnits.end()) {
            refuse_for_flink(node, fmt::format("{} of {}", text_of(node, "function_name"),
                                               unit.empty() ? "an expression" : unit));
        }
        const std::string time = expression(children[1]);
        if (text_of(node, "function_name") == "date_part") {
            return fmt::format("EXTRACT({} FROM {})", upper(unit), time);
        }
        if (unit == "week") { // Flink's begins on Sunday
            refuse_for_flink(node, "date_trunc of week");
        }
        return fmt::format("FLOOR({} TO {})", time, upper(unit));
    }

    const TypeOf& m_type_of;
    const Json* m_select = nullptr;
    bool m_hide_keys = false; ///< of joins in m_select
};

} // namespace

std::string flink_name(const std::string& name) {
    std::string out = "`";
    for (const char c : name) {
        out += c == '`' ? "``" : std::string(1, c);
    }
    return out + "`";
}

std::string flink_select(const BoundView& view, const TypeOf& type_of) {
    try {
        if (view.view.full) {
            throw Problem{"FULL in Flink's SQL", "leave it to cdc-transform", kNoPosition};
        }
        return Writer{type_of}.query(view.node);
    } catch (const Problem& problem) {
        refuse_view(view.view, problem);
    }
}

} // namespace cdc::views
