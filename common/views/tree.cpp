#include "views/tree.hpp"

#include "views/refused.hpp"

#include <utility>

namespace cdc::views {

std::string_view text_of(const Json& node, const char* property) {
    const auto found = node.find(property);
    return found != node.end() && found->is_string()
               ? std::string_view{found->get_ref<const std::string&>()}
               : std::string_view{};
}

bool is_class(const Json& expression, std::string_view name) {
    return text_of(expression, "class") == name;
}

bool is_type(const Json& node, std::string_view name) {
    return text_of(node, "type") == name;
}

bool is_null(const Json& node, const char* property) {
    const auto found = node.find(property);
    return found == node.end() || found->is_null();
}

std::size_t position_of(const Json& node) {
    const auto found = node.find("query_location");
    return found != node.end() && found->is_number_unsigned() ? found->get<std::size_t>()
                                                              : kNoPosition;
}

Json make_column(const std::string& alias, const std::string& column) {
    return {{"class", "COLUMN_REF"},
            {"type", "COLUMN_REF"},
            {"column_names", Json::array({alias, column})}};
}

Json make_constant(int value) {
    return {{"class", "CONSTANT"},
            {"type", "VALUE_CONSTANT"},
            {"value",
             {{"type", {{"id", "INTEGER"}, {"type_info", nullptr}}},
              {"is_null", false},
              {"value", value}}}};
}

Json make_text(std::string_view value) {
    return {{"class", "CONSTANT"},
            {"type", "VALUE_CONSTANT"},
            {"value",
             {{"type", {{"id", "VARCHAR"}, {"type_info", nullptr}}},
              {"is_null", false},
              {"value", value}}}};
}

Json make_case(Json when, Json then, Json otherwise) {
    Json checks = Json::array();
    checks.push_back({{"when_expr", std::move(when)}, {"then_expr", std::move(then)}});
    return {{"class", "CASE"},
            {"type", "CASE_EXPR"},
            {"case_checks", std::move(checks)},
            {"else_expr", std::move(otherwise)}};
}

Json make_true() {
    return {{"class", "CONSTANT"},
            {"type", "VALUE_CONSTANT"},
            {"value",
             {{"type", {{"id", "BOOLEAN"}, {"type_info", nullptr}}},
              {"is_null", false},
              {"value", true}}}};
}

Json make_compare(const char* type, Json left, Json right) {
    return {{"class", "COMPARISON"},
            {"type", type},
            {"left", std::move(left)},
            {"right", std::move(right)}};
}

Json make_operator(const char* type, std::vector<Json> children) {
    return {{"class", "OPERATOR"}, {"type", type}, {"children", std::move(children)}};
}

Json make_conjunction(const char* type, std::vector<Json> children) {
    if (children.size() == 1) {
        return std::move(children.front());
    }
    return {{"class", "CONJUNCTION"}, {"type", type}, {"children", std::move(children)}};
}

Json make_cast(Json child, std::string_view type) {
    const std::size_t position = position_of(child);
    return {{"class", "CAST"},
            {"type", "OPERATOR_CAST"},
            {"query_location", position},
            {"child", std::move(child)},
            {"cast_type", {{"id", type}, {"type_info", nullptr}}},
            {"try_cast", false}};
}

Json make_call(std::string name, std::vector<Json> children) {
    const std::size_t position = position_of(children.front());
    return {{"class", "FUNCTION"},
            {"type", "FUNCTION"},
            {"query_location", position},
            {"function_name", std::move(name)},
            {"schema", ""},
            {"children", std::move(children)},
            {"order_bys", {{"type", "ORDER_MODIFIER"}, {"orders", Json::array()}}}};
}

Json make_exists(Json select) {
    return {{"class", "SUBQUERY"},       {"type", "SUBQUERY"},
            {"subquery_type", "EXISTS"}, {"subquery", {{"node", std::move(select)}}},
            {"child", nullptr},          {"comparison_type", "INVALID"}};
}

Json make_in(Json child, Json select, std::string_view comparison) {
    return {{"class", "SUBQUERY"},       {"type", "SUBQUERY"},
            {"subquery_type", "ANY"},    {"subquery", {{"node", std::move(select)}}},
            {"child", std::move(child)}, {"comparison_type", comparison}};
}

Json make_table(const std::string& name, const std::string& alias) {
    return {{"type", "BASE_TABLE"}, {"table_name", name}, {"alias", alias}};
}

Json make_select(std::vector<Json> items, Json from, std::vector<Json> conditions) {
    Json node = {{"type", "SELECT_NODE"},
                 {"modifiers", Json::array()},
                 {"cte_map", {{"map", Json::array()}}},
                 {"select_list", std::move(items)},
                 {"from_table", std::move(from)},
                 {"where_clause", nullptr},
                 {"group_expressions", Json::array()},
                 {"group_sets", Json::array()},
                 {"aggregate_handling", "STANDARD_HANDLING"},
                 {"having", nullptr},
                 {"sample", nullptr},
                 {"qualify", nullptr}};
    if (!conditions.empty()) {
        node["where_clause"] = make_conjunction("CONJUNCTION_AND", std::move(conditions));
    }
    return node;
}

Json make_distinct(Json select) {
    select["modifiers"].push_back(
        {{"type", "DISTINCT_MODIFIER"}, {"distinct_on_targets", Json::array()}});
    return select;
}

Json named(Json expression, const std::string& name) {
    expression["alias"] = name;
    return expression;
}

std::string statement_text(const Json& node) {
    const Json statement = {{"node", node}};
    return Json{{"error", false}, {"statements", Json::array({statement})}}.dump();
}

std::vector<Json> conjuncts(const Json& condition) {
    if (condition.is_null()) {
        return {};
    }
    if (!is_type(condition, "CONJUNCTION_AND")) {
        return {condition};
    }
    std::vector<Json> result;
    for (const Json& child : condition["children"]) {
        for (Json& part : conjuncts(child)) {
            result.push_back(std::move(part));
        }
    }
    return result;
}

namespace {

bool has_no_weight(const std::string& property, const Json& value, bool top) {
    return property == "query_location" || value.is_null() || value == Json("") ||
           value == Json(false) || (value.is_array() && value.empty()) ||
           (top && property == "alias");
}

Json without_places(const Json& node, bool top) {
    if (node.is_array()) {
        Json result = Json::array();
        for (const Json& child : node) {
            result.push_back(without_places(child, false));
        }
        return result;
    }
    if (!node.is_object()) {
        return node;
    }
    Json result = Json::object();
    for (const auto& [property, value] : node.items()) {
        if (!has_no_weight(property, value, top)) {
            result[property] = without_places(value, false);
        }
    }
    return result;
}

bool visit_all(const Json& node, const std::function<bool(const Json&)>& visit, bool queries) {
    if (node.is_object()) {
        if (node.contains("type") && visit(node)) {
            return true;
        }
        for (const auto& [property, value] : node.items()) {
            if ((queries || property != "subquery") && visit_all(value, visit, queries)) {
                return true;
            }
        }
    } else if (node.is_array()) {
        for (const Json& child : node) {
            if (visit_all(child, visit, queries)) {
                return true;
            }
        }
    }
    return false;
}

} // namespace

bool same_expression(const Json& left, const Json& right) {
    return without_places(left, true) == without_places(right, true);
}

bool any_of(const Json& node, const std::function<bool(const Json&)>& visit) {
    return visit_all(node, visit, true);
}

bool any_of_own(const Json& node, const std::function<bool(const Json&)>& visit) {
    return visit_all(node, visit, false);
}

bool has_source(const Json& node, std::string_view alias) {
    return any_of(node, [&](const Json& part) {
        return (is_type(part, "BASE_TABLE") ||
                (is_type(part, "SUBQUERY") && !part.contains("class"))) &&
               text_of(part, "alias") == alias;
    });
}

bool names_source(const Json& node, std::string_view alias) {
    return any_of(node, [&](const Json& part) {
        return is_class(part, "COLUMN_REF") && part["column_names"][0] == alias;
    });
}

bool has_subquery(const Json& expression) {
    return any_of_own(expression, [](const Json& part) { return is_class(part, "SUBQUERY"); });
}

std::string_view comparison_text(std::string_view type) {
    static constexpr std::array kTexts =
        std::to_array<std::pair<std::string_view, std::string_view>>(
            {{"COMPARE_EQUAL", "="},
             {"COMPARE_NOTEQUAL", "<>"},
             {"COMPARE_LESSTHAN", "<"},
             {"COMPARE_GREATERTHAN", ">"},
             {"COMPARE_LESSTHANOREQUALTO", "<="},
             {"COMPARE_GREATERTHANOREQUALTO", ">="},
             {"COMPARE_DISTINCT_FROM", "IS DISTINCT FROM"},
             {"COMPARE_NOT_DISTINCT_FROM", "IS NOT DISTINCT FROM"}});
    const auto* const found = std::find_if(kTexts.begin(), kTexts.end(),
                                           [&](const auto& entry) { return entry.first == type; });
    return found == kTexts.end() ? std::string_view{} : found->second;
}

} // namespace cdc::views
