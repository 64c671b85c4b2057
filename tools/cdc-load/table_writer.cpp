#include "cdc-load/table_writer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-load/catalog.hpp"
#include "clickhouse/schema.hpp"

#include <algorithm>

namespace cdc::load {

using clickhouse::ServerError;

namespace {
constexpr std::size_t kStoredKeysAtOnce = 10'000;
constexpr int kTooMuchMemory = 241;
constexpr int kNoSuchColumn = 16;
constexpr int kIncorrectData = 117;
constexpr int kUnknownIdentifier = 47;
} // namespace

Resolver::Insert TableWriter::inserter() {
    return [this](const TableLoader& table, const clickhouse::RowBatch& rows) {
        insert_rows(table, rows, 0, rows.rows().size());
    };
}

void TableWriter::store(TableLoader& table, const TableWork& work) {
    insert_rows(table, work.rows, 0, work.rows.rows().size());
    resolve(table, work);
}

void TableWriter::resolve(TableLoader& table, const TableWork& work) {
    if (!work.waiting.empty() || table.pending > 0) {
        ask(table, [&] { m_resolver.resolve(table, work, inserter()); });
    }
}

void TableWriter::resolve_stored(TableLoader& table, event::Order barrier) {
    ask(table, [&] { m_resolver.resolve_stored(table, barrier, kStoredKeysAtOnce, inserter()); });
}

void TableWriter::ask(const TableLoader& table, const std::function<void()>& question) {
    clickhouse::with_retry(m_retry, [&] {
        try {
            question();
        } catch (const ServerError& error) {
            check_columns(table, error);
            throw;
        }
    });
}

void TableWriter::insert_rows(const TableLoader& table, const clickhouse::RowBatch& rows,
                              std::size_t from, std::size_t to) {
    while (from < to) {
        const std::size_t count = std::min(to - from, m_insert_rows.load());
        try {
            insert_range(table, rows, from, count);
            from += count;
        } catch (const ServerError& error) {
            if (error.server_code() != kTooMuchMemory || count == 1) {
                throw;
            }
            const std::size_t half = std::max<std::size_t>(count / 2, 1);
            m_insert_rows = std::min(m_insert_rows.load(), half);
            base::log::warning("{}; inserting {} rows at once from now on", error.what(),
                               m_insert_rows.load());
        }
    }
}

void TableWriter::insert_range(const TableLoader& table, const clickhouse::RowBatch& rows,
                               std::size_t from, std::size_t count) {
    const clickhouse::TargetShape& shape = table.encoder().shape();
    const std::string into = clickhouse::insert_sql(table.target(), shape);
    const std::string header = clickhouse::rows_header(table.target(), shape);
    clickhouse::with_retry(m_retry, [&] {
        try {
            rows.pieces(m_pieces, from, count);
            m_pieces.insert(m_pieces.begin(), header);
            m_transport.insert(into, clickhouse::kRowsFormat, m_pieces);
        } catch (const ServerError& error) {
            if (error.server_code() == kTooMuchMemory && count > 1) {
                throw ServerError{error.code(), error.what(), error.hint(), error.server_code(),
                                  false};
            }
            check_columns(table, error);
            throw;
        }
    });
}

/// Another loader may have altered the table, or have put another one in its place.
void TableWriter::check_columns(const TableLoader& table, const ServerError& error) {
    const int code = error.server_code();
    if (code != kNoSuchColumn && code != kIncorrectData && code != kUnknownIdentifier) {
        return;
    }
    const auto existing = find_columns(m_transport, table.target().raw);
    for (const auto& column : clickhouse::row_columns(table.target(), table.encoder().shape())) {
        const auto found =
            std::find_if(existing.begin(), existing.end(),
                         [&](const auto& candidate) { return candidate.name == column.name; });
        if (found == existing.end() || found->type != column.type) {
            throw base::Error{base::ExitCode::failed,
                              fmt::format("column {} of {} was altered while rows were on their "
                                          "way to it: {}",
                                          base::in_quotes(column.name),
                                          base::in_quotes(table.target().raw), error.what()),
                              "Start again: the table is looked at anew."};
        }
    }
}

} // namespace cdc::load
