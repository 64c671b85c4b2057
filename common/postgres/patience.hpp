#ifndef CDC_POSTGRES_PATIENCE_HPP
#define CDC_POSTGRES_PATIENCE_HPP

#include "postgres/connection.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace cdc::postgres {

/// Well below the server's deadlock_timeout (1 s): whoever waits for a lock that we hold while we
/// wait for another one gets it before the server looks for deadlocks, which might end him.
constexpr std::int64_t kLockTimeoutMs = 300;

/// Whether the statement ended because a lock or its time was over: it is worth another try.
bool is_out_of_time(const ServerError& error);

/// Runs `questions` of the catalog, outside a transaction or in one that it begins itself, with a
/// statement_timeout of 1 s and kLockTimeoutMs. When one of them is out of time, all is rolled back
/// and tried again after a pause, with twice the time; never given up, but `what` is told after a
/// few seconds with the sessions that are in the way. The connection's on-wait function may throw.
void ask_patiently(Connection& connection, const std::string& what,
                   const std::function<void()>& questions);

/// "process 1 of user …, application …, since …" of the sessions that this one waited for, or that
/// hold locks on tables which nobody can read meanwhile; empty: none.
std::string describe_lock_holders(Connection& connection);

} // namespace cdc::postgres

#endif
