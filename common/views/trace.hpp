#ifndef CDC_VIEWS_TRACE_HPP
#define CDC_VIEWS_TRACE_HPP

#include "views/bind.hpp"

#include <map>
#include <optional>
#include <string>

namespace cdc::views {

using Sources = std::map<std::string, Source>;

/// The expression is computed from one row: no aggregate, window or subquery.
bool is_plain(const Json& expression);
/// Every column that it names can be followed to a column of a table, and is not null-supplied in
/// its own SELECT, unless that is allowed.
bool names_traceable_only(const Json& expression, const Sources& sources,
                          bool null_supplied_allowed = false);

/// FULL JOIN by one equality: what is l.k and what r.k.
struct FullKey {
    Json left;
    Json right;
};
/// Nothing: the SELECT's FROM is no such join of two tables or nested SELECTs.
std::optional<FullKey> keyed_full_join(const Json& select, const Sources& sources);
/// coalesce(l.k, r.k), in either order.
bool is_full_key(const Json& expression, const FullKey& key);

/// Rule R2: a derived query can say which rows' value of this item of a bound query may change.
/// `place` counts the query's columns from 0.
bool is_traceable(const Json& query, std::size_t place, const Sources& sources);

/// The leftmost SELECT of a set operation: it gives the names.
const Json& first_select(const Json& query);
std::size_t column_count(const Json& query);

} // namespace cdc::views

#endif
