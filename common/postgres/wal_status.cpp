#include "postgres/wal_status.hpp"

#include "base/numbers.hpp"

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

constexpr char kNoRight[] = "42501";

} // namespace

WalStatus read_wal_status(Connection& connection) {
    const Result result =
        connection.query("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                         "ELSE pg_current_wal_flush_lsn() END, (extract(epoch FROM "
                         "clock_timestamp()) * 1000)::bigint");
    WalStatus status;
    const auto end = parse_lsn(result.text(0, 0));
    const auto now = base::parse_integer<std::int64_t>(result.text(0, 1));
    if (!end || !now) {
        fail(ExitCode::failed, "the server gave no position of its log");
    }
    status.end = *end;
    status.now_ms = *now;
    try {
        status.server =
            connection.query("SELECT system_identifier FROM pg_control_system()").text(0, 0);
    } catch (const ServerError& error) {
        if (error.sqlstate() != kNoRight) {
            throw;
        }
    }
    return status;
}

std::vector<NamedSlot> list_slots(Connection& connection, const std::vector<std::string>& names) {
    std::vector<std::string> wanted = names;
    if (names.empty()) {
        const Result all = connection.query(
            "SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical' AND "
            "database = current_database() AND NOT temporary ORDER BY slot_name");
        for (int row = 0; row < all.rows(); ++row) {
            wanted.emplace_back(all.text(row, 0));
        }
    }
    std::vector<NamedSlot> slots;
    for (const std::string& name : wanted) {
        const auto state = inspect_slot(connection, name);
        if (!state) {
            continue;
        }
        NamedSlot slot{name, *state, std::nullopt, false};
        if (state->active_pid != 0) {
            const Result sender = connection.query(
                "SELECT (extract(epoch FROM coalesce(replay_lag, flush_lag)) * 1000)::bigint, "
                "state = 'streaming' FROM pg_stat_replication WHERE pid = $1::int",
                {std::to_string(state->active_pid)});
            if (sender.rows() == 1) {
                slot.lag_ms = base::parse_integer<std::int64_t>(sender.text(0, 0));
                slot.streaming = sender.text(0, 1) == "t";
            }
        }
        slots.push_back(std::move(slot));
    }
    return slots;
}

} // namespace cdc::postgres
