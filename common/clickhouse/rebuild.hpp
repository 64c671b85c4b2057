#ifndef CDC_CLICKHOUSE_REBUILD_HPP
#define CDC_CLICKHOUSE_REBUILD_HPP

#include "clickhouse/schema.hpp"
#include "clickhouse/state.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// SQL for filling a table anew beside the old one and exchanging the two, which is atomic for
/// readers.
///
///     t_raw           the old table, which goes on taking changes
///     t_raw_rebuild   the new one, which takes the snapshot's rows; the old one after the exchange
///
/// EXCHANGE and a row in `_cdc_state` cannot be one step, so the new table carries a mark in its
/// COMMENT, which goes with it, and the state (item 'rebuild') says which mark is being filled:
/// wherever a loader was killed, the next one sees from the table's comments how far it came. Not
/// the UUID, which the embedded engine does not show.
namespace cdc::clickhouse {

/// What `target` becomes when its rows go to the new table.
Target rebuild_target(const Target& target);

/// `unique`: of this attempt.
std::string rebuild_mark(event::Order order, std::string_view unique);
/// Whether a table's comment is one.
bool is_rebuild_mark(std::string_view comment);

/// `side` is of rebuild_target().
std::string create_rebuild_sql(const Target& side, const TargetShape& shape, std::string_view mark);
std::string exchange_sql(const Target& target);

/// "INSERT INTO to (…) SELECT … FROM from": the columns that both have, of rows with at least that
/// version, in other parts than those. Values go through accurateCast where types differ: one that
/// does not fit is an error. The target keeps the highest version, so rows may come twice.
std::string copy_sql(std::string_view from, const std::vector<ExistingColumn>& from_columns,
                     std::string_view to, const std::vector<ExistingColumn>& to_columns,
                     const Layout& own, event::Order order, const std::vector<std::string>& parts);

/// `mark` "": nothing is being filled.
StateRow rebuild_row(std::string_view table, event::Order order, std::string_view mark);

} // namespace cdc::clickhouse

#endif
