#ifndef CDC_VIEWS_TREE_HPP
#define CDC_VIEWS_TREE_HPP

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::views {

/// DuckDB's syntax tree, as json_serialize_sql() writes it and json_deserialize_sql() reads it:
///
/// ```
/// {"error":false,"statements":[{"node":NODE}]}
/// NODE  SELECT_NODE         modifiers, cte_map, select_list, from_table, where_clause,
///                           group_expressions, group_sets, having, qualify
///       SET_OPERATION_NODE  modifiers, cte_map, setop_type, left, right, setop_all
/// FROM  BASE_TABLE          alias, schema_name, table_name, column_name_alias
///       SUBQUERY            alias, subquery.node, column_name_alias
///       JOIN                left, right, condition, join_type, ref_type, using_columns
///       EMPTY, EXPRESSION_LIST
/// EXPR  class, type, alias, query_location, and by class: COLUMN_REF column_names; FUNCTION
///       function_name, children, distinct, filter, order_bys; WINDOW partitions, orders; SUBQUERY
///       subquery_type, subquery.node, child, comparison_type; and so on
/// ```
///
/// Properties that are missing in a tree that is read have their default, except cte_map.
using Json = nlohmann::json;

/// The text of a property, "" when it is missing or null.
std::string_view text_of(const Json& node, const char* property);
bool is_class(const Json& expression, std::string_view name);
bool is_type(const Json& node, std::string_view name);
bool is_null(const Json& node, const char* property);
std::size_t position_of(const Json& node);

Json make_column(const std::string& alias, const std::string& column);
Json make_constant(int value);
Json make_text(std::string_view value);
Json make_case(Json when, Json then, Json otherwise);
Json make_true();
Json make_compare(const char* type, Json left, Json right);
Json make_operator(const char* type, std::vector<Json> children);
/// One condition: as it is; several: a conjunction of that type.
Json make_conjunction(const char* type, std::vector<Json> children);
Json make_cast(Json child, std::string_view type);
Json make_call(std::string name, std::vector<Json> children);
Json make_exists(Json select);
Json make_in(Json child, Json select, std::string_view comparison = "COMPARE_EQUAL");
Json make_table(const std::string& name, const std::string& alias);
/// `conditions` are joined by AND.
Json make_select(std::vector<Json> items, Json from, std::vector<Json> conditions);
Json make_distinct(Json select);
Json named(Json expression, const std::string& name);
/// What json_deserialize_sql() takes.
std::string statement_text(const Json& node);

/// The conjuncts of a condition, a null condition has none.
std::vector<Json> conjuncts(const Json& condition);

/// The same expression, wherever it stands in the text and however it is named.
bool same_expression(const Json& left, const Json& right);

/// Calls `visit` for each object in `node` that has a "type", outer ones first, until one returns
/// true; says whether one did.
bool any_of(const Json& node, const std::function<bool(const Json&)>& visit);
/// The same without the queries inside SUBQUERY expressions and FROM.
bool any_of_own(const Json& node, const std::function<bool(const Json&)>& visit);

/// A table or subquery of that alias stands in FROM at any depth.
bool has_source(const Json& node, std::string_view alias);
/// A column of that alias is named at any depth.
bool names_source(const Json& node, std::string_view alias);
/// A SUBQUERY expression stands in it.
bool has_subquery(const Json& expression);

/// A comparison's operator as SQL has it, by its type in the tree; empty: it is none.
std::string_view comparison_text(std::string_view type);

template<std::size_t N>
constexpr bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace cdc::views

#endif
