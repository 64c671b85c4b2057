#ifndef CDC_LOAD_PURGE_HPP
#define CDC_LOAD_PURGE_HPP

#include "cdc-load/options.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/target_state.hpp"
#include "clickhouse/transport.hpp"
#include "event/order.hpp"

#include <optional>
#include <string>

namespace cdc::load {

/// Below which order a table's deleted rows may go, and what keeps it from being higher.
struct PurgeBound {
    event::Order order;
    std::string why;
};

/// The lowest of: the order of each source's last durable checkpoint, behind which all its lines
/// come again (and no others); the first line of a parked key; the first waiting update
/// (`pending`); a snapshot whose end has not been loaded. What is below the table's barrier may go
/// in any case: the loader drops such lines.
PurgeBound purge_bound(const clickhouse::TargetState& target, const clickhouse::TableState& table,
                       std::optional<event::Order> pending);

/// Removes the rows of deleted keys below the bound from all tables of the target, and prints how
/// many. Throws Error.
int purge(clickhouse::Transport& transport, const Options& options);

} // namespace cdc::load

#endif
