// Names in a FULL view that mean something else to the engine than to PostgreSQL.
#include "views/names.hpp"
#include "views/trace.hpp"
#include "views/whole.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace cdc::views {

namespace {

const Json& part_of(const Json& node, const char* property) {
    static const Json kNone;
    return node.contains(property) ? node[property] : kNone;
}

bool has_items(const Json& node, const char* property) {
    return !part_of(node, property).empty();
}

/// Columns of USING stand first in `*` in PostgreSQL, and where the left table has them in the
/// engine.
bool has_star_of_using(const Json& select) {
    const Json& items = select["select_list"];
    return std::any_of(items.begin(), items.end(),
                       [](const Json& item) {
                           return is_class(item, "STAR") && text_of(item, "relation_name").empty();
                       }) &&
           any_of_own(select["from_table"], [](const Json& part) {
               return has_items(part, "using_columns") || text_of(part, "ref_type") == "NATURAL";
           });
}

bool takes_by_place(const Json& select) {
    return any_of_own(select["modifiers"],
                      [](const Json& part) {
                          return is_class(part_of(part, "expression"), "CONSTANT");
                      }) ||
           std::any_of(select["group_expressions"].begin(), select["group_expressions"].end(),
                       [](const Json& group) { return is_class(group, "CONSTANT"); });
}

/// What stands between a query and those whose columns it passes on.
constexpr std::array kPassing =
    std::to_array<std::string_view>({"from_table", "left", "node", "right", "subquery"});

/// `by_place`: what stands around it takes its columns by their places.
bool depends_on_places(const Json& node, bool by_place) {
    if (!node.is_structured()) {
        return false;
    }
    if (node.is_object() && is_type(node, "SELECT_NODE") && has_star_of_using(node) &&
        (by_place || takes_by_place(node))) {
        return true;
    }
    for (const auto& [name, child] : node.items()) {
        const bool branch =
            is_type(node, "SET_OPERATION_NODE") && (name == "left" || name == "right");
        const bool named = (name == "subquery" && has_items(node, "column_name_alias")) ||
                           (name == "query" && has_items(node, "aliases")) ||
                           (by_place && is_one_of(name, kPassing));
        if (depends_on_places(child, branch || named)) {
            return true;
        }
    }
    return false;
}

/// All of its FROM are tables without a column of that name.
bool is_no_column(const std::string& name, const Json& from,
                  const std::vector<Relation>& relations) {
    if (is_type(from, "JOIN")) {
        return is_no_column(name, from["left"], relations) &&
               is_no_column(name, from["right"], relations);
    }
    const Relation* relation =
        is_type(from, "BASE_TABLE") ? find_relation(relations, from) : nullptr;
    return relation != nullptr &&
           std::none_of(relation->columns.begin(), relation->columns.end(),
                        [&](const Column& column) { return same_name(column.name, name); });
}

/// A SELECT names what its select list calls so, and a SELECT around it may have as a column.
bool names_own_alias(const Json& select, const std::vector<Relation>& relations) {
    const auto is_alias = [&](const Json& part) {
        if (!is_class(part, "COLUMN_REF") || part["column_names"].size() != 1) {
            return false;
        }
        const auto name = part["column_names"][0].get<std::string>();
        return std::any_of(
                   select["select_list"].begin(), select["select_list"].end(),
                   [&](const Json& item) { return same_name(text_of(item, "alias"), name); }) &&
               is_no_column(name, select["from_table"], relations);
    };
    static constexpr std::array kParts =
        std::to_array<const char*>({"where_clause", "having", "qualify", "select_list"});
    return std::any_of(kParts.begin(), kParts.end(),
                       [&](const char* part) { return any_of_own(select[part], is_alias); });
}

} // namespace

std::optional<Problem> misread_names(const Json& query, const std::vector<Relation>& relations) {
    if (depends_on_places(query, false)) {
        return Problem{"columns of USING or NATURAL in * that are taken by their places",
                       "list the columns", kNoPosition};
    }
    std::optional<Problem> found;
    any_of(query, [&](const Json& part) {
        if (is_class(part, "SUBQUERY")) {
            const Json& select = first_select(part["subquery"]["node"]);
            if (is_type(select, "SELECT_NODE") && names_own_alias(select, relations)) {
                found = Problem{"a subquery that names its own alias", "write table.column",
                                position_of(part)};
            }
        }
        return found.has_value();
    });
    return found;
}

} // namespace cdc::views
