#include "cdc-snapshot/mysql_reader.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "mysql/row_query.hpp"

#include <algorithm>
#include <optional>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
constexpr unsigned kNoSuchTable = 1146;
constexpr unsigned kNoSuchColumn = 1054;
constexpr unsigned kDefinitionChanged = 1412;

MysqlTable& table_of(const Work::Task& task) {
    return static_cast<MysqlTable&>(*task.table); // MysqlSnapshot makes no others
}

/// Why the table cannot be read any more as it was; nothing: that is not it. A column that is not
/// there may be one of --where.
std::optional<std::string> why_gone(const mysql::ServerError& error, bool whole) {
    switch (error.number()) {
    case kNoSuchTable:
        return "was dropped";
    case kNoSuchColumn:
        return whole ? std::optional<std::string>{"was altered"} : std::nullopt;
    case kDefinitionChanged:
        return "was altered";
    default:
        return std::nullopt;
    }
}

TableWork::About about(const mysql::CatalogTable& found, const mysql::TablePlan& plan,
                       const std::string& condition) {
    TableWork::About out;
    out.schema = found.map.db;
    out.name = found.map.table;
    out.shape = found.fingerprint.text;
    out.rows = found.rows;
    out.paging_key = mysql::ScanSql{plan, "", ""}.key();
    out.clustered = true;
    out.whole = condition.empty();
    return out;
}

} // namespace

MysqlTable::MysqlTable(const mysql::CatalogTable& found, mysql::TablePlan table_plan,
                       const std::string& condition, const mysql::SnapshotLines::Place& place)
    : TableWork{snapshot::about(found, table_plan, condition)}, engine{found.engine},
      fingerprint{found.fingerprint}, plan{std::move(table_plan)}, lines{place, plan},
      sql{plan, lines.select_list(), condition} {}

void MysqlTable::append_shape(std::string& out, std::int64_t now_ms) const {
    lines.append_table(out, now_ms);
}

void MysqlTable::append_begin(std::string& out, std::int64_t now_ms) const {
    lines.append_begin(out, order, about.whole, now_ms);
}

void MysqlTable::append_end(std::string& out, std::int64_t now_ms) const {
    lines.append_end(out, order, about.whole, now_ms);
}

void MysqlTable::refuse_doubled(bool exact) const {
    const bool in_snapshot = engine == "InnoDB" || engine == "ROCKSDB" || engine == "TokuDB";
    if (!plan.key().empty() || (exact && in_snapshot)) {
        return;
    }
    const std::string name = in_quotes(about.display_name());
    if (exact) {
        throw Error{ExitCode::refused,
                    fmt::format("table {} has no key, and its engine {} gives no consistent "
                                "snapshot",
                                name, engine),
                    "give it a key, make it InnoDB, or leave it out with --exclude"};
    }
    throw Error{ExitCode::refused,
                fmt::format("table {} has no key, and nothing may be locked", name),
                "grant RELOAD to the user, give the table a key, or leave it out with --exclude"};
}

bool MysqlPresent::is_unchanged(const MysqlTable& table) {
    const std::lock_guard lock{m_mutex};
    const auto found = mysql::read_table(m_connection, table.about.schema, table.about.name);
    return found && found->fingerprint.same(table.fingerprint);
}

void MysqlReader::run() {
    m_connection.execute("SAVEPOINT before_tables");
    while (true) {
        Work::Task task = m_pipe->work.next();
        if (task.kind == Work::Task::Kind::none) {
            return;
        }
        unlock_when_over();
        try {
            do_task(task);
        } catch (const mysql::ServerError& error) {
            const auto why = why_gone(error, task.table->about.whole);
            if (!why) {
                throw mysql::ServerError{error.code(),
                                         fmt::format("table {}: {}",
                                                     in_quotes(task.table->about.display_name()),
                                                     error.what()),
                                         error.number(), error.hint()};
            }
            m_pipe->work.give_up(*task.table, *why);
        } catch (const Error& error) {
            throw Error{error.code(),
                        fmt::format("table {}: {}", in_quotes(task.table->about.display_name()),
                                    error.what()),
                        error.hint()};
        }
    }
}

void MysqlReader::do_task(Work::Task& task) {
    m_locked.insert(task.table);
    if (task.kind == Work::Task::Kind::open) {
        open(table_of(task));
        return;
    }
    if (task.kind == Work::Task::Kind::cut) {
        cut(task);
    }
    m_pipe->work.finish(task, read(task));
}

void MysqlReader::open(MysqlTable& table) {
    m_connection.query(table.sql.lock());
    if (m_present.is_unchanged(table)) {
        m_pipe->work.open(table, table.about.rows, 0);
    } else {
        m_pipe->work.give_up(table, "was altered");
    }
}

void MysqlReader::unlock_when_over() {
    const bool all_over =
        std::all_of(m_locked.begin(), m_locked.end(),
                    [this](const TableWork* table) { return m_pipe->work.is_over(*table); });
    if (all_over && !m_locked.empty()) {
        m_connection.execute("ROLLBACK TO SAVEPOINT before_tables");
        m_locked.clear();
    }
}

void MysqlReader::cut(Work::Task& task) {
    std::vector<std::string> until;
    const auto bound =
        m_connection.query(table_of(task).sql.bound(task.range.after, m_pipe->options.chunk_rows));
    if (!bound.empty()) {
        for (const auto& value : bound[0]) {
            until.push_back(value.value_or(""));
        }
    }
    m_pipe->work.cut(task, std::move(until));
}

std::uint64_t MysqlReader::read(const Work::Task& task) {
    MysqlTable& table = table_of(task);
    mysql::SnapshotLines lines = table.lines;
    std::uint64_t rows = 0;
    std::uint64_t counted = 0;
    const std::uint64_t step = m_pipe->throttle.step();
    const auto flush = [&] {
        table.rows += rows - std::exchange(counted, rows);
        if (!m_lines.empty()) {
            m_pipe->output.put(m_lines);
        }
    };
    m_lines.reserve(kChunkBytes + kChunkBytes / 4);
    mysql::RowQuery result{m_connection, table.sql.rows(task.range)};
    while (result.next(m_values)) {
        lines.append_row(m_lines, m_values);
        ++rows;
        if (m_lines.size() >= kChunkBytes) {
            flush();
        }
        if (step != 0 && ++m_unpassed == step) {
            m_unpassed = 0;
            flush();
            m_pipe->throttle.pass(step, m_pipe->output);
        }
        if (m_pipe->output.stopped()) {
            throw Stopped{};
        }
    }
    flush();
    return rows;
}

} // namespace cdc::snapshot
