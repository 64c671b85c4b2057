// Operands of different types: what they become in PostgreSQL.
#include "views/exact_rules.hpp"

#include "base/error.hpp"
#include "views/number_types.hpp"
#include "views/refused.hpp"
#include "views/trace.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace cdc::views {

namespace {

/// A whole number that every float type has.
bool is_small_constant(const Json& node) {
    constexpr std::int64_t kFloatDigits = std::int64_t{1} << 24;
    if (!is_class(node, "CONSTANT") || text_of(node["value"]["type"], "id") != "INTEGER") {
        return false;
    }
    const Json& value = node["value"]["value"];
    return value.is_number_integer() && std::abs(value.get<std::int64_t>()) <= kFloatDigits;
}

/// DECIMAL(38,2) as views write it.
std::string sql_name(const std::string& decimal) {
    return "numeric" + decimal.substr(decimal.find('('));
}

/// PostgreSQL's type of several numbers of which one is a float.
std::string float_of(const std::vector<std::string>& types) {
    return std::find(types.begin(), types.end(), "DOUBLE") != types.end() ? "DOUBLE" : "FLOAT";
}

} // namespace

bool is_null_constant(const Json& node) {
    return is_class(node, "CONSTANT") && node["value"].value("is_null", false);
}

bool Exact::are_mixed(const std::vector<Json*>& operands, std::vector<std::string>& types) {
    if (!m_floats) {
        return false;
    }
    for (const Json* operand : operands) {
        types.push_back(m_types.of(*operand));
        if (!types.back().empty() && !is_number(types.back())) {
            return false;
        }
    }
    const auto unknown = std::find(types.begin(), types.end(), "");
    if (unknown != types.end()) {
        type_of(*operands[static_cast<std::size_t>(unknown - types.begin())], "a choice");
    }
    return std::any_of(types.begin(), types.end(), is_float) &&
           std::any_of(types.begin(), types.end(),
                       [&](const std::string& type) { return type != types.front(); });
}

void Exact::widen(const std::vector<Json*>& operands) {
    std::vector<std::string> types;
    const Json* unknown = nullptr;
    for (const Json* operand : operands) {
        types.push_back(m_types.of(*operand));
        if (types.back().empty()) {
            unknown = operand;
        } else if (!is_decimal(types.back()) && !is_integer(types.back())) {
            return;
        }
    }
    if (unknown != nullptr && m_wide) {
        refuse(*unknown, "a comparison or choice of operands whose types are not known here",
               "the view's decimals need more than 38 digits: cast the operand to its type, or "
               "write the view without FULL");
    }
    if (unknown != nullptr) {
        return;
    }
    const std::string wanted = wide_decimal(types);
    for (std::size_t i = 0; i < operands.size() && !wanted.empty(); ++i) {
        if (types[i] != wanted) {
            *operands[i] = m_types.make_cast(std::move(*operands[i]), wanted);
        }
    }
}

/// PostgreSQL compares a float with another number as double precision.
void Exact::compare(const std::vector<Json*>& operands, bool of_list) {
    read_constants(operands);
    std::vector<std::string> types;
    if (!are_mixed(operands, types)) {
        widen(operands);
        return;
    }
    if (of_list && types.front() == "FLOAT") {
        refuse(*operands.front(), "a float in a list of other numbers",
               "cast it: x::double precision IN (…)");
    }
    for (Json* operand : operands) {
        *operand = to_double(std::move(*operand));
    }
}

void Exact::compare_with_column(Json& left, const std::string& right) {
    read_constant(left, right);
    const std::string type = m_types.of(left);
    if (const std::string wide = wide_decimal({type, right}); !wide.empty()) {
        if (!wide_decimal({wide, right}).empty()) {
            refuse(left, fmt::format("IN or ANY of {} and a column of type {}", type, right),
                   fmt::format("both need more than 38 digits: cast the column, x IN (SELECT "
                               "y::{} …)",
                               sql_name(wide)));
        }
        left = m_types.make_cast(std::move(left), wide);
        return;
    }
    if (!m_floats) {
        return;
    }
    if ((!type.empty() && !is_number(type)) || (!right.empty() && !is_number(right))) {
        return;
    }
    if (type.empty() || right.empty()) {
        refuse(left, "IN or ANY of operands whose types are not known here",
               "write EXISTS with operands that are cast, or the view without FULL");
    }
    if (type == right || !(is_float(type) || is_float(right))) {
        return;
    }
    if (!is_exact_in_double(right)) {
        refuse(left, fmt::format("IN or ANY of a float and a column of type {}", right),
               "cast the column: x IN (SELECT y::double precision …)");
    }
    left = to_double(std::move(left));
}

void Exact::comparison(Json& node) {
    const std::string_view kind = text_of(node, "class");
    if (kind == "COMPARISON") {
        compare({&node["left"], &node["right"]});
    } else if (kind == "BETWEEN") {
        read_constants({&node["input"], &node["lower"]});
        read_constants({&node["input"], &node["upper"]});
        compare({&node["input"], &node["lower"], &node["upper"]});
    } else if (text_of(node, "type").starts_with("COMPARE_")) { // IN
        std::vector<Json*> operands;
        for (Json& child : node["children"]) {
            if (!is_null_constant(child)) {
                operands.push_back(&child);
            }
        }
        compare(operands, true);
    }
}

void Exact::unify(const std::vector<Json*>& operands) {
    std::vector<Json*> values;
    std::copy_if(operands.begin(), operands.end(), std::back_inserter(values),
                 [](const Json* operand) { return !is_null_constant(*operand); });
    read_constants(values);
    std::vector<std::string> types;
    if (!are_mixed(values, types)) {
        widen(values);
        return;
    }
    const std::string wanted = float_of(types);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (types[i] != wanted) {
            *values[i] = make_cast(std::move(*values[i]), wanted);
            cast(*values[i]);
        }
    }
}

void Exact::choice(Json& node) {
    std::vector<Json*> operands;
    if (is_class(node, "CASE")) {
        for (Json& check : node["case_checks"]) {
            operands.push_back(&check["then_expr"]);
        }
        if (!is_null(node, "else_expr")) {
            operands.push_back(&node["else_expr"]);
        }
    } else {
        for (Json& child : node["children"]) {
            operands.push_back(&child);
        }
    }
    unify(operands);
}

void Exact::greatest(Json& node) {
    choice(node);
}

/// It compares as `=` does, and has the type of its first operand on the left side of that `=`.
void Exact::nullif(Json& node) {
    Json& children = node["children"];
    std::vector<std::string> types;
    if (children.size() != 2) {
        return;
    }
    read_constants({&children[0], &children[1]});
    if (!are_mixed({&children[0], &children[1]}, types)) {
        types = {m_types.of(children[0]), m_types.of(children[1])};
        if (!wide_decimal(types).empty()) {
            refuse(node, fmt::format("nullif() of {} and {}", types[0], types[1]),
                   "both need more than 38 digits: cast the operands to one type");
        }
        return;
    }
    const bool same =
        is_float(types[0]) && (is_float(types[1]) || is_small_constant(children[1]) ||
                               (types[0] == "DOUBLE" && is_exact_in_double(types[1])));
    if (!same) {
        refuse(node, fmt::format("nullif() of {} and {}", types[0], types[1]),
               "cast the second operand to the type of the first");
    }
}

/// The engine casts the default to the type of the value.
void Exact::default_value(Json& node) {
    if (is_null(node, "default_expr") || is_null_constant(node["default_expr"])) {
        return;
    }
    Json& value = node["children"][0];
    const std::string type = m_types.of(value);
    if (!is_number(type)) {
        read_constant(node["default_expr"], type);
    }
    const std::string other = m_types.of(node["default_expr"]);
    if (is_number(type) && is_number(other) && wide_decimal({type, other}).empty() &&
        m_types.common(type, other) == type &&
        (!is_float(type) || is_exact_in_float(other, type))) {
        return;
    }
    if (type != other && (is_number(type) || is_number(other) || type.empty())) {
        refuse(node,
               fmt::format("{}() with a default of another type", text_of(node, "function_name")),
               "cast the default to the type of the value");
    }
}

/// A number with an exponent, or with more digits than a decimal has, is a float to the engine.
void Exact::constant(const Json& node) {
    if (text_of(node["value"]["type"], "id") == "DOUBLE") {
        refuse(node, "a number with an exponent, or of more than 38 digits",
               "PostgreSQL takes it as numeric: write its digits, or cast it to double precision");
    }
}

std::string Exact::unified(const Json& node, const std::string& left, const std::string& right) {
    const bool numbers = (left.empty() || is_number(left)) && (right.empty() || is_number(right));
    if (m_floats && numbers && (left.empty() || right.empty())) {
        refuse(node, "a set operation over columns whose types are not known here",
               "cast them to their types in each branch");
    }
    if (!wide_decimal({left, right}).empty()) {
        refuse(node, fmt::format("a set operation over columns of type {} and {}", left, right),
               fmt::format("both need more than 38 digits: cast both to one type, such as {}",
                           sql_name(wide_decimal({left, right}))));
    }
    const std::string type = m_types.common(left, right);
    if (numbers && is_float(type) &&
        !(is_exact_in_float(left, type) && is_exact_in_float(right, type))) {
        refuse(node, fmt::format("a set operation over columns of type {} and {}", left, right),
               "cast both to one type");
    }
    return type;
}

void Exact::check_branches(const Json& node) {
    const Json& left = first_select(node["left"])["select_list"];
    const Json& right = first_select(node["right"])["select_list"];
    for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
        unified(right[i], m_types.of(left[i]), m_types.of(right[i]));
    }
}

} // namespace cdc::views
