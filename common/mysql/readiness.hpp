#ifndef CDC_MYSQL_READINESS_HPP
#define CDC_MYSQL_READINESS_HPP

#include "event/table_filter.hpp"
#include "mysql/connection.hpp"
#include "mysql/server.hpp"

#include <cstdint>
#include <vector>

namespace cdc::mysql {

/// What \--check tells beside preflight(): how the server is set for a stream that goes on after a
/// fail-over, how long it keeps its log, and what the user may do. Reading the log as capture does
/// is the only test that knows of roles: `server_id` is that of the replica which tries it.
/// Throws ServerError when the connection is lost.
std::vector<Finding> readiness(Connection& connection, const ServerAddress& address,
                               const event::TableFilter& filter, std::uint32_t server_id);

} // namespace cdc::mysql

#endif
