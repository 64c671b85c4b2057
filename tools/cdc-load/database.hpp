#ifndef CDC_LOAD_DATABASE_HPP
#define CDC_LOAD_DATABASE_HPP

#include "cdc-load/options.hpp"
#include "clickhouse/transport.hpp"

namespace cdc::load {

/// --create-database: makes the target's database where there is none. One that is there takes no
/// right to make it. Throws ServerError.
void ensure_database(clickhouse::Transport& transport, const Options& options,
                     const clickhouse::TransportOptions& transport_options);

} // namespace cdc::load

#endif
