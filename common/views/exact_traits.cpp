// What the types of numbers do not tell: numerics that the engine has as integers, and scales.
#include "views/exact_rules.hpp"
#include "views/number_types.hpp"
#include "views/refused.hpp"
#include "views/trace.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace cdc::views {

namespace {

/// Their value is one of their operands, or is computed from them as numeric where one of them is.
constexpr std::array kPassing = std::to_array<std::string_view>(
    {"+", "-", "*", "%", "mod", "abs", "greatest", "least", "max", "min", "sum", "lag", "lead",
     "first_value", "last_value", "nth_value"});

/// The values of which an expression is one; empty: it is another.
std::vector<const Json*> choices_of(const Json& node) {
    std::vector<const Json*> out;
    if (is_class(node, "CASE")) {
        for (const Json& check : node["case_checks"]) {
            out.push_back(&check["then_expr"]);
        }
        if (!is_null(node, "else_expr")) {
            out.push_back(&node["else_expr"]);
        }
        return out;
    }
    const std::string_view name = text_of(node, "function_name");
    if (is_type(node, "OPERATOR_COALESCE") || name == "greatest" || name == "least") {
        for (const Json& child : node["children"]) {
            out.push_back(&child);
        }
    } else if ((name == "lag" || name == "lead") && !is_null(node, "default_expr")) {
        out = {&node["children"][0], &node["default_expr"]};
    }
    return out;
}

std::string scale_of(const std::string& type) {
    return is_decimal(type) ? type.substr(std::min(type.find(','), type.size())) : ",0)";
}

} // namespace

bool Exact::mixes_scales(const Json& node) {
    if (is_class(node, "COLUMN_REF")) {
        return traits_of_column(node).mixes_scales;
    }
    if (is_class(node, "SUBQUERY")) {
        return traits_of_subquery(node).mixes_scales;
    }
    const std::vector<const Json*> choices = choices_of(node);
    std::string first;
    for (const Json* choice : choices) {
        if (is_null_constant(*choice) || text_of(*choice, "function_name") == "error") {
            continue;
        }
        const std::string scale = scale_of(m_types.of(*choice));
        if (mixes_scales(*choice) || (!first.empty() && first != scale)) {
            return true;
        }
        first = scale;
    }
    const std::string_view name = text_of(node, "function_name");
    if (!choices.empty() || !(is_one_of(name, kPassing) || name == "nullif")) {
        return false;
    }
    const Json& children = node["children"];
    return std::any_of(children.begin(), children.end(),
                       [&](const Json& child) { return mixes_scales(child); });
}

bool Exact::is_numeric(const Json& node) {
    if (is_class(node, "COLUMN_REF")) {
        return traits_of_column(node).is_numeric;
    }
    if (is_class(node, "SUBQUERY")) {
        return traits_of_subquery(node).is_numeric;
    }
    std::vector<const Json*> operands = choices_of(node);
    if (operands.empty() && (is_class(node, "FUNCTION") || is_class(node, "WINDOW"))) {
        const std::string_view name = text_of(node, "function_name");
        const Json& children = node["children"];
        if (name == "date_part" || name == "cdc_year" || name == "sign" ||
            ((name == "round" || name == "trunc") && children.size() == 2)) {
            return true;
        }
        if (name == "nullif" || name == "cdc_finite") {
            operands = {&children[0]};
        } else if (is_one_of(name, kPassing)) {
            for (const Json& child : children) {
                operands.push_back(&child);
            }
        }
    }
    return std::any_of(operands.begin(), operands.end(),
                       [&](const Json* operand) { return is_numeric(*operand); });
}

NumberTraits Exact::traits_of_column(const Json& reference) const {
    const Json& names = reference["column_names"];
    const auto found =
        names.size() == 2
            ? m_traits.find({names[0].get<std::string>(), names[1].get<std::string>()})
            : m_traits.end();
    return found == m_traits.end() ? NumberTraits{} : found->second;
}

NumberTraits Exact::traits_of_subquery(const Json& node) {
    if (text_of(node, "subquery_type") != "SCALAR") {
        return {};
    }
    const std::vector<NumberTraits> traits = traits_of_query(node["subquery"]["node"]);
    return traits.empty() ? NumberTraits{} : traits.front();
}

std::vector<NumberTraits> Exact::traits_of_query(const Json& query) {
    std::vector<NumberTraits> traits;
    if (is_type(query, "SELECT_NODE")) {
        for (const Json& item : query["select_list"]) {
            traits.push_back({is_numeric(item), mixes_scales(item)});
        }
    } else if (is_type(query, "SET_OPERATION_NODE")) {
        traits = traits_of_query(query["left"]);
        const std::vector<NumberTraits> right = traits_of_query(query["right"]);
        const Json& ours = first_select(query["left"])["select_list"];
        const Json& theirs = first_select(query["right"])["select_list"];
        for (std::size_t i = 0; i < traits.size() && i < right.size(); ++i) {
            const std::string types[] = {m_types.of(ours[i]), m_types.of(theirs[i])};
            traits[i].is_numeric = traits[i].is_numeric || right[i].is_numeric;
            traits[i].mixes_scales = traits[i].mixes_scales || right[i].mixes_scales ||
                                     ((is_decimal(types[0]) || is_decimal(types[1])) &&
                                      scale_of(types[0]) != scale_of(types[1]));
        }
    }
    return traits;
}

void Exact::fill_places(Json& node, const std::string& type) {
    const Json& places = node["children"][1];
    if (!(is_decimal(type) || is_integer(type)) || !is_class(places, "CONSTANT") ||
        !places["value"]["value"].is_number_unsigned()) {
        return;
    }
    const auto number = places["value"]["value"].get<std::uint64_t>();
    if (number > 38) {
        refuse(node, fmt::format("{}() to {} places", text_of(node, "function_name"), number),
               "38 digits are exact");
    }
    const std::string wanted = decimal_of_places(type, static_cast<int>(number));
    if (!wanted.empty()) {
        node = m_types.make_cast(Json(node["children"][0]), wanted);
    }
}

} // namespace cdc::views
