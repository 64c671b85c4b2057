#include "postgres/patience.hpp"

#include "base/log.hpp"
#include "base/time.hpp"

#include <libpq-fe.h>

#include <algorithm>

namespace cdc::postgres {

namespace {

constexpr char kLockNotAvailable[] = "55P03";
constexpr char kQueryCanceled[] = "57014";
constexpr std::int64_t kFirstTimeoutMs = 1000;
constexpr std::int64_t kMostTimeoutMs = 60000;
constexpr std::int64_t kTellAfterMs = 3000;
constexpr std::int64_t kTellEveryMs = 60000;

constexpr char kHolders[] = R"(
SELECT string_agg(format('process %s of user %s, application ''%s'', since %s', a.pid, a.usename,
    a.application_name, date_trunc('second', a.xact_start)), '; ')
FROM (SELECT a.* FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND a.pid IN (
          SELECT l.pid FROM pg_locks l WHERE l.granted AND l.mode = 'AccessExclusiveLock'
              AND l.locktype = 'relation')
      ORDER BY a.xact_start LIMIT 3) a)";

void set_limits(Connection& connection, std::int64_t statement_ms, std::int64_t lock_ms) {
    connection.query(
        fmt::format("SET statement_timeout = {}; SET lock_timeout = {}", statement_ms, lock_ms));
}

/// After an error: the connection is as before the questions. Keeps quiet when it is lost.
void roll_back(Connection& connection) {
    if (PQstatus(connection.raw()) == CONNECTION_OK) {
        if (PQtransactionStatus(connection.raw()) != PQTRANS_IDLE) {
            connection.query("ROLLBACK");
        }
        set_limits(connection, 0, 0);
    }
}

} // namespace

bool is_out_of_time(const ServerError& error) {
    return error.sqlstate() == kLockNotAvailable || error.sqlstate() == kQueryCanceled;
}

void ask_patiently(Connection& connection, const std::string& what,
                   const std::function<void()>& questions) {
    std::int64_t tell = base::steady_ms() + kTellAfterMs;
    for (std::int64_t limit = kFirstTimeoutMs;; limit = std::min(limit * 2, kMostTimeoutMs)) {
        set_limits(connection, limit, kLockTimeoutMs);
        try {
            questions();
            set_limits(connection, 0, 0);
            return;
        } catch (const ServerError& error) {
            roll_back(connection);
            if (!is_out_of_time(error)) {
                throw;
            }
        }
        if (base::steady_ms() >= tell) {
            const std::string holders = describe_lock_holders(connection);
            base::log::warning("{}: waiting for locks of other sessions{}{}", what,
                               holders.empty() ? "" : ": ", holders);
            tell = base::steady_ms() + kTellEveryMs;
        }
        connection.query("SELECT pg_sleep(0.2)");
    }
}

std::string describe_lock_holders(Connection& connection) {
    const Result result = connection.query(kHolders);
    return result.rows() == 1 ? std::string{result.text(0, 0)} : std::string{};
}

} // namespace cdc::postgres
