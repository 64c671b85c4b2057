#ifndef CDC_CLICKHOUSE_REMAKE_HPP
#define CDC_CLICKHOUSE_REMAKE_HPP

#include "clickhouse/schema.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A raw table whose key, or the type of a column, is another one from an order P on is made anew
/// under its name: a table beside it is filled from the rows that are current, and the two are
/// exchanged. The rows get the version P - 1, so that every change from P on counts more, and P - 1
/// becomes the barrier. Lines below P have the shape that is gone. They were stored before, and
/// are void.
///
/// The mark in the new table's comment says for which order it was made. It survives the exchange,
/// so that after a crash the next loader knows what was done.
///
/// These functions only make SQL.
namespace cdc::clickhouse {

/// The name of what stands beside `name` until the two are exchanged; stored_name.hpp reserves it.
std::string remake_name(std::string_view name, event::Order order);
/// The names of the new table while it stands beside the old one.
Target remake_target(const Target& target, event::Order order);

/// "cdc-load remake ORDER": stands in the comments of users' tables, do not change.
std::string remake_mark(event::Order order);
/// The order of a mark; nothing for any other comment.
std::optional<event::Order> remade_order(std::string_view comment);
/// The barrier that goes with it.
event::Order remake_barrier(event::Order order);

/// The columns of `shape` with the old table's types where these hold the new ones, as for a
/// table that is altered. `carried`: the old table's other source columns.
TargetShape remake_shape(const Target& target, TargetShape shape,
                         const std::vector<ExistingColumn>& existing,
                         std::vector<ExistingColumn>& carried);

/// The statements that make the new table.
std::vector<std::string> create_remake_sql(const Target& side, const TargetShape& shape,
                                           const std::vector<ExistingColumn>& carried,
                                           event::Order order);

/// A raw table as it is found.
struct OldTable {
    std::vector<ExistingColumn> columns;
    TargetShape shape; ///< names of columns and the key; types are not filled in
};
OldTable old_table(const Target& target, const std::vector<ExistingColumn>& columns,
                   std::string_view sorting_key);

/// A column that has another type in the new table.
struct Conversion {
    std::string column; ///< in the new table
    std::string from;
    std::string to;
};
std::vector<Conversion> remake_conversions(const Layout& own,
                                           const std::vector<ExistingColumn>& from,
                                           const std::vector<ExistingColumn>& to);
/// A question that the engine refuses where it has no such conversion, whatever the values are.
std::string try_conversion_sql(const Conversion& conversion);

/// What the new table is filled with. All of it is void where the old table has not all columns of
/// the new key.
struct RemakeCopy {
    std::string history;   ///< INSERT of a history's operations; "": none
    std::string rows;      ///< INSERT of the current rows
    std::string count_old; ///< SELECT of the number of current rows
    std::string count_new; ///< SELECT of the number that arrived: less where a key came twice
};
/// `to`: the columns of the new table that the old one's are converted to. `ts_ms`: the commit time
/// for rows that have none.
RemakeCopy remake_copy(const Target& target, const Target& side, const OldTable& old,
                       const TargetShape& shape, const std::vector<ExistingColumn>& to,
                       event::Order order, std::int64_t ts_ms);
/// Whether the old table has all columns of the new key.
bool has_key_columns(const OldTable& old, const TargetShape& shape, const Layout& own);

/// A view of a table without key adds up signs, which a table with a key does not have. Until the
/// exchange has a new view behind it, the new table stands the old one's readers in with a computed
/// column; "": not needed. `from`: the old table's columns.
std::string stand_in_sql(const Target& side, const TargetShape& shape,
                         const std::vector<ExistingColumn>& from, event::Order order);

std::string remake_exchange_sql(const Target& target, const Target& side);

} // namespace cdc::clickhouse

#endif
