#include "views/image.hpp"

#include "views/functions.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <utility>

namespace cdc::views {

namespace {

constexpr const char* kOwnView = "make the inner SELECT a view of its own";

bool has_scalar_subquery(const Json& condition) {
    return any_of(condition, [](const Json& part) {
        return is_class(part, "SUBQUERY") && text_of(part, "subquery_type") == "SCALAR";
    });
}

bool has_aggregate_or_window(const Json& condition) {
    return any_of(condition, [](const Json& part) {
        return is_class(part, "WINDOW") || is_aggregate_call(part);
    });
}

bool names_any(const Json& condition, const std::set<std::string>& aliases) {
    return std::any_of(aliases.begin(), aliases.end(),
                       [&](const std::string& alias) { return names_source(condition, alias); });
}

void collect_aliases(const Json& from, std::set<std::string>& aliases) {
    if (is_type(from, "JOIN")) {
        collect_aliases(from["left"], aliases);
        collect_aliases(from["right"], aliases);
    } else if (from.contains("alias")) {
        aliases.insert(from["alias"].get<std::string>());
    }
}

/// It names a table of a SELECT around it.
bool is_correlated(const Json& query) {
    return any_of(query, [&](const Json& part) {
        return is_class(part, "COLUMN_REF") &&
               !has_source(query, part["column_names"][0].get_ref<const std::string&>());
    });
}

template<typename T>
void append(std::vector<T>& to, std::vector<T>&& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

} // namespace

Imager::Imager(const Sources& sources, std::string occurrence, std::string changed, bool any_row)
    : m_sources{sources},
      m_occurrence{std::move(occurrence)}, m_changed{std::move(changed)}, m_any_row{any_row} {}

Image Imager::of_query(const Json& query) const {
    if (is_type(query, "SET_OPERATION_NODE")) { // R8
        return of_query(is_here(query["left"]) ? query["left"] : query["right"]);
    }
    return of_select(query);
}

Image Imager::of_select(const Json& select) const {
    const Json& from = select["from_table"];
    const bool in_from = is_here(from);
    if (in_from) {
        if (const std::optional<FullKey> full = keyed_full_join(select, m_sources)) {
            return of_full_join(select, *full);
        }
    }
    FromImage parts = in_from ? of_from(from) : FromImage{from, {}, {}};
    Image image{select["select_list"].get<std::vector<Json>>(), std::move(parts.node), {}};
    for (Json& condition : conjuncts(select["where_clause"])) {
        if (stays(condition, parts.lost)) {
            image.conditions.push_back(std::move(condition));
        }
    }
    append(image.conditions, std::move(parts.conditions));
    if (!in_from) {
        for (const char* part : {"select_list", "where_clause", "group_expressions", "having",
                                 "qualify", "modifiers"}) {
            add_subqueries(select[part], image.conditions);
        }
    }
    return image;
}

/// R3, R5, R7: a condition over one row stays, unless it has the occurrence or names what left
/// FROM.
bool Imager::stays(const Json& condition, const std::set<std::string>& lost) const {
    return !is_here(condition) && !has_scalar_subquery(condition) &&
           !has_aggregate_or_window(condition) && !names_any(condition, lost) &&
           names_traceable_only(condition, m_sources, true);
}

/// R6: the key of either side's changed rows, whatever the other side has.
Image Imager::of_full_join(const Json& select, const FullKey& key) const {
    const Json& from = select["from_table"];
    const bool left = is_here(from["left"]);
    FromImage side = of_from(from[left ? "left" : "right"]);
    Image image{select["select_list"].get<std::vector<Json>>(), std::move(side.node),
                std::move(side.conditions)};
    for (Json& item : image.items) {
        if (is_full_key(item, key)) {
            item = left ? key.left : key.right;
        }
    }
    return image;
}

Imager::FromImage Imager::of_from(const Json& node) const {
    if (is_type(node, "BASE_TABLE")) {
        return {make_table(m_changed, m_occurrence), {}, {}};
    }
    return is_type(node, "SUBQUERY") ? of_nested(node) : of_join(node);
}

/// R9: what is computed is left out of the select list.
Imager::FromImage Imager::of_nested(const Json& node) const {
    const Json& query = node["subquery"]["node"];
    check_grouped(query);
    Image image = of_query(query);
    const Json& names = first_select(query)["select_list"];
    const Source& source = m_sources.at(node["alias"].get<std::string>());
    std::vector<Json> items;
    for (std::size_t i = 0; i < image.items.size(); ++i) {
        const auto name = names[i]["alias"].get<std::string>();
        if (source.traceable.at(name)) {
            items.push_back(named(std::move(image.items[i]), name));
        }
    }
    if (items.empty()) {
        items.push_back(make_constant(1));
    }
    Json changed = node;
    changed["subquery"]["node"] =
        make_select(std::move(items), std::move(image.from), std::move(image.conditions));
    return {std::move(changed), {}, {}};
}

/// An aggregate over everything: each change touches each row of the SELECT around it.
void Imager::check_grouped(const Json& query) const {
    if (m_any_row || !is_type(query, "SELECT_NODE") || !query["group_expressions"].empty()) {
        return;
    }
    const bool aggregated =
        any_of_own(query["select_list"], [](const Json& part) { return is_aggregate_call(part); });
    if (aggregated && is_here(query)) {
        throw Problem{
            "an aggregate without GROUP BY in a nested SELECT: a change touches every key",
            "let the view say FULL", position_of(query["select_list"][0])};
    }
}

Imager::FromImage Imager::of_join(const Json& node) const {
    const std::string_view type = text_of(node, "join_type");
    if (type == "FULL") {
        throw Problem{
            "FULL JOIN other than of two tables by one equality whose coalesce is the key",
            "make the FULL JOIN a view of its own with KEY coalesce(l.k, r.k), or say FULL",
            position_of(node)};
    }
    return type == "LEFT" && is_here(node["right"]) ? of_null_supplied(node) : of_preserved(node);
}

/// R4: the join stays. If what it hangs on has left FROM, an outer join goes too.
Imager::FromImage Imager::of_preserved(const Json& node) const {
    const bool left = is_here(node["left"]);
    FromImage side = of_from(node[left ? "left" : "right"]);
    const Json& condition = node["condition"];
    if (!condition.is_null() && names_any(condition, side.lost)) {
        if (text_of(node, "join_type") != "LEFT") {
            throw Problem{"a JOIN whose ON names the null-supplied side of an outer join",
                          std::string{"write an inner join for both, or "} + kOwnView,
                          position_of(node)};
        }
        collect_aliases(node["right"], side.lost);
        return side;
    }
    Json joined = node;
    joined[left ? "left" : "right"] = std::move(side.node);
    side.node = std::move(joined);
    return side;
}

/// R5: a semi join of the preserved side.
Imager::FromImage Imager::of_null_supplied(const Json& node) const {
    FromImage inner = of_from(node["right"]);
    const Json& condition = node["condition"];
    if (!condition.is_null() && names_any(condition, inner.lost)) {
        throw Problem{"an outer join whose ON names the null-supplied side of another", kOwnView,
                      position_of(node)};
    }
    std::vector<Json> conditions = conjuncts(condition);
    append(conditions, std::move(inner.conditions));
    FromImage image{node["left"], {}, {}};
    image.conditions.push_back(
        make_exists(make_select({make_constant(1)}, std::move(inner.node), std::move(conditions))));
    collect_aliases(node["right"], image.lost);
    return image;
}

/// R7 for each outermost subquery in a part of a SELECT.
void Imager::add_subqueries(const Json& part, std::vector<Json>& conditions) const {
    any_of_own(part, [&](const Json& expression) {
        if (is_class(expression, "SUBQUERY") && is_here(expression["subquery"])) {
            conditions.push_back(exists_of(expression));
        }
        return false;
    });
}

Json Imager::exists_of(const Json& subquery) const {
    Image image = of_query(subquery["subquery"]["node"]);
    add_comparison(subquery, image, image.conditions);
    Json select =
        make_select({make_constant(1)}, std::move(image.from), std::move(image.conditions));
    if (!m_any_row && !is_correlated(select)) {
        throw Problem{"a subquery that does not depend on the row: a change touches every key",
                      "let the view say FULL, or compare with a column in the subquery",
                      position_of(subquery)};
    }
    return make_exists(std::move(select));
}

/// IN and other comparisons with a subquery: a row is touched if it compares, or if a NULL on
/// either side makes the comparison unknown.
void Imager::add_comparison(const Json& subquery, const Image& image,
                            std::vector<Json>& conditions) const {
    if (is_null(subquery, "child")) {
        return;
    }
    const Json& outer = subquery["child"];
    const Json& inner = image.items.at(0);
    if (!is_traceable(subquery["subquery"]["node"], 0, m_sources) || !stays(outer, {})) {
        return;
    }
    const std::string comparison{text_of(subquery, "comparison_type")};
    conditions.push_back(
        make_conjunction("CONJUNCTION_OR", {make_compare(comparison.c_str(), outer, inner),
                                            make_operator("OPERATOR_IS_NULL", {outer}),
                                            make_operator("OPERATOR_IS_NULL", {inner})}));
}

} // namespace cdc::views
