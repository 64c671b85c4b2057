#ifndef CDC_LOAD_REMAKE_HPP
#define CDC_LOAD_REMAKE_HPP

#include "cdc-load/catalog.hpp"
#include "cdc-load/table_loader.hpp"
#include "clickhouse/schema.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/transport.hpp"

namespace cdc::load {

/// Makes a table anew under its name (clickhouse/remake.hpp), because ClickHouse cannot alter it to
/// hold `from`: the key, or the type of a column, is another one. The old rows are kept where they
/// have the new key's columns once each and the new types hold their values; otherwise, or where
/// `from` describes another table of the same name, the new table is empty. Readers see the old
/// table until the exchange. Call while the flusher is idle. Throws ServerError; may be repeated,
/// also by another process, after any of its statements.
void remake_table(clickhouse::Transport& transport, const TableLoader& table,
                  const SourceShape& from);

/// What follows the exchange: view, barrier, waiting updates and the old table. Whoever finds a
/// mark in `raw` of which `state` knows nothing calls it.
void finish_remake(clickhouse::Transport& transport, const clickhouse::Target& target,
                   const FoundTable& raw, const clickhouse::TableState& state);

/// Whether `described` is another source table than the one that the target's shape is of.
bool is_another_table(const clickhouse::TableState& state, const SourceShape& from);

} // namespace cdc::load

#endif
