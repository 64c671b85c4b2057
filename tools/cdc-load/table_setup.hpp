#ifndef CDC_LOAD_TABLE_SETUP_HPP
#define CDC_LOAD_TABLE_SETUP_HPP

#include "cdc-load/table_loader.hpp"
#include "clickhouse/schema.hpp"
#include "clickhouse/transport.hpp"
#include "event/order.hpp"

#include <string_view>
#include <vector>

namespace cdc::load {

/// Makes the target ready for anything: checks its version (at least 23.3) and makes `_cdc_state`.
/// Throws ServerError.
void set_up_target(clickhouse::Transport& transport, const clickhouse::Layout& layout);

/// Makes, or widens, the table's raw table and view, remembers the source and the shape, and
/// gives the loader the shape, the barrier and the number of waiting updates. `order` is the table
/// line's, `described` what it says. Where that alters rows without change lines, the table is
/// remembered as stale. Throws Error: refused when something else has the name, the
/// table belongs to another source table, or the change is one that ClickHouse cannot make. May be
/// repeated.
void set_up_table(clickhouse::Transport& transport, TableLoader& table,
                  clickhouse::TargetShape shape, const event::Table& described,
                  const std::string& version, event::Order order);

} // namespace cdc::load

#endif
