#include "postgres/exported_snapshot.hpp"

#include "base/time.hpp"

#include <libpq-fe.h>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr int kParenthesizedOptions = 150000;
constexpr int kFailoverSlots = 170000;
constexpr char kInvalidValue[] = "22023";

std::string create_command(Connection& connection, const ExportedSnapshot::Slot& slot) {
    const int version = connection.server_version();
    std::string command = "CREATE_REPLICATION_SLOT " + connection.quoted_name(slot.name) +
                          (slot.temporary ? " TEMPORARY" : "") + " LOGICAL pgoutput ";
    if (version < kParenthesizedOptions) {
        return command + "EXPORT_SNAPSHOT";
    }
    // A standby's own slots cannot be failover slots.
    const bool failover = version >= kFailoverSlots && !slot.temporary && !in_recovery(connection);
    return command + (failover ? "(SNAPSHOT 'export', FAILOVER true)" : "(SNAPSHOT 'export')");
}

} // namespace

ExportedSnapshot::ExportedSnapshot(const std::string& source, const Slot& slot,
                                   std::int64_t wait_ms, std::function<void()> on_wait)
    : m_connection{source, Connection::Kind::replication}, m_system{identify_system(m_connection)} {
    const std::string command = create_command(m_connection, slot);
    const std::int64_t give_up = base::steady_ms() + wait_ms;
    m_connection.set_on_wait([&] {
        try {
            if (on_wait) {
                on_wait();
            }
        } catch (...) {
            m_connection.cancel();
            throw;
        }
        if (wait_ms >= 0 && base::steady_ms() > give_up) {
            m_connection.cancel();
            Connection beside{source, Connection::Kind::plain};
            const std::string writers = describe_writers(beside);
            throw ServerError{ExitCode::failed,
                              fmt::format("no exact position within --wait: transactions that "
                                          "write are still open{}{}",
                                          writers.empty() ? "" : ": ", writers),
                              {},
                              "wait for their end, or end them, and run this again"};
        }
    });
    const Result result = m_connection.query(command);
    m_connection.set_on_wait({});
    if (result.rows() != 1 || result.columns() < 3) {
        fail(ExitCode::failed, "CREATE_REPLICATION_SLOT answered {} rows of {} columns",
             result.rows(), result.columns());
    }
    const auto position = parse_lsn(result.text(0, 1));
    if (!position || result.is_null(0, 2)) {
        fail(ExitCode::failed, "CREATE_REPLICATION_SLOT answered position {} and snapshot {}",
             in_quotes(result.text(0, 1)), in_quotes(result.text(0, 2)));
    }
    m_position = *position;
    m_name = result.text(0, 2);
    m_made_ms = base::now_ms();
}

bool ExportedSnapshot::alive() const {
    // Nothing is ever sent here: bytes that arrive are the server's goodbye.
    return PQconsumeInput(m_connection.raw()) == 1 && PQstatus(m_connection.raw()) == CONNECTION_OK;
}

void begin_in_snapshot(Connection& connection, const std::string& snapshot) {
    connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
        connection.query("SET TRANSACTION SNAPSHOT " + connection.quoted_text(snapshot));
    } catch (const ServerError& error) {
        if (error.sqlstate() != kInvalidValue) {
            throw;
        }
        throw ServerError{
            ExitCode::failed,
            fmt::format("the connection that holds the snapshot was lost: {}", error.what()),
            error.sqlstate()};
    }
}

std::string describe_writers(Connection& connection) {
    const Result result = connection.query(
        "SELECT string_agg(format('process %s of user %s, application ''%s'', since %s', pid, "
        "usename, application_name, date_trunc('second', xact_start)), '; ') FROM (SELECT * FROM "
        "pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() "
        "ORDER BY xact_start LIMIT 3) a");
    return result.rows() == 1 ? std::string{result.text(0, 0)} : std::string{};
}

} // namespace cdc::postgres
