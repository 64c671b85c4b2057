#ifndef CDC_LOAD_TABLE_SETUP_HPP
#define CDC_LOAD_TABLE_SETUP_HPP

#include "cdc-load/table_loader.hpp"
#include "clickhouse/schema.hpp"
#include "clickhouse/transport.hpp"

namespace cdc::load {

/// Makes the target ready for anything: checks its version (at least 23.3) and makes `_cdc_state`.
/// Throws ServerError.
void set_up_target(clickhouse::Transport& transport, const clickhouse::Layout& layout);

/// What stands in the target for a source table: by stored_name.hpp, or by plain names where an
/// older version stored it so. Throws ServerError.
clickhouse::Target find_target(clickhouse::Transport& transport, const clickhouse::Layout& layout,
                               const event::Table& source);

/// Makes, or widens, the table's raw table and view, remembers the source and the shape, and
/// gives the loader the shape, the barrier and the number of waiting updates. Where the shape
/// alters rows without change lines, the table is remembered as stale, unless it was `read_again`.
/// Throws Error: refused when something else has the name, or the table belongs to another source
/// table; ShapeConflict when the change is one that ClickHouse cannot make, or is older than the
/// table's barrier, and therefore undone by now perhaps. May be repeated.
void set_up_table(clickhouse::Transport& transport, TableLoader& table, const SourceShape& from,
                  bool read_again = false);

/// The same; a conflict is kept in table.misfit if every line of the shape so far is void, or with
/// `may_wait`.
void set_up_or_wait(clickhouse::Transport& transport, TableLoader& table, const SourceShape& from,
                    bool may_wait, bool read_again = false);

/// Says so on stderr.
void warn_stale(const TableLoader& table, std::string_view reason);

/// Remembers it in `_cdc_state`, and says so.
void mark_stale(clickhouse::Transport& transport, TableLoader& table, event::Order order,
                const std::string& reason);

/// Makes a column of the table Nullable: the source's catalog is stricter than its rows are. May be
/// repeated.
void allow_null(clickhouse::Transport& transport, TableLoader& table, std::size_t column);

} // namespace cdc::load

#endif
