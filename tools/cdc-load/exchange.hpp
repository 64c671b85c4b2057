#ifndef CDC_LOAD_EXCHANGE_HPP
#define CDC_LOAD_EXCHANGE_HPP

#include "clickhouse/transport.hpp"

#include <functional>
#include <string>

/// Statements that change tables of the target. All functions throw ServerError.
namespace cdc::load {

/// Runs the statement, and says it at --log-level debug.
void execute(clickhouse::Transport& transport, const std::string& sql);

/// ServerError::server_code() where the database has another engine than Atomic: NOT_IMPLEMENTED.
inline constexpr int kCannotExchange = 48;

/// Runs an EXCHANGE until `done` says that it was; false: it was not after some tries. One that is
/// repeated undoes itself, and the way to the server may repeat it: only the target says what was
/// done.
bool exchange(clickhouse::Transport& transport, const std::string& sql,
              const std::function<bool()>& done);

} // namespace cdc::load

#endif
