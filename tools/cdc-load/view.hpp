#ifndef CDC_LOAD_VIEW_HPP
#define CDC_LOAD_VIEW_HPP

#include "clickhouse/schema.hpp"
#include "clickhouse/transport.hpp"

#include <string>
#include <vector>

namespace cdc::load {

/// Gives the table's view these columns of the raw table; makes it where there is none. A query of
/// the view reads the old one or the new one: the new one is made beside it, and the two are
/// exchanged. CREATE OR REPLACE is not enough: the embedded engine drops the old view first. May be
/// repeated, also by another process, after any of its statements. Throws ServerError.
void replace_view(clickhouse::Transport& transport, const clickhouse::Target& target,
                  const std::vector<std::string>& columns, const clickhouse::TargetShape& shape);

/// Call before `next` takes the place of the raw table: leaves the view the columns that both have,
/// so that it can be read before and after the exchange.
void narrow_view(clickhouse::Transport& transport, const clickhouse::Target& target,
                 const std::string& next);

/// Gives the view the columns and the key of the raw table as it is, if it has others, and removes
/// what stood in for the old view's (stand_in_sql()). `shape`: the raw table's.
void set_up_view(clickhouse::Transport& transport, const clickhouse::Target& target,
                 const clickhouse::TargetShape& shape);

} // namespace cdc::load

#endif
