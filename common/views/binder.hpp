#ifndef CDC_VIEWS_BINDER_HPP
#define CDC_VIEWS_BINDER_HPP

#include "views/bind.hpp"
#include "views/names.hpp"
#include "views/trace.hpp"

#include <map>
#include <string>
#include <vector>

namespace cdc::views {

/// The CTEs that a query sees, innermost last.
struct CteScope {
    const CteScope* outer = nullptr;
    const Json* map = nullptr; ///< cte_map.map; entries see those before them
    std::size_t visible = 0;   ///< so many entries of it
};

/// What stands around a query.
struct QueryPlace {
    const Scope* outer = nullptr;
    const CteScope* ctes = nullptr;
    bool limit_allowed = false; ///< in a subquery of an expression: rule R7 drops it
};

/// Resolves the names of a SELECT. Everything throws Problem.
class Binder {
public:
    /// `written`: the SELECT's text before its names were folded.
    Binder(const std::vector<Relation>& relations, const std::string& written)
        : m_relations{relations}, m_written{written} {}

    Json bind_query(const Json& node, const QueryPlace& place);

    /// Gives no alias the name of a column that a subquery's tables have: the engine takes it for
    /// that column there.
    void avoid_columns_of_subqueries(const Json& query);

    const Sources& sources() const { return m_sources; }
    const std::vector<std::string>& reads() const { return m_reads; }

private:
    /// A bound FROM item with what it adds to the scope.
    struct From {
        Json node;
        std::vector<ScopeItem> items;
        std::vector<ScopeColumn> columns;
    };

    Json bind_set_operation(const Json& node, const QueryPlace& place);
    Json bind_select(const Json& node, const QueryPlace& place);

    From bind_from(const Json& node, const QueryPlace& place);
    From bind_table(const Json& node, const QueryPlace& place);
    From bind_nested(const Json& node, const Json& query, const std::string& name,
                     const Json& column_names, const QueryPlace& place);
    From bind_join(const Json& node, const QueryPlace& place);
    Json bind_join_condition(const Json& node, From& joined, const From& left, const From& right,
                             const QueryPlace& place);
    void set_null_supplied(const From& side);

    void bind_items(const Json& list, Scope& scope, const QueryPlace& place, Json& items);
    void add_star(const Json& star, const Scope& scope, Json& items);
    void bind_groups(const Json& node, const Scope& scope, const QueryPlace& place, Json& bound);
    Json bind_modifiers(const Json& modifiers, const Scope& scope, const QueryPlace& place,
                        const Json& items);
    /// An expression of GROUP BY, ORDER BY or DISTINCT ON: also an item's place.
    Json bind_listed(const Json& expression, const Scope& scope, const QueryPlace& place,
                     const Json& items, bool alias_first);
    Json bind_expression(const Json& node, const Scope& scope, const QueryPlace& place);
    Json bind_subquery(const Json& node, const Scope& scope, const QueryPlace& place);
    Json bind_children(const Json& node, const Scope& scope, const QueryPlace& place);

    std::string unique_alias(const std::string& wanted);

    const std::vector<Relation>& m_relations;
    const std::string& m_written;
    Sources m_sources;
    std::map<std::string, int> m_alias_uses; ///< by folded name
    std::vector<std::string> m_reads;
};

} // namespace cdc::views

#endif
