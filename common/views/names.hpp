#ifndef CDC_VIEWS_NAMES_HPP
#define CDC_VIEWS_NAMES_HPP

#include "views/bind.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdc::views {

/// ASCII letters in lower case: DuckDB compares names so.
std::string folded(std::string_view name);
bool same_name(std::string_view left, std::string_view right);

/// A column that `*` stands for.
struct ScopeColumn {
    std::string name;
    Json expression; ///< bound: alias.column, or what USING makes of two columns
};

/// A FROM item by the name that the SELECT gives it.
struct ScopeItem {
    std::string name;   ///< as written
    std::string schema; ///< of a table that is named with one
    std::string alias;  ///< unique in the view
    std::vector<std::string> columns;
};

/// What a SELECT's expressions can name.
struct Scope {
    const Scope* outer = nullptr; ///< of the SELECT around a subquery
    std::vector<ScopeItem> items;
    std::vector<ScopeColumn> columns; ///< in the order of `*`
    std::vector<ScopeColumn> aliases; ///< of the select list, as far as it is bound
};

/// The bound expression that a COLUMN_REF means, by PostgreSQL's rules: the innermost SELECT first,
/// columns before aliases. Throws Problem: no such name, or two owners.
Json resolve(const Json& column_ref, const Scope& scope);
/// The alias's expression, null when the reference is none: GROUP BY, ORDER BY, DISTINCT ON.
const Json* find_alias(const Json& column_ref, const Scope& scope);

/// What stands before a table's name in FROM: "", `schema`, or `input.schema`.
std::string full_schema_of(const Json& table);
/// The relation that a table's name means, null when there is none. Throws Problem: two schemas.
const Relation* find_relation(const std::vector<Relation>& relations, const std::string& schema,
                              const std::string& name);
[[noreturn]] void throw_no_relation(const Json& table);

} // namespace cdc::views

#endif
