#ifndef CDC_VIEWS_IMAGE_HPP
#define CDC_VIEWS_IMAGE_HPP

#include "views/trace.hpp"

#include <set>
#include <string>
#include <vector>

namespace cdc::views {

/// What a query becomes when one occurrence of a relation stands for its changed rows: a plain
/// SELECT without grouping, whose rows are those that the change can touch, and more.
struct Image {
    std::vector<Json> items; ///< of the query, by place; only traceable ones have a meaning
    Json from;
    std::vector<Json> conditions; ///< joined by AND
};

/// Makes images for one occurrence of a relation in a bound view. Everything throws Problem.
class Imager {
public:
    /// `occurrence` is the alias of a table; it is read from `changed` instead. `any_row` says that
    /// one changed row anywhere touches the whole view, as with KEY ().
    Imager(const Sources& sources, std::string occurrence, std::string changed, bool any_row);

    /// Of a query that has the occurrence at any depth.
    Image of_query(const Json& query) const;

private:
    struct FromImage {
        Json node;
        std::vector<Json> conditions; ///< semi joins
        std::set<std::string> lost;   ///< aliases that left FROM
    };

    Image of_select(const Json& select) const;
    Image of_full_join(const Json& select, const FullKey& key) const;
    FromImage of_from(const Json& node) const;
    FromImage of_nested(const Json& node) const;
    FromImage of_join(const Json& node) const;
    FromImage of_preserved(const Json& node) const;
    FromImage of_null_supplied(const Json& node) const;

    /// [NOT] EXISTS, [NOT] IN or a scalar subquery that has the occurrence, as a condition that
    /// holds for the rows for which its value can change.
    Json exists_of(const Json& subquery) const;
    void add_comparison(const Json& subquery, const Image& image,
                        std::vector<Json>& conditions) const;
    void add_subqueries(const Json& part, std::vector<Json>& conditions) const;
    void check_grouped(const Json& query) const;

    bool is_here(const Json& node) const { return has_source(node, m_occurrence); }
    bool stays(const Json& condition, const std::set<std::string>& lost) const;

    const Sources& m_sources;
    std::string m_occurrence;
    std::string m_changed;
    bool m_any_row;
};

} // namespace cdc::views

#endif
