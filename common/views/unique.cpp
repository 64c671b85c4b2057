#include "views/unique.hpp"

#include "base/error.hpp"
#include "views/fixed.hpp"
#include "views/functions.hpp"
#include "views/number_types.hpp"
#include "views/trace.hpp"
#include "views/view_refusal.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace cdc::views {

namespace {

using Places = std::vector<std::size_t>;

bool is_equality(const Json& condition) {
    return is_type(condition, "COMPARE_EQUAL") || is_type(condition, "COMPARE_NOT_DISTINCT_FROM");
}

bool is_row_number(const Json& expression) {
    return is_class(expression, "WINDOW") && is_type(expression, "WINDOW_ROW_NUMBER");
}

/// FROM items that are no joins, without those of nested SELECTs.
std::vector<const Json*> leaves(const Json& from) {
    if (!is_type(from, "JOIN")) {
        return {&from};
    }
    std::vector<const Json*> all = leaves(from["left"]);
    for (const Json* leaf : leaves(from["right"])) {
        all.push_back(leaf);
    }
    return all;
}

std::string alias_of(const Json& leaf) {
    return std::string{text_of(leaf, "alias")};
}

class Prover {
public:
    Prover(const BoundView& view, const std::vector<Relation>& relations) : m_view{view} {
        for (const Relation& relation : relations) {
            m_relations[relation.stored] = &relation;
        }
    }

    /// No two rows have the same values in these columns.
    bool unique(const Json& query, const Places& places) {
        return is_type(query, "SET_OPERATION_NODE") ? unique_of_set(query, places)
                                                    : unique_of_select(query, places);
    }

    /// Why not, for people: what is in the way, and what in KEY would do.
    Problem missing(const Json& query, const Places& places) {
        if (is_type(query, "SET_OPERATION_NODE")) {
            return missing_of_set(query);
        }
        const Fixed fixed = fixed_by(query, places);
        for (const Json& group : query["group_expressions"]) {
            if (!fixed.holds(group)) {
                return {fmt::format("{} has groups of one KEY", name_of(group)),
                        fmt::format("or have {} in KEY", name_of(group)), position_of(group)};
            }
        }
        for (const Json* leaf : leaves(query["from_table"])) {
            if (!has_row(*leaf, fixed)) {
                return missing_row(*leaf);
            }
        }
        return {"its SELECT has rows of one KEY", "", kNoPosition};
    }

private:
    static std::size_t count_of(const Json& query) { return column_count(query); }

    bool unique_of_set(const Json& query, const Places& places) {
        const std::string_view kind = text_of(query, "setop_type");
        const Json& left = query["left"];
        const Json& right = query["right"];
        if (!query.value("setop_all", false) &&
            std::set<std::size_t>(places.begin(), places.end()).size() == count_of(query)) {
            return true;
        }
        if (kind == "EXCEPT") {
            return unique(left, places);
        }
        if (kind == "INTERSECT") {
            return unique(left, places) || unique(right, places);
        }
        return tells_branches(query, places) && unique(left, places) && unique(right, places);
    }

    /// Whether a column is a constant in each branch of a UNION, and another one in each.
    bool tells_branches(const Json& query, const Places& places) const {
        return std::any_of(places.begin(), places.end(), [&](std::size_t place) {
            const auto left = constants(query["left"], place);
            const auto right = constants(query["right"], place);
            return left && right && std::none_of(left->begin(), left->end(), [&](const Json& one) {
                       return std::any_of(right->begin(), right->end(), [&](const Json& other) {
                           return one["type"] != other["type"] || one == other;
                       });
                   });
        });
    }

    /// The values of a column that is a constant in each SELECT.
    static std::optional<std::vector<Json>> constants(const Json& query, std::size_t place) {
        if (!is_type(query, "SET_OPERATION_NODE")) {
            const Json& item = query["select_list"][place];
            return is_class(item, "CONSTANT") ? std::optional{std::vector{item["value"]}}
                                              : std::nullopt;
        }
        auto left = constants(query["left"], place);
        const auto right = constants(query["right"], place);
        if (!left || !right) {
            return std::nullopt;
        }
        left->insert(left->end(), right->begin(), right->end());
        return left;
    }

    bool unique_of_select(const Json& select, const Places& places) {
        const Json& items = select["select_list"];
        const Fixed fixed = fixed_by(select, places);
        const auto all_hold = [&](const Json& list) {
            return std::all_of(list.begin(), list.end(),
                               [&](const Json& one) { return fixed.holds(one); });
        };
        for (const Json& modifier : select["modifiers"]) {
            if (is_type(modifier, "DISTINCT_MODIFIER")) {
                const Json& on = modifier.value("distinct_on_targets", Json::array());
                if (all_hold(on.empty() ? items : on)) {
                    return true;
                }
            }
        }
        if (std::any_of(fixed.given().begin(), fixed.given().end(), [&](const Json& one) {
                return is_row_number(one) && all_hold(one["partitions"]);
            })) {
            return true;
        }
        if (!select["group_expressions"].empty()) {
            return all_hold(select["group_expressions"]);
        }
        const auto aggregates = [](const Json& part) {
            return is_aggregate_call(part);
        };
        if (any_of_own(items, aggregates) || any_of_own(select["having"], aggregates)) {
            return true;
        }
        return all_rows(select["from_table"], fixed);
    }

    Fixed fixed_by(const Json& select, const Places& places) {
        Fixed fixed;
        note_nested(select["from_table"]);
        for (const std::size_t place : places) {
            const Json& item = select["select_list"][place];
            fixed.add(item);
            if (keeps_apart(item)) {
                fixed.add(item["child"]);
            }
        }
        const std::vector<Json> where = conjuncts(select["where_clause"]);
        const std::vector<Json> qualify = conjuncts(select["qualify"]);
        while (add_conditions(where, fixed) || add_conditions(qualify, fixed) ||
               add_rows(select["from_table"], fixed)) {
        }
        return fixed;
    }

    /// A cast that has another result for each value.
    bool keeps_apart(const Json& item) {
        if (!is_class(item, "CAST")) {
            return false;
        }
        const std::string_view to = text_of(item["cast_type"], "id");
        return is_integer(type_of(item["child"])) && (is_integer(to) || to == "VARCHAR");
    }

    bool add_conditions(const std::vector<Json>& conditions, Fixed& fixed) {
        bool added = false;
        for (const Json& condition : conditions) {
            if (is_equality(condition)) {
                added = follow(condition["left"], condition["right"], fixed) || added;
                added = follow(condition["right"], condition["left"], fixed) || added;
            } else if (is_type(condition, "OPERATOR_IS_NULL")) {
                added = fixed.add(condition["children"][0]) || added;
            }
        }
        return added;
    }

    bool follow(const Json& from, const Json& to, Fixed& fixed) {
        return fixed.holds(from) && is_compared_as_it_is(to, from) && fixed.add(to);
    }

    /// Whether different values of it differ when they are compared with the other: the engine
    /// casts both to one type, and '01' is 1 then, as 2.4 is 2 beside a wide decimal.
    bool is_compared_as_it_is(const Json& expression, const Json& other) {
        if (is_class(other, "CONSTANT") && text_of(other["value"]["type"], "id") == "VARCHAR") {
            return true; // the constant takes the other's type
        }
        if (is_row_number(expression)) {
            return is_integer(type_of(other));
        }
        const std::string type = type_of(expression);
        const std::string beside = type_of(other);
        return !type.empty() && (type == beside || (is_integer(type) && is_integer(beside)));
    }

    /// "" where it is not known.
    std::string type_of(const Json& expression) {
        if (is_class(expression, "CONSTANT")) {
            const std::string type{text_of(expression["value"]["type"], "id")};
            return type == "DECIMAL" ? "" : type;
        }
        if (!is_class(expression, "COLUMN_REF")) {
            return "";
        }
        const auto source = m_view.sources.find(expression["column_names"][0].get<std::string>());
        if (source == m_view.sources.end()) {
            return "";
        }
        const std::string column = expression["column_names"][1].get<std::string>();
        if (const Relation* relation = relation_of(source->second.relation)) {
            const auto found =
                std::find_if(relation->columns.begin(), relation->columns.end(),
                             [&](const Column& each) { return each.name == column; });
            return found == relation->columns.end() ? "" : found->type;
        }
        const auto nested = m_nested.find(source->first);
        return nested == m_nested.end() ? "" : type_of_column(*nested->second, column);
    }

    std::string type_of_column(const Json& query, const std::string& column) {
        const Json& items = first_select(query)["select_list"];
        const auto item = std::find_if(items.begin(), items.end(), [&](const Json& each) {
            return text_of(each, "alias") == column;
        });
        return item == items.end() ? ""
                                   : type_at(query, static_cast<std::size_t>(item - items.begin()));
    }

    std::string type_at(const Json& query, std::size_t place) {
        if (is_type(query, "SET_OPERATION_NODE")) {
            std::string left = type_at(query["left"], place);
            return left == type_at(query["right"], place) ? left : "";
        }
        note_nested(query["from_table"]);
        const Json& item = query["select_list"][place];
        const std::string_view function = text_of(item, "function_name");
        if (is_aggregate_call(item) && (function == "min" || function == "max")) {
            return type_of(item["children"][0]);
        }
        return is_row_number(item) ? "BIGINT" : type_of(item);
    }

    const Relation* relation_of(const std::string& stored) const {
        const auto found = m_relations.find(stored);
        return found == m_relations.end() ? nullptr : found->second;
    }

    /// Of rows of `from` that are no NULLs of an outer join.
    bool add_rows(const Json& from, Fixed& fixed) {
        note_nested(from);
        if (!is_type(from, "JOIN")) {
            return !has_row(from, fixed) && is_row_fixed(from, fixed) &&
                   fixed.add_row(alias_of(from));
        }
        const std::string_view type = text_of(from, "join_type");
        if (type == "FULL") {
            return add_full_join(from, fixed);
        }
        bool added = add_rows(from["left"], fixed);
        if (type == "LEFT") {
            return add_null_supplied(from, fixed) || added;
        }
        added = add_rows(from["right"], fixed) || added;
        return add_conditions(conjuncts(from["condition"]), fixed) || added;
    }

    /// For one row of the left side ON leaves one of the right side, or none. A table's row is also
    /// fixed by its own key, which has no NULL but where all columns are NULLs of the join.
    bool add_null_supplied(const Json& from, Fixed& fixed) {
        const Json& right = from["right"];
        if (all_rows(right, fixed)) {
            return false;
        }
        if (all_rows(from["left"], fixed)) {
            Fixed one = fixed;
            const std::vector<Json> on = conjuncts(from["condition"]);
            while (add_conditions(on, one) || add_rows(right, one)) {
            }
            return all_rows(right, one) && add_all(right, fixed);
        }
        return is_type(right, "BASE_TABLE") && !has_null_key(right) && is_row_fixed(right, fixed) &&
               add_all(right, fixed);
    }

    bool add_full_join(const Json& from, Fixed& fixed) {
        const std::optional<FullKey> key = keyed_full_join({{"from_table", from}}, m_view.sources);
        const Json& left = from["left"];
        const Json& right = from["right"];
        if (all_rows(from, fixed) || !key ||
            std::none_of(fixed.given().begin(), fixed.given().end(),
                         [&](const Json& one) { return is_full_key(one, *key); }) ||
            !is_compared_as_it_is(key->left, key->right) ||
            !is_compared_as_it_is(key->right, key->left) ||
            (has_null_key(left) && has_null_key(right))) {
            return false;
        }
        Fixed of_left;
        Fixed of_right;
        of_left.add(key->left);
        of_right.add(key->right);
        add_rows(left, of_left);
        add_rows(right, of_right);
        return all_rows(left, of_left) && all_rows(right, of_right) && add_all(from, fixed);
    }

    bool has_null_key(const Json& leaf) const {
        const Relation* relation = relation_of(std::string{text_of(leaf, "table_name")});
        return relation == nullptr || relation->key_has_nulls;
    }

    bool is_row_fixed(const Json& leaf, const Fixed& fixed) {
        const std::string alias = alias_of(leaf);
        if (is_type(leaf, "BASE_TABLE")) {
            const Relation* relation = relation_of(std::string{text_of(leaf, "table_name")});
            return relation != nullptr &&
                   (relation->one_row ||
                    (!relation->key.empty() &&
                     std::all_of(relation->key.begin(), relation->key.end(),
                                 [&](const std::string& column) {
                                     return fixed.holds(make_column(alias, column));
                                 })));
        }
        if (is_type(leaf, "EXPRESSION_LIST")) {
            return leaf["values"].size() == 1;
        }
        if (!is_type(leaf, "SUBQUERY")) {
            return true; // there is no FROM
        }
        const Json& query = leaf["subquery"]["node"];
        const Json& items = first_select(query)["select_list"];
        Places places;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (fixed.holds(make_column(alias, std::string{text_of(items[i], "alias")}))) {
                places.push_back(i);
            }
        }
        return unique(query, places);
    }

    static bool has_row(const Json& leaf, const Fixed& fixed) {
        return is_type(leaf, "EMPTY") || fixed.has_row(alias_of(leaf));
    }

    static bool all_rows(const Json& from, const Fixed& fixed) {
        const std::vector<const Json*> all = leaves(from);
        return std::all_of(all.begin(), all.end(),
                           [&](const Json* leaf) { return has_row(*leaf, fixed); });
    }

    static bool add_all(const Json& from, Fixed& fixed) {
        for (const Json* leaf : leaves(from)) {
            fixed.add_row(alias_of(*leaf));
        }
        return true;
    }

    void note_nested(const Json& from) {
        for (const Json* leaf : leaves(from)) {
            if (is_type(*leaf, "SUBQUERY")) {
                m_nested[alias_of(*leaf)] = &(*leaf)["subquery"]["node"];
            }
        }
    }

    static std::string name_of(const Json& expression) {
        return is_class(expression, "COLUMN_REF") ? expression["column_names"][1].get<std::string>()
                                                  : "an expression of GROUP BY";
    }

    static Problem missing_of_set(const Json& query) {
        const std::string_view kind = text_of(query, "setop_type");
        if (kind == "UNION" && query.value("setop_all", false)) {
            return {"a row may stand in both SELECTs of UNION ALL",
                    "or have a column in KEY that is another constant in each SELECT",
                    position_of(query)};
        }
        return {fmt::format("rows of {} differ in all columns together", kind),
                "or have all columns in KEY", position_of(query)};
    }

    Problem missing_row(const Json& leaf) const {
        const std::string alias = alias_of(leaf);
        const Relation* relation = relation_of(std::string{text_of(leaf, "table_name")});
        if (relation == nullptr) {
            return {fmt::format("several rows of {} may have one", alias),
                    fmt::format("or have in KEY what tells rows of {} from each other", alias),
                    position_of(leaf)};
        }
        if (relation->key.empty()) {
            return {fmt::format("{} has no key of its own", alias), "", position_of(leaf)};
        }
        return {
            fmt::format("several rows of {} may have one", alias),
            fmt::format("or have the key of {} in KEY: {}", alias, fmt::join(relation->key, ", ")),
            position_of(leaf)};
    }

    const BoundView& m_view;
    std::map<std::string, const Relation*> m_relations; ///< by stored name
    std::map<std::string, const Json*> m_nested;        ///< by alias
};

Places key_places(const BoundView& view) {
    Places places;
    for (const std::string& name : view.view.key) {
        places.push_back(static_cast<std::size_t>(
            std::find(view.columns.begin(), view.columns.end(), name) - view.columns.begin()));
    }
    return places;
}

} // namespace

bool is_unique(const BoundView& view, const std::vector<Relation>& relations) {
    return view.view.has_key && !view.view.full &&
           Prover{view, relations}.unique(view.node, key_places(view));
}

void check_unique(const BoundView& view, const std::vector<Relation>& relations) {
    if (!view.view.has_key || view.view.full || view.view.checked || is_unique(view, relations)) {
        return;
    }
    const Problem missing = Prover{view, relations}.missing(view.node, key_places(view));
    std::string advice = "write CHECKED behind KEY (…): two rows of one key then stop the tool";
    if (!missing.advice.empty()) {
        advice += "; " + missing.advice;
    }
    refuse_view(view.view,
                {fmt::format("nothing shows that KEY ({}) tells all rows from each other: {}",
                             fmt::join(view.view.key, ", "), missing.construct),
                 advice, missing.position});
}

} // namespace cdc::views
