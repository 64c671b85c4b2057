#include "views/binder.hpp"

#include "views/constructs.hpp"
#include "views/functions.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <utility>

namespace cdc::views {

namespace {

/// `text`: the SELECT as it was written. A column of MySQL that has capitals keeps them where they
/// are written so, without quotes too.
std::string item_name(const Json& item, const Json& bound, std::size_t place,
                      std::string_view text) {
    std::string name{text_of(item, "alias")};
    if (name.empty() && is_class(item, "COLUMN_REF")) {
        const Json& parts = item["column_names"];
        name = parts.back().get<std::string>();
        const std::size_t position = position_of(item);
        if (!is_class(bound, "COLUMN_REF") || position > text.size()) {
            return name;
        }
        std::size_t before = position;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
            before += parts[i].get_ref<const std::string&>().size() + 1;
        }
        const std::string& column = bound["column_names"].back().get_ref<const std::string&>();
        return text.substr(std::min(before, text.size()), name.size()) == column ? column : name;
    }
    return name.empty() ? fmt::format("column {}", place + 1) : name;
}

bool has_aggregate(const Json& item) {
    return any_of_own(item, [](const Json& part) { return is_aggregate_call(part); });
}

} // namespace

Json Binder::bind_query(const Json& node, const QueryPlace& place) {
    check_query(node);
    const Json& map = node["cte_map"].value("map", Json::array());
    std::vector<CteScope> scopes{CteScope{place.ctes, &map, map.size()}};
    QueryPlace inside = place;
    inside.ctes = scopes.data();
    if (node.contains("modifiers")) {
        check_modifiers(node["modifiers"], place.limit_allowed);
    }
    return is_type(node, "SET_OPERATION_NODE") ? bind_set_operation(node, inside)
                                               : bind_select(node, inside);
}

Json Binder::bind_set_operation(const Json& node, const QueryPlace& place) {
    const std::string_view kind = text_of(node, "setop_type");
    if (kind != "UNION" && kind != "EXCEPT" && kind != "INTERSECT") {
        throw Problem{fmt::format("the set operation {}", kind), "list the columns in one order",
                      position_of(node)};
    }
    QueryPlace branch = place;
    branch.limit_allowed = false;
    Json bound = node;
    bound["cte_map"] = {{"map", Json::array()}};
    bound["modifiers"] = Json::array();
    bound["left"] = bind_query(node["left"], branch);
    bound["right"] = bind_query(node["right"], branch);
    if (column_count(bound["left"]) != column_count(bound["right"])) {
        throw Problem{fmt::format("{} of different numbers of columns", kind),
                      "give each SELECT the same columns", position_of(node)};
    }
    return bound;
}

Json Binder::bind_select(const Json& node, const QueryPlace& place) {
    check_groups(node);
    From from = bind_from(node["from_table"], place);
    Scope scope{place.outer, std::move(from.items), std::move(from.columns), {}};
    Json items = Json::array();
    bind_items(node["select_list"], scope, place, items);
    Json bound = make_select(items.get<std::vector<Json>>(), std::move(from.node), {});
    for (const char* property : {"where_clause", "having", "qualify"}) {
        if (!is_null(node, property)) {
            bound[property] = bind_expression(node[property], scope, place);
        }
    }
    bind_groups(node, scope, place, bound);
    bound["modifiers"] = bind_modifiers(node["modifiers"], scope, place, items);
    return bound;
}

void Binder::bind_items(const Json& list, Scope& scope, const QueryPlace& place, Json& items) {
    for (const Json& item : list) {
        if (is_class(item, "STAR")) {
            add_star(item, scope, items);
            continue;
        }
        Json bound = bind_expression(item, scope, place);
        const std::string name = item_name(item, bound, items.size(), m_written);
        scope.aliases.push_back({name, bound});
        items.push_back(named(std::move(bound), name));
    }
}

void Binder::add_star(const Json& star, const Scope& scope, Json& items) {
    for (const char* property : {"exclude_list", "replace_list", "rename", "rename_list",
                                 "qualified_exclude_list", "expr", "columns", "unpacked"}) {
        const Json& value = star.value(property, Json{});
        if (!value.is_null() && value != Json(false) && !value.empty()) {
            throw Problem{"* with EXCLUDE, REPLACE, RENAME or COLUMNS()", "list the columns",
                          position_of(star)};
        }
    }
    const std::string_view relation = text_of(star, "relation_name");
    if (relation.empty()) {
        for (const ScopeColumn& column : scope.columns) {
            items.push_back(named(column.expression, column.name));
        }
        return;
    }
    for (const ScopeItem& item : scope.items) {
        if (same_name(item.name, relation)) {
            for (const std::string& column : item.columns) {
                items.push_back(named(make_column(item.alias, column), column));
            }
            return;
        }
    }
    throw Problem{fmt::format("{}.*", relation), "no table in FROM has this name",
                  position_of(star)};
}

void Binder::bind_groups(const Json& node, const Scope& scope, const QueryPlace& place,
                         Json& bound) {
    const Json& items = bound["select_list"];
    Json groups = Json::array();
    for (const Json& expression : node["group_expressions"]) {
        groups.push_back(bind_listed(expression, scope, place, items, false));
    }
    if (text_of(node, "aggregate_handling") == "FORCE_AGGREGATES") { // GROUP BY ALL
        std::copy_if(items.begin(), items.end(), std::back_inserter(groups),
                     [](const Json& item) { return !has_aggregate(item); });
    }
    if (groups.empty()) {
        return;
    }
    Json set = Json::array();
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i].erase("alias");
        set.push_back(i);
    }
    bound["group_expressions"] = std::move(groups);
    bound["group_sets"] = Json::array({std::move(set)});
}

Json Binder::bind_modifiers(const Json& modifiers, const Scope& scope, const QueryPlace& place,
                            const Json& items) {
    // ORDER BY counts only where it decides which rows there are.
    const bool decides = std::any_of(modifiers.begin(), modifiers.end(), [](const Json& modifier) {
        return is_type(modifier, "LIMIT_MODIFIER") ||
               !modifier.value("distinct_on_targets", Json::array()).empty();
    });
    Json result = Json::array();
    for (const Json& modifier : modifiers) {
        if (is_type(modifier, "ORDER_MODIFIER") && !decides) {
            continue;
        }
        Json bound = modifier;
        if (bound.contains("distinct_on_targets")) {
            for (Json& target : bound["distinct_on_targets"]) {
                target = bind_listed(target, scope, place, items, true);
            }
        }
        if (bound.contains("orders")) {
            for (Json& order : bound["orders"]) {
                order["expression"] = bind_listed(order["expression"], scope, place, items, true);
            }
        }
        result.push_back(std::move(bound));
    }
    return result;
}

Json Binder::bind_listed(const Json& expression, const Scope& scope, const QueryPlace& place,
                         const Json& items, bool alias_first) {
    if (is_class(expression, "CONSTANT") &&
        expression["value"].value("value", Json{}).is_number_unsigned()) {
        const auto number = expression["value"]["value"].get<std::size_t>();
        if (number == 0 || number > items.size()) {
            throw Problem{fmt::format("place {}", number), "the select list has no such place",
                          position_of(expression)};
        }
        Json item = items[number - 1];
        item.erase("alias");
        return item;
    }
    if (is_class(expression, "COLUMN_REF") && (alias_first || !is_own_column(expression, scope))) {
        if (const Json* item = find_alias(expression, scope)) {
            return *item;
        }
    }
    return bind_expression(expression, scope, place);
}

Json Binder::bind_expression(const Json& node, const Scope& scope, const QueryPlace& place) {
    check_expression(node);
    if (is_class(node, "COLUMN_REF")) {
        Json bound = resolve(node, scope);
        bound["query_location"] = node.value("query_location", Json(kNoPosition));
        return bound;
    }
    if (is_class(node, "STAR")) {
        throw Problem{"* in an expression", "list the columns", position_of(node)};
    }
    if (is_class(node, "SUBQUERY")) {
        return bind_subquery(node, scope, place);
    }
    Json bound = bind_children(node, scope, place);
    bound["alias"] = "";
    return bound;
}

/// Expressions at any depth below a node that is none itself.
Json Binder::bind_children(const Json& node, const Scope& scope, const QueryPlace& place) {
    Json bound = node;
    for (Json& child : bound) {
        if (child.is_object() && child.contains("class")) {
            child = bind_expression(child, scope, place);
        } else if (child.is_structured()) {
            child = bind_children(child, scope, place);
        }
    }
    return bound;
}

Json Binder::bind_subquery(const Json& node, const Scope& scope, const QueryPlace& place) {
    Json bound = node;
    bound["alias"] = "";
    if (!is_null(node, "child")) {
        if (is_class(node["child"], "FUNCTION") &&
            text_of(node["child"], "function_name") == "row") {
            throw Problem{"a row compared with a subquery",
                          "its NULLs are not PostgreSQL's: write EXISTS", position_of(node)};
        }
        bound["child"] = bind_expression(node["child"], scope, place);
    }
    bound["subquery"]["node"] =
        bind_query(node["subquery"]["node"], QueryPlace{&scope, place.ctes, true});
    return bound;
}

void Binder::avoid_columns_of_subqueries(const Json& query) {
    const auto avoid = [this](const Json& part) {
        const Relation* relation =
            is_type(part, "BASE_TABLE") ? find_relation(m_relations, part) : nullptr;
        if (relation != nullptr) {
            for (const Column& column : relation->columns) {
                m_alias_uses[folded(column.name)] = 1;
            }
        }
        return false;
    };
    any_of(query, [&avoid](const Json& part) {
        return is_class(part, "SUBQUERY") && any_of(part["subquery"], avoid);
    });
}

std::string Binder::unique_alias(const std::string& wanted) {
    const int uses = ++m_alias_uses[folded(wanted)];
    return uses == 1 ? wanted : unique_alias(fmt::format("{}_{}", wanted, uses));
}

} // namespace cdc::views
