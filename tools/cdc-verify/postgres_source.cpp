#include "cdc-verify/postgres_source.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cdc-verify/postgres_repair.hpp"
#include "cdc-verify/postgres_snapshot_point.hpp"
#include "cdc-verify/row_sums.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "postgres/exported_snapshot.hpp"
#include "postgres/lsn.hpp"
#include "postgres/present_tables.hpp"
#include "postgres/scan_table.hpp"
#include "postgres/slot.hpp"
#include "postgres/table_facts.hpp"
#include "postgres/wal_status.hpp"

#include <algorithm>

namespace cdc::verify {

namespace {

constexpr std::int64_t kFlushWaitMs = 2000; ///< more than three times wal_writer_delay
constexpr int kTidRangeScan = 140000;       ///< first version that reads a range of ctids alone

std::string hex_text(std::string_view bytes) {
    std::string out = "\\x";
    for (const char c : bytes) {
        base::append_hex(out, static_cast<unsigned char>(c), 2);
    }
    return out;
}

std::vector<std::string> publications(const Options& options, const clickhouse::TargetState& state,
                                      const std::string& database) {
    if (!options.publication.empty()) {
        return {options.publication};
    }
    std::vector<std::string> names;
    for (const auto& source : state.sources) {
        const auto checkpoint =
            event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
        if (checkpoint.kind == "postgres" && checkpoint.database == database &&
            !checkpoint.slot.empty() && (options.slot.empty() || checkpoint.slot == options.slot)) {
            names.push_back(checkpoint.slot);
        }
    }
    return names;
}

} // namespace

PostgresSource::PostgresSource(const std::string& url, Activity& activity)
    : Source{activity}, m_url{url}, m_connection{url, postgres::Connection::Kind::plain},
      m_standby{m_connection.query("SELECT pg_is_in_recovery()").text(0, 0) == "t"} {
    m_connection.set_on_wait([this] { check_stop(); });
    m_server = postgres::read_wal_status(m_connection).server;
    m_database = m_connection.database();
    m_description = m_connection.description();
}

std::string PostgresSource::from(const Table& table) const {
    return std::string{table.facts.partitioned ? "" : "ONLY "} +
           m_connection.quoted_name(table.facts.schema) + "." +
           m_connection.quoted_name(table.facts.table);
}

std::string PostgresSource::keys_sql(const Table& table,
                                     const std::vector<std::string>& keys) const {
    return key_condition(
        table, keys, [](const Column& column) { return column.source_name; },
        [&](const Column& column, const Value& value) {
            if (column.source_id == 17) { // bytea
                return m_connection.quoted_text(hex_text(value.bytes)) + "::bytea";
            }
            return m_connection.quoted_text(text_of(column.type, value)) +
                   "::" + column.source_type;
        });
}

template<typename Visitor>
void PostgresSource::scan(const Table& table, const std::string& condition, Visitor&& visit) {
    std::vector<Scratch> scratch(table.columns.size());
    std::vector<Value> values(table.columns.size());
    std::vector<postgres::BinaryField> fields;
    postgres::BinaryCopy copy{m_connection, select_sql(table, from(table), condition)};
    std::uint64_t rows = 0;
    while (copy.next(fields)) {
        count_row(++rows);
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = encode(table.columns[i], fields[i], scratch[i]);
        }
        visit(values);
    }
}

void PostgresSource::sums(const Table& table, const Selection& selection, int part, int parts,
                          Buckets& out) {
    std::string condition;
    if (parts > 1 && m_connection.server_version() >= kTidRangeScan) {
        const auto page = [&](int n) {
            return fmt::format("'({},0)'::tid", table.facts.pages * n / parts);
        };
        condition = part == 0 ? "" : "ctid >= " + page(part);
        if (part + 1 < parts) {
            condition = join_conditions(condition, "ctid < " + page(part + 1));
        }
    } else if (part > 0) {
        return;
    }
    sum_rows(table, selection, out, [&](auto&& visit) { scan(table, condition, visit); });
}

Rows PostgresSource::rows(const Table& table, const Selection& selection) {
    const std::string condition = table.masked_key || selection.keys.empty()
                                      ? std::string{}
                                      : keys_sql(table, selection.keys);
    return collect_rows(table, selection, table.masked_key,
                        [&](auto&& visit) { scan(table, condition, visit); });
}

std::optional<RowsAtPosition> PostgresSource::rows_at_position(const Table& table,
                                                               const Selection& selection,
                                                               std::int64_t wait_ms) {
    std::optional<SnapshotPoint> point;
    try {
        point.emplace(m_url, wait_ms);
    } catch (const base::Error& error) {
        if (io::stop_signal::requested()) {
            throw;
        }
        base::log::debug("{}: cannot be compared at one position: {}", table.name(), error.what());
        return std::nullopt;
    }
    postgres::begin_in_snapshot(m_connection, point->snapshot());
    try {
        RowsAtPosition found{rows(table, selection), point->position(), point->order()};
        m_connection.query("COMMIT");
        return found;
    } catch (const base::Error&) {
        m_connection.query("ROLLBACK"); // the session goes on with other tables
        throw;
    }
}

std::string PostgresSource::how_read(const Table& table, std::size_t readers) const {
    return fmt::format("come by binary COPY in {} parts and are hashed here, since PostgreSQL has "
                       "no fast hash that ClickHouse has too, and sending a row costs it less than "
                       "md5 of its text",
                       table.facts.partitioned ? 1U : readers);
}

std::uint64_t PostgresSource::count(const Table& table) {
    const postgres::Result result =
        m_connection.query("SELECT count(*) FROM " + from(table) +
                           (table.where.empty() ? "" : " WHERE " + table.where));
    return base::parse_integer<std::uint64_t>(result.text(0, 0)).value_or(0);
}

LogPosition PostgresSource::ask(const char* function) {
    return postgres::parse_lsn(m_connection.query(fmt::format("SELECT {}()", function)).text(0, 0))
        .value_or(0);
}

LogPosition PostgresSource::insert_position() {
    return ask(m_standby ? "pg_last_wal_replay_lsn" : "pg_current_wal_insert_lsn");
}

std::optional<event::Order>
PostgresSource::order_now(const std::optional<event::Order>& /*loaded*/) {
    constexpr const char* kOfPrimary =
        "SELECT ('x' || substring(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)"
        "::bigint, pg_current_wal_insert_lsn()";
    constexpr const char* kOfStandby =
        "SELECT coalesce((SELECT received_tli FROM pg_stat_wal_receiver), "
        "(SELECT timeline_id FROM pg_control_checkpoint())), pg_last_wal_replay_lsn()";
    try {
        const postgres::Result result = m_connection.query(m_standby ? kOfStandby : kOfPrimary);
        const auto timeline = base::parse_integer<std::uint16_t>(result.text(0, 0));
        const auto position = postgres::parse_lsn(result.text(0, 1));
        if (timeline && position) {
            return event::Order::make(*timeline, *position, 0);
        }
    } catch (const postgres::ServerError& error) {
        base::log::debug("the source's timeline is not known: {}", error.what());
    }
    return std::nullopt;
}

LogPosition PostgresSource::position_after() {
    const LogPosition inserted = insert_position();
    if (m_standby) {
        return inserted;
    }
    // With synchronous_commit=off a change is seen before it is on disk, but not for long.
    const std::int64_t deadline = base::steady_ms() + kFlushWaitMs;
    LogPosition flushed = ask("pg_current_wal_flush_lsn");
    while (flushed < inserted && base::steady_ms() < deadline) {
        io::wait_readable(io::stop_signal::wake_fd(), 50);
        flushed = ask("pg_current_wal_flush_lsn");
    }
    return std::min(inserted, flushed);
}

bool PostgresSource::owns(const event::Checkpoint& checkpoint) const {
    return checkpoint.kind == "postgres" && checkpoint.database == m_database &&
           (m_server.empty() || checkpoint.server == m_server);
}

std::optional<LogPosition> PostgresSource::position_of(const event::Checkpoint& checkpoint) const {
    return m_server.empty() || checkpoint.server == m_server
               ? postgres::parse_lsn(checkpoint.position)
               : std::nullopt;
}

std::string PostgresSource::behind_text(LogPosition reached, LogPosition wanted) const {
    return fmt::format("{}, {} bytes of log before {}", postgres::format_lsn(reached),
                       wanted - reached, postgres::format_lsn(wanted));
}

std::optional<std::string> PostgresSource::why_unread(const std::string& name) {
    if (name.empty() || m_standby) {
        return std::nullopt;
    }
    const auto slot = postgres::inspect_slot(m_connection, name);
    if (!slot) {
        return fmt::format("the source has no slot {}, so that no cdc-capture fills the target",
                           base::in_quotes(name));
    }
    return slot->active_pid == 0
               ? fmt::format("nothing reads the slot {}: cdc-capture does not run",
                             base::in_quotes(name))
               : std::string{};
}

std::optional<TableName> PostgresSource::table_of(const std::string& db, const std::string& schema,
                                                  const std::string& table) const {
    return db == m_database ? std::optional{TableName{schema, table}} : std::nullopt;
}

std::vector<TableName> PostgresSource::captured_tables(const Options& options,
                                                       const clickhouse::TargetState& state,
                                                       const event::TableFilter& filter) {
    std::vector<TableName> found;
    for (const std::string& publication : publications(options, state, m_database)) {
        if (!postgres::inspect_publication(m_connection, publication)) {
            if (publication == options.publication) {
                base::fail(base::ExitCode::refused, "the source has no publication {}",
                           base::in_quotes(publication));
            }
            continue;
        }
        for (const auto& table : postgres::list_scan_tables(m_connection, publication, filter)) {
            found.push_back({table.schema, table.name});
        }
    }
    return found;
}

std::vector<TableName> PostgresSource::all_tables() {
    const postgres::Result tables = m_connection.query(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> "
        "'information_schema' ORDER BY 1, 2");
    std::vector<TableName> found;
    for (int row = 0; row < tables.rows(); ++row) {
        found.push_back({std::string{tables.text(row, 0)}, std::string{tables.text(row, 1)}});
    }
    return found;
}

std::vector<event::PresentTable> PostgresSource::present_tables(const Options& options) {
    return postgres::present_tables(m_connection, options.publication);
}

std::optional<source::TableFacts> PostgresSource::facts(const std::string& schema,
                                                        const std::string& table) {
    return postgres::read_table_facts(m_connection, schema, table);
}

Column PostgresSource::pair(const source::FactColumn& column, std::string_view target_type,
                            const std::string& stored) {
    return pair_column(column, m_connection.quoted_name(column.name), target_type, stored);
}

std::unique_ptr<RepairPoint> PostgresSource::repair_point(const Table& table) {
    return std::make_unique<PostgresRepairPoint>(m_url, table, m_activity);
}

} // namespace cdc::verify
