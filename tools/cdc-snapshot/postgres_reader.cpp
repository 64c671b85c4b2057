#include "cdc-snapshot/postgres_reader.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "postgres/copy_text.hpp"
#include "postgres/exported_snapshot.hpp"
#include "postgres/patience.hpp"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using postgres::Connection;
using postgres::ServerError;
using Kind = source::ScanRange::Kind;

namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
constexpr char kUndefinedTable[] = "42P01";
constexpr char kUndefinedColumn[] = "42703";
constexpr char kUndefinedSchema[] = "3F000";
constexpr char kLockNotAvailable[] = "55P03";
constexpr int kTidRangeScans = 140000;
constexpr std::int64_t kNoWaitMs = 1; ///< the least that the server takes

constexpr double kPageBytes = 8192;

PostgresTable& table_of(const Work::Task& task) {
    return static_cast<PostgresTable&>(*task.table); // PostgresSnapshot makes no others
}

} // namespace

std::string PostgresPresent::shape_mark(std::uint32_t oid) {
    const std::lock_guard lock{m_mutex};
    return postgres::shape_mark(*m_connection, oid);
}

void PostgresReader::check_stop() {
    if (m_pipe->output.stopped()) {
        throw Stopped{};
    }
}

void PostgresReader::run() {
    m_connection = std::make_unique<Connection>(m_pipe->options.source, Connection::Kind::plain);
    m_connection->set_on_wait([this] { check_stop(); });
    while (true) {
        Work::Task task = m_pipe->work.next();
        if (task.kind == Work::Task::Kind::none) {
            break;
        }
        if (m_locked.count(task.table) == 0) {
            begin_transaction();
            if (!lock(task)) {
                continue;
            }
        }
        if (task.kind == Work::Task::Kind::open) {
            open(table_of(task));
            continue;
        }
        if (task.kind == Work::Task::Kind::cut) {
            cut(task);
        }
        read(task);
    }
    if (m_in_transaction) {
        m_connection->query("COMMIT");
    }
}

/// A new one, unless the present one still holds the lock of a table that others are reading.
void PostgresReader::begin_transaction() {
    if (m_in_transaction) {
        const bool all_over =
            std::all_of(m_locked.begin(), m_locked.end(),
                        [this](TableWork* table) { return m_pipe->work.is_over(*table); });
        if (!all_over) {
            return;
        }
        m_connection->query("COMMIT");
        m_in_transaction = false;
    }
    m_locked.clear();
    postgres::begin_in_snapshot(*m_connection, m_shared->snapshot);
    m_in_transaction = true;
}

bool PostgresReader::lock(const Work::Task& task) {
    PostgresTable& table = table_of(task);
    try {
        m_connection->query(fmt::format(
            "SAVEPOINT before_lock; SET LOCAL lock_timeout = {}; {}; SET LOCAL lock_timeout = 0; "
            "RELEASE before_lock",
            m_locked.empty() ? postgres::kLockTimeoutMs : kNoWaitMs, table.sql.lock()));
    } catch (const ServerError& error) {
        const std::string& state = error.sqlstate();
        const bool gone =
            state == kUndefinedTable || state == kUndefinedColumn || state == kUndefinedSchema;
        if (!gone && state != kLockNotAvailable) {
            throw;
        }
        m_connection->query("ROLLBACK TO before_lock");
        if (gone) {
            m_pipe->work.give_up(table, state == kUndefinedColumn ? "was altered" : "was dropped");
        } else if (m_pipe->work.hand_back(task)) {
            const std::string holders = postgres::describe_lock_holders(*m_connection);
            base::log::warning("table {} is locked{}{}; it is read when the lock is gone",
                               in_quotes(table.scan.display_name()), holders.empty() ? "" : " by ",
                               holders);
        }
        return false;
    }
    // Our snapshot sees the catalog as it was. What came, went or changed since then may have had
    // the table rewritten, and rows written after the snapshot are invisible in it.
    if (!is_unchanged(table)) {
        m_pipe->work.give_up(table, "was altered");
        return false;
    }
    m_locked.insert(&table);
    return true;
}

bool PostgresReader::is_unchanged(const PostgresTable& table) {
    return m_shared->present.shape_mark(table.scan.oid) == table.scan.mark;
}

void PostgresReader::open(PostgresTable& table) {
    // Asked now: our transaction keeps the table from being rewritten, and waits for nobody.
    const std::uint32_t oid = table.scan.oid;
    if (table.scan.filtered) {
        table.set_row_filter(
            postgres::read_row_filter(*m_connection, m_pipe->options.publication, oid));
    }
    const std::uint64_t pages = postgres::count_pages(*m_connection, oid);
    m_pipe->work.open(table, static_cast<double>(pages) * kPageBytes / table.about.bytes_per_row(),
                      m_connection->server_version() >= kTidRangeScans ? pages : 0);
}

void PostgresReader::cut(Work::Task& task) {
    // The statistics of a table may be missing or old; the index is there for certain.
    m_connection->query("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off");
    const auto result =
        m_connection->query(table_of(task).sql.bound(task.range.after, m_pipe->options.chunk_rows));
    std::vector<std::string> until;
    for (int column = 0; column < result.columns() && result.rows() == 1; ++column) {
        until.emplace_back(result.text(0, column));
    }
    m_pipe->work.cut(task, std::move(until));
}

void PostgresReader::flush() {
    if (m_lines.empty()) {
        return;
    }
    if (m_shared->check_utf8 && !simdjson::validate_utf8(m_lines.data(), m_lines.size())) {
        throw Error{ExitCode::bad_data, "a text that is not UTF-8",
                    "the database's encoding is SQL_ASCII, which checks nothing"};
    }
    m_pipe->output.put(m_lines);
}

void PostgresReader::read(const Work::Task& task) {
    PostgresTable& table = table_of(task);
    postgres::SnapshotLines lines = table.lines;
    postgres::pgoutput::Tuple tuple;
    std::uint64_t rows = 0;
    std::uint64_t counted = 0;
    const std::uint64_t step = m_pipe->throttle.step();
    const auto count = [&] {
        table.rows += rows - counted;
        counted = rows;
    };
    m_lines.reserve(kChunkBytes + kChunkBytes / 4);
    lines.set_time(base::now_ms());
    m_connection->query(task.range.kind == Kind::keys
                            ? "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
                            : "SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on");
    try {
        postgres::CopyOut copy{*m_connection, table.sql.copy(task.range), [&] {
                                   check_stop();
                                   count();
                                   flush(); // a slow server: nothing waits for a neighbour
                                   lines.set_time(base::now_ms());
                               }};
        char* row = nullptr;
        std::size_t size = 0;
        while (copy.next(row, size)) {
            postgres::decode_copy_row(row, size, tuple);
            lines.append_row(m_lines, tuple);
            ++rows;
            if (m_lines.size() >= kChunkBytes) {
                count();
                flush();
                lines.set_time(base::now_ms());
            }
            if (step != 0 && ++m_unpassed == step) {
                m_unpassed = 0;
                count();
                flush();
                m_pipe->throttle.pass(step, m_pipe->output);
            }
        }
        flush();
    } catch (const ServerError& error) {
        throw ServerError{
            error.code(),
            fmt::format("table {}: {}", in_quotes(table.scan.display_name()), error.what()),
            error.sqlstate(), error.hint()};
    } catch (const Error& error) {
        throw Error{error.code(),
                    fmt::format("table {}: {}", in_quotes(table.scan.display_name()), error.what()),
                    error.hint()};
    }
    count();
    // ATTACH PARTITION and DETACH CONCURRENTLY do not wait for our lock.
    if (table.scan.partitioned && !is_unchanged(table)) {
        m_pipe->work.give_up(table, "was altered");
        return;
    }
    m_pipe->work.finish(task, rows);
}

} // namespace cdc::snapshot
