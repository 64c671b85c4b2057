#include "views/binder.hpp"

#include "views/constructs.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <utility>

namespace cdc::views {

namespace {

/// The CTE of that name as a query with what it sees; null when there is none.
struct FoundCte {
    const Json* entry = nullptr;
    CteScope sees;
};

FoundCte find_cte(const CteScope* scope, std::string_view name) {
    for (; scope != nullptr; scope = scope->outer) {
        for (std::size_t i = scope->visible; i-- > 0;) {
            const Json& entry = (*scope->map)[i];
            if (same_name(text_of(entry, "key"), name)) {
                return {&entry, CteScope{scope->outer, scope->map, i}};
            }
        }
    }
    return {};
}

std::vector<std::string> output_names(const Json& query, const Json& given) {
    std::vector<std::string> names;
    for (const Json& item : first_select(query)["select_list"]) {
        names.emplace_back(text_of(item, "alias"));
    }
    for (std::size_t i = 0; i < given.size() && i < names.size(); ++i) {
        names[i] = given[i].get<std::string>();
    }
    return names;
}

void rename_items(Json& query, const std::vector<std::string>& names) {
    if (is_type(query, "SET_OPERATION_NODE")) {
        rename_items(query["left"], names);
        rename_items(query["right"], names);
        return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        query["select_list"][i]["alias"] = names[i];
    }
}

std::string name_of(const Json& node, std::string_view otherwise) {
    const std::string_view alias = text_of(node, "alias");
    return std::string{alias.empty() ? otherwise : alias};
}

} // namespace

Binder::From Binder::bind_from(const Json& node, const QueryPlace& place) {
    check_from(node);
    if (is_type(node, "BASE_TABLE")) {
        return bind_table(node, place);
    }
    if (is_type(node, "SUBQUERY")) {
        return bind_nested(node, node["subquery"]["node"], name_of(node, "nested"),
                           node.value("column_name_alias", Json::array()), place);
    }
    if (is_type(node, "JOIN")) {
        return bind_join(node, place);
    }
    return {node, {}, {}};
}

Binder::From Binder::bind_table(const Json& node, const QueryPlace& place) {
    const std::string name{text_of(node, "table_name")};
    const std::string schema{text_of(node, "schema_name")};
    if (schema.empty()) {
        const FoundCte cte = find_cte(place.ctes, name);
        const bool is_table =
            cte.entry != nullptr && text_of(*cte.entry, "key") != name &&
            std::any_of(m_relations.begin(), m_relations.end(), [&](const Relation& relation) {
                return is_name_of(name, relation.name, true);
            });
        if (cte.entry != nullptr && !is_table) {
            const Json& value = (*cte.entry)["value"];
            QueryPlace inside{nullptr, &cte.sees, false};
            Json names = node.value("column_name_alias", Json::array());
            if (names.empty()) {
                names = value.value("aliases", Json::array());
            }
            return bind_nested(node, value["query"]["node"], name_of(node, name), names, inside);
        }
    }
    const Relation* relation = find_relation(m_relations, node);
    if (relation == nullptr) {
        throw_no_relation(node);
    }
    if (!node.value("column_name_alias", Json::array()).empty()) {
        throw Problem{"new names for a table's columns in FROM", "name them in the select list",
                      position_of(node)};
    }
    if (std::find(m_reads.begin(), m_reads.end(), relation->stored) == m_reads.end()) {
        m_reads.push_back(relation->stored);
    }
    From from;
    const std::string alias = unique_alias(name_of(node, name));
    from.node = make_table(relation->stored, alias);
    from.node["query_location"] = node.value("query_location", Json(kNoPosition));
    ScopeItem item{name_of(node, name), schema, alias, {}};
    Source source{relation->stored, {}, false};
    for (const Column& column : relation->columns) {
        item.columns.push_back(column.name);
        source.traceable[column.name] = true;
        from.columns.push_back({column.name, make_column(alias, column.name)});
    }
    m_sources[alias] = std::move(source);
    from.items.push_back(std::move(item));
    return from;
}

/// A SELECT in FROM, also a CTE, which is copied to where it is named.
Binder::From Binder::bind_nested(const Json& node, const Json& query, const std::string& name,
                                 const Json& column_names, const QueryPlace& place) {
    QueryPlace inside = place;
    inside.limit_allowed = false;
    Json bound = bind_query(query, inside);
    const std::vector<std::string> names = output_names(bound, column_names);
    rename_items(bound, names);
    const std::string alias = unique_alias(name);
    From from;
    ScopeItem item{name, "", alias, names};
    Source source;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool again = std::any_of(names.begin(), names.begin() + static_cast<long>(i),
                                       [&](const auto& each) { return same_name(each, names[i]); });
        source.traceable[names[i]] = is_traceable(bound, i, m_sources);
        if (again) {
            throw Problem{fmt::format("two columns {} of {}", base::in_quotes(names[i]),
                                      base::in_quotes(name)),
                          "give each a name of its own", position_of(node)};
        }
        from.columns.push_back({names[i], make_column(alias, names[i])});
    }
    m_sources[alias] = std::move(source);
    from.node = {{"type", "SUBQUERY"},
                 {"alias", alias},
                 {"subquery", {{"node", std::move(bound)}}},
                 {"query_location", node.value("query_location", Json(kNoPosition))}};
    from.items.push_back(std::move(item));
    return from;
}

void Binder::set_null_supplied(const From& side) {
    for (const ScopeItem& item : side.items) {
        m_sources[item.alias].null_supplied = true;
    }
}

Binder::From Binder::bind_join(const Json& node, const QueryPlace& place) {
    check_join(node);
    From left = bind_from(node["left"], place);
    From right = bind_from(node["right"], place);
    std::string type{text_of(node, "join_type")};
    type = type == "OUTER" ? "FULL" : type;
    From joined;
    joined.items = left.items;
    joined.items.insert(joined.items.end(), right.items.begin(), right.items.end());
    joined.columns = left.columns;
    joined.columns.insert(joined.columns.end(), right.columns.begin(), right.columns.end());
    Json condition = bind_join_condition(node, joined, left, right, place);
    if (!condition.is_null() && !names_traceable_only(condition, m_sources, true)) {
        throw Problem{"ON over a value that is computed from several rows",
                      "make the inner SELECT a view of its own", position_of(node)};
    }
    if (type == "LEFT" || type == "FULL") {
        set_null_supplied(right);
    }
    if (type == "RIGHT" || type == "FULL") {
        set_null_supplied(left);
    }
    const bool swapped = type == "RIGHT";
    joined.node = node;
    joined.node["left"] = std::move(swapped ? right.node : left.node);
    joined.node["right"] = std::move(swapped ? left.node : right.node);
    joined.node["condition"] = std::move(condition);
    joined.node["join_type"] = swapped ? "LEFT" : type;
    joined.node["using_columns"] = Json::array();
    return joined;
}

/// ON, or what USING means; USING makes one column of two in `joined`.
Json Binder::bind_join_condition(const Json& node, From& joined, const From& left,
                                 const From& right, const QueryPlace& place) {
    if (!is_null(node, "condition")) {
        const Scope scope{place.outer, joined.items, joined.columns, {}};
        return bind_expression(node["condition"], scope, place);
    }
    const std::string_view type = text_of(node, "join_type");
    std::vector<Json> equalities;
    std::vector<ScopeColumn> first; // of `*`
    auto& columns = joined.columns;
    for (const Json& name : node.value("using_columns", Json::array())) {
        Json reference = make_column("", "");
        reference["column_names"] = Json::array({name});
        Json ours = resolve(reference, Scope{nullptr, {}, left.columns, {}});
        Json theirs = resolve(reference, Scope{nullptr, {}, right.columns, {}});
        equalities.push_back(make_compare("COMPARE_EQUAL", ours, theirs));
        Json merged = type == "RIGHT" ? theirs
                      : type == "FULL" || type == "OUTER"
                          ? make_operator("OPERATOR_COALESCE", {ours, theirs})
                          : ours;
        const auto has_name = [&](const ScopeColumn& column) {
            return same_name(column.name, name.get_ref<const std::string&>());
        };
        const auto ours_in_all = std::find_if(columns.begin(), columns.end(), has_name);
        first.push_back({ours_in_all->name, std::move(merged)});
        columns.erase(std::remove_if(ours_in_all, columns.end(), has_name), columns.end());
    }
    columns.insert(columns.begin(), first.begin(), first.end());
    return equalities.empty() ? Json{} : make_conjunction("CONJUNCTION_AND", std::move(equalities));
}

} // namespace cdc::views
