#include "views/exact_rules.hpp"

#include "base/error.hpp"
#include "views/functions.hpp"
#include "views/number_types.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::views {

Json make_beside(const Json& call, const char* name, Json child) {
    Json out = call;
    out["function_name"] = name;
    out["children"] = Json::array({std::move(child)});
    return out;
}

std::string Exact::type_of(const Json& node, std::string_view construct) {
    std::string type = m_types.of(node);
    if (type.empty() && m_floats) {
        refuse(node, fmt::format("{} of an operand whose type is not known here", construct),
               "cast the operand to its type, or write the view without FULL");
    }
    return type;
}

Json Exact::to_double(Json child) {
    const std::string type = m_types.of(child);
    if (type == "DOUBLE") {
        return child;
    }
    return make_cast(is_exact_in_double(type) ? std::move(child)
                                              : make_cast(std::move(child), "VARCHAR"),
                     "DOUBLE");
}

/// Where the type is not known before the engine looks at it.
Json Exact::to_text_of_unknown(const Json& child) const {
    const bool may_mix = m_decimals && any_of_own(child, [](const Json& part) {
                             const std::string_view name = text_of(part, "function_name");
                             return is_class(part, "CASE") || is_type(part, "OPERATOR_COALESCE") ||
                                    name == "greatest" || name == "least" || name == "round" ||
                                    name == "trunc";
                         });
    if (may_mix) {
        refuse(child, "the text of a number whose scale is not known here",
               "say one, such as x::numeric(12,2)::text, or write the view without FULL");
    }
    const auto has_type = [&](const char* pattern) {
        return make_call("~~", {make_call("typeof", {child}), make_text(pattern)});
    };
    Json text = make_cast(child, "VARCHAR");
    Json moment = make_conjunction("CONJUNCTION_OR", {has_type("DATE"), has_type("TIMESTAMP%")});
    Json other = make_conjunction("CONJUNCTION_OR",
                                  {has_type("BLOB"), has_type("INTERVAL"), has_type("%]")});
    Json stop = make_call("error", {make_text("the text of this type is not PostgreSQL's")});
    Json rest = make_case(has_type("DECIMAL%"), make_call("cdc_decimal", {text}), text);
    return make_case(std::move(moment), make_call("cdc_moment", {text}),
                     make_case(std::move(other), std::move(stop), std::move(rest)));
}

Json Exact::to_text(Json child, bool flags) {
    const std::string type = type_of(child, "the text");
    if (type.empty()) {
        return to_text_of_unknown(child);
    }
    if (is_decimal(type) && mixes_scales(child)) {
        refuse(child, "the text of a choice among numerics of different scales",
               "PostgreSQL shows each with its own: say one, such as x::numeric(12,2)::text");
    }
    if (is_float(type)) {
        return make_call(type == "DOUBLE" ? "cdc_text" : "cdc_text_real", {std::move(child)});
    }
    if (is_fraction(type)) {
        return make_call("cdc_decimal", {make_cast(std::move(child), "VARCHAR")});
    }
    if (type == "BOOLEAN" && flags) {
        return make_call("cdc_flag", {std::move(child)});
    }
    if (type == "DATE" || type.starts_with("TIMESTAMP")) {
        return make_call("cdc_moment", {make_cast(std::move(child), "VARCHAR")});
    }
    if (type == "BLOB" || type == "INTERVAL" || type.ends_with("]")) {
        refuse(child, fmt::format("the text of a value of type {}", type),
               "it is not PostgreSQL's: let the view have the value itself");
    }
    return child;
}

/// Beside an integer constant the engine keeps smallint, PostgreSQL has integer.
void Exact::take_as_integer(Json& node, const Json& other) {
    if (!is_class(other, "CONSTANT") || text_of(other["value"]["type"], "id") != "INTEGER") {
        return;
    }
    const std::string type = m_types.of(node);
    if (is_integer(type) && (type.ends_with("SMALLINT") || type.ends_with("TINYINT"))) {
        node = make_cast(std::move(node), "INTEGER");
    }
}

/// PostgreSQL has no unsigned integers and no tinyint. In the engine the negative of an unsigned
/// one is huge, and differences below 0 are none.
void Exact::take_as_signed(Json& children) {
    std::vector<std::string> types;
    for (const Json& child : children) {
        types.push_back(m_types.of(child));
    }
    if (!std::all_of(types.begin(), types.end(), is_integer)) {
        return;
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (const std::string_view type = signed_type(types[i]); !type.empty()) {
            children[i] = make_cast(std::move(children[i]), type);
        }
    }
}

/// The engine has dates and times below and above PostgreSQL's.
bool Exact::keep_in_calendar(Json& node) {
    const Json& children = node["children"];
    const auto is_moment = [this](const Json& child) {
        const std::string type = m_types.of(child);
        return type == "DATE" || type.starts_with("TIMESTAMP");
    };
    if (!is_moment(children[0]) && !is_moment(children[1])) {
        return false;
    }
    const std::string type = m_types.of(node);
    if (type.empty()) {
        keep_unknown_in_calendar(node);
    } else if (type == "DATE") {
        node = make_call("cdc_date", {std::move(node)});
    } else if (type == "TIMESTAMP") {
        node = make_call("cdc_timestamp", {std::move(node)});
    } else if (type.starts_with("TIMESTAMP")) {
        node = make_call("cdc_timestamp_tz", {std::move(node)});
    }
    return true;
}

/// Of a sum whose type the engine alone knows. Those in it are looked at no more: each would be
/// there several times.
void Exact::keep_unknown_in_calendar(Json& node) {
    const auto is_kept = [](const Json& child) {
        return is_class(child, "CASE") &&
               text_of(child["case_checks"][0]["when_expr"], "function_name") == "cdc_off_calendar";
    };
    for (Json& child : node["children"]) {
        if (is_kept(child)) {
            child = Json(child["else_expr"]);
        }
    }
    Json off =
        make_call("cdc_off_calendar", {make_call("typeof", {node}), make_cast(node, "VARCHAR")});
    Json stop = make_call("error", {make_text("date or time out of range")});
    node = make_case(std::move(off), std::move(stop), std::move(node));
}

void Exact::arithmetic(Json& node) {
    Json& children = node["children"];
    const std::string_view name = text_of(node, "function_name");
    if (name == "-" && children.size() == 2 && m_types.of(children[0]) == "DATE" &&
        m_types.of(children[1]) == "DATE") {
        Json infinite = make_conjunction("CONJUNCTION_OR", {make_call("isinf", {children[0]}),
                                                            make_call("isinf", {children[1]})});
        node = make_call("cdc_finite", {std::move(node), std::move(infinite)});
        return;
    }
    read_operands(node);
    if (children.size() == 2 && name != "/" && name != "*" && keep_in_calendar(node)) {
        return;
    }
    take_as_signed(children);
    if (m_unsigned && children.size() == 1 && name == "-" && m_types.of(children[0]).empty()) {
        refuse(node, "the negative of an operand whose type is not known here",
               "cast the operand to its type, or write the view without FULL");
    }
    if (children.size() == 2 && name != "/") {
        take_as_integer(children[0], children[1]);
        take_as_integer(children[1], children[0]);
    }
    const bool is_sum = children.size() == 2 && (name == "+" || name == "-");
    if (m_moments && is_sum && !m_floats && m_types.of(node).empty()) {
        keep_unknown_in_calendar(node);
        return;
    }
    if (!m_floats || children.size() != 2) {
        return;
    }
    const std::string type = type_of(node, name);
    if (!is_float(type)) {
        return;
    }
    const bool real = m_types.of(children[0]) == "FLOAT" && m_types.of(children[1]) == "FLOAT";
    std::string function = name == "+"   ? "cdc_add"
                           : name == "-" ? "cdc_subtract"
                           : name == "*" ? "cdc_multiply"
                                         : "cdc_divide";
    if (real) {
        node = make_call(function + "_real", {std::move(children[0]), std::move(children[1])});
        return;
    }
    Json left = to_double(std::move(children[0]));
    Json right = to_double(std::move(children[1]));
    node = make_call(std::move(function), {std::move(left), std::move(right)});
}

void Exact::modulo(Json& node) {
    read_operands(node);
    take_as_signed(node["children"]);
    if (m_floats && is_float(type_of(node, "%"))) {
        refuse(node, "a remainder of floats", "PostgreSQL has none: cast to numeric(p,s)");
    }
    if (node["children"].size() != 2 || cannot_be_zero(node["children"][1])) {
        return;
    }
    // The engine has NULL for it.
    Json zero = make_compare("COMPARE_EQUAL", node["children"][1], make_constant(0));
    Json stop = make_call("error", {make_text("division by zero")});
    node = make_case(std::move(zero), std::move(stop), std::move(node));
}

/// PostgreSQL has these for double precision and numeric alone.
void Exact::rounding(Json& node) {
    Json& children = node["children"];
    const std::string name{text_of(node, "function_name")};
    const std::string type = children.empty() ? "" : type_of(children[0], name + "()");
    if (children.size() == 2 && is_float(type)) {
        refuse(node, fmt::format("{}() of a float to places", name),
               "PostgreSQL has none: cast to numeric(p,s)");
    }
    if (children.size() == 2) {
        fill_places(node, type);
        return;
    }
    if (!(is_float(type) || is_integer(type)) || type == "HUGEINT" || type == "UBIGINT") {
        return;
    }
    if (is_integer(type) && is_numeric(children[0])) {
        if (name != "sign") {
            node = Json(children[0]);
        }
        return;
    }
    children[0] = to_double(std::move(children[0]));
    if (name == "round") {
        node["function_name"] = "cdc_round";
    } else if (name == "sign") {
        node = make_cast(std::move(node), "DOUBLE");
    }
}

/// What stands beside a number or a time is a text.
void Exact::concatenation(Json& node) {
    const Json& children = node["children"];
    if (std::any_of(children.begin(), children.end(),
                    [this](const Json& child) { return m_types.of(child) == "BLOB"; })) {
        read_operands(node);
    }
    if (type_of(node, "||") != "VARCHAR") {
        return; // lists or bytes
    }
    for (Json& child : node["children"]) {
        child = to_text(std::move(child), false);
    }
}

void Exact::concat(Json& node) {
    for (Json& child : node["children"]) {
        if (m_types.of(child).empty()) {
            refuse(node, "concat() of a value whose type is not known here",
                   "cast it to text, or write the view without FULL");
        }
        child = to_text(std::move(child), true);
    }
}

void Exact::upper(Json& node) {
    if (node["children"].size() == 1) {
        Json text = node["children"][0];
        node = make_call("cdc_upper", {std::move(text), std::move(node)});
    }
}

void Exact::chr(Json& node) {
    node["function_name"] = "cdc_chr";
}

/// PostgreSQL casts booleans to integer and from integer, and to no other number.
void Exact::check_flag_cast(const Json& node, const std::string& from,
                            const std::string& to) const {
    if ((from == "BOOLEAN" && is_number(to) && to != "INTEGER") ||
        (to == "BOOLEAN" && is_number(from) && from != "INTEGER")) {
        refuse(node, fmt::format("a cast of {} to {}", from, to),
               "PostgreSQL casts booleans to integer and from integer alone: x::integer::bigint, "
               "or write x <> 0");
    }
}

/// The engine takes all of Unicode's blanks, PostgreSQL the space alone.
void Exact::trim(Json& node) {
    if (node["children"].size() == 1) {
        node["children"].push_back(make_text(" "));
    }
}

/// A separator that is NULL stands nowhere in PostgreSQL; in the engine all is NULL.
void Exact::string_agg(Json& node) {
    Json& children = node["children"];
    if (children.size() != 2) {
        return;
    }
    const Json& inner = is_class(children[1], "CAST") ? children[1]["child"] : children[1];
    if (is_null_constant(inner)) {
        children[1] = make_text("");
    }
}

/// The engine counts a year 0, and of a time with a zone the years of its era.
void Exact::date_part(Json& node) {
    Json& children = node["children"];
    if (children.size() != 2) {
        return;
    }
    const std::string type = m_types.of(children[1]);
    if (type == "TIMESTAMPTZ" || type == "TIMESTAMP WITH TIME ZONE") {
        children[1] = make_cast(std::move(children[1]), "TIMESTAMP");
    }
    const std::string part{text_of(children[0]["value"], "value")};
    if (type == "DATE" && (part == "hour" || part == "minute")) {
        refuse(node, fmt::format("extract({} …) of a date", part),
               "PostgreSQL has none: cast it to timestamp");
    }
    if (type != "INTERVAL" && part == "year") {
        // Of an infinite time the engine has no year.
        Json infinite = make_call("isinf", {children[1]});
        Json year = make_operator("OPERATOR_COALESCE", {std::move(node), make_constant(0)});
        node = make_call("cdc_finite",
                         {make_call("cdc_year", {std::move(year)}), std::move(infinite)});
    }
}

void Exact::sum(Json& node) {
    if (!m_floats || node["children"].empty()) {
        return;
    }
    const Json& child = node["children"][0];
    const std::string type = type_of(child, "sum()");
    if (!is_float(type)) {
        return;
    }
    if (!is_class(child, "CAST") || type == "FLOAT") {
        refuse(node, "sum() of floats",
               "its last digits depend on the order of rows: sum(x::numeric(p,s)) is exact, "
               "sum(x::double precision) is taken as it comes");
    }
    Json infinite = make_beside(node, "bool_or", make_call("isinf", {child}));
    node = make_call("cdc_sum", {std::move(node), std::move(infinite)});
}

void Exact::cast(Json& node) {
    Json& child = node["child"];
    const std::string to{text_of(node["cast_type"], "id")};
    if (to == "VARCHAR") {
        child = to_text(std::move(child), false);
        return;
    }
    cast_constant(node);
    const std::string from = m_types.of(child);
    check_flag_cast(node, from, to);
    if (!is_number(to)) {
        return;
    }
    if (from.empty() && (is_decimal(to) || is_float(to))) {
        type_of(child, "a cast");
    }
    if (from == "VARCHAR") {
        if (is_float(to)) {
            child = make_call(to == "FLOAT" ? "cdc_real_of_text" : "cdc_double_of_text",
                              {std::move(child)});
        } else {
            child = make_call(is_decimal(to) ? "cdc_number" : "cdc_whole", {std::move(child)});
        }
    } else if (is_float(from) && is_decimal(to)) {
        child = make_call(from == "FLOAT" ? "cdc_digits_real" : "cdc_digits", {std::move(child)});
    } else if (from == "DOUBLE" && to == "FLOAT") {
        child = make_call("cdc_real", {std::move(child)});
    } else if (is_float(to) && (is_decimal(from) || from == "HUGEINT") &&
               (to == "FLOAT" || !is_exact_in_double(from))) {
        child = make_cast(std::move(child), "VARCHAR");
    }
}

} // namespace cdc::views
