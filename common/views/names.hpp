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
/// and all columns before aliases, which PostgreSQL does not see there. Throws Problem: no such
/// name, or two owners.
Json resolve(const Json& column_ref, const Scope& scope);
/// It is a column of the innermost SELECT's FROM, or has a table's name.
bool is_own_column(const Json& column_ref, const Scope& scope);
/// The alias's expression, null when the reference is none: GROUP BY, ORDER BY, DISTINCT ON.
const Json* find_alias(const Json& column_ref, const Scope& scope);

/// What stands before a table's name in FROM: "", `schema`, or `input.schema`.
std::string full_schema_of(const Json& table);
/// Whether `name` is a relation's whole name, or the end of it behind a dot; `exactly`: in case
/// too.
bool is_name_of(std::string_view name, std::string_view full, bool exactly);
/// The relation that a table in FROM means, null when there is none: of exactly that name, else the
/// one whose name is of another case. Throws Problem: two schemas, or two of other cases.
const Relation* find_relation(const std::vector<Relation>& relations, const Json& table);
/// Throws Problem where a query names a column of which its table has two, in different cases.
void check_cases(const Json& query, const std::vector<Relation>& relations,
                 const std::vector<std::string>& reads);
[[noreturn]] void throw_no_relation(const Json& table);

} // namespace cdc::views

#endif
