#include "postgres/table_scan.hpp"

#include <libpq-fe.h>

#include <algorithm>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

constexpr int kWaitStepMs = 100;
constexpr std::size_t kFirstRowBytes = std::size_t{64} << 10;
constexpr std::size_t kMinRoom = 4096;

void add_condition(std::string& conditions, const std::string& condition) {
    conditions += conditions.empty() ? " WHERE " : " AND ";
    conditions += condition;
}

} // namespace

std::string quote_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        out.append(c == '"' ? 2 : 1, c);
    }
    return out + '"';
}

std::string quote_text(std::string_view text) {
    std::string out = text.find('\\') == std::string_view::npos ? "'" : " E'";
    for (const char c : text) {
        out.append(c == '\'' || c == '\\' ? 2 : 1, c);
    }
    return out + '\'';
}

ScanSql::ScanSql(const ScanTable& table, const std::string& condition) {
    for (const ScanTable::Column& column : table.columns) {
        m_columns += (m_columns.empty() ? "" : ", ") + quote_name(column.name);
    }
    // Children by inheritance are tables of their own; partitions are parts of their root.
    const std::string name = quote_name(table.schema) + "." + quote_name(table.name);
    m_from = (table.partitioned ? "" : "ONLY ") + name;
    if (!table.row_filter.empty()) {
        add_condition(m_conditions, "(" + table.row_filter + ")");
    }
    if (!condition.empty()) {
        add_condition(m_conditions, "(" + condition + ")");
    }
    for (const ScanTable::KeyColumn& column : table.paging_key) {
        const char* separator = m_key_names.empty() ? "" : ", ";
        m_key_names += separator + quote_name(column.name);
        m_key_columns += separator + quote_name(column.name) + column.collate;
        m_key_types.push_back(column.type);
    }
    const bool generated = std::any_of(table.columns.begin(), table.columns.end(),
                                       [](const auto& column) { return column.generated; });
    m_plain = !table.partitioned && !generated && m_conditions.empty() && !m_columns.empty();
}

std::string ScanSql::lock() const {
    return "SELECT " + m_columns + " FROM " + m_from + " LIMIT 0";
}

/// `ROW(a, b) > ROW('1'::integer, 'x'::text)`: one range of the index, whatever the collation.
std::string ScanSql::compare(const char* op, const std::vector<std::string>& values) const {
    if (values.size() != m_key_types.size()) {
        fail(ExitCode::bad_data, "a key of {} values for {} key columns", values.size(),
             m_key_types.size());
    }
    std::string out = "ROW(" + m_key_columns + ") " + op + " ROW(";
    for (std::size_t i = 0; i < values.size(); ++i) {
        out += (i == 0 ? "" : ", ") + quote_text(values[i]) + "::" + m_key_types[i];
    }
    return out + ")";
}

std::string ScanSql::copy(const ScanRange& range) const {
    if (range.kind == ScanRange::Kind::whole && m_plain) {
        return "COPY " + m_from.substr(std::string_view{"ONLY "}.size()) + " (" + m_columns +
               ") TO STDOUT";
    }
    std::string conditions = m_conditions;
    if (range.kind == ScanRange::Kind::pages) {
        add_condition(conditions, fmt::format("ctid >= '({},0)'::tid", range.first_page));
        if (range.end_page) {
            add_condition(conditions, fmt::format("ctid < '({},0)'::tid", *range.end_page));
        }
    }
    if (range.kind == ScanRange::Kind::keys) {
        if (!range.after.empty()) {
            add_condition(conditions, compare(">", range.after));
        }
        if (!range.until.empty()) {
            add_condition(conditions, compare("<=", range.until));
        }
    }
    return "COPY (SELECT " + m_columns + " FROM " + m_from + conditions + ") TO STDOUT";
}

std::string ScanSql::bound(const std::vector<std::string>& after, std::uint64_t rows) const {
    std::string sql = "SELECT " + m_key_names + " FROM " + m_from;
    if (!after.empty()) {
        sql += " WHERE " + compare(">", after);
    }
    return fmt::format("{} ORDER BY {} LIMIT 1 OFFSET {}", sql, m_key_columns, rows - 1);
}

CopyOut::CopyOut(Connection& connection, const std::string& sql, std::function<void()> on_wait)
    : m_connection{&connection}, m_on_wait{std::move(on_wait)}, m_row(kFirstRowBytes) {
    const Result result = connection.query(sql);
    if (PQresultStatus(result.raw()) != PGRES_COPY_OUT) {
        fail(ExitCode::failed, "COPY was not answered with rows");
    }
}

bool CopyOut::next(char*& row, std::size_t& size) {
    m_size = 0;
    while (true) {
        if (m_row.size() - m_size < kMinRoom) {
            m_row.resize(m_row.size() * 2);
        }
        // Gives a row, or a part of one where it does not fit: only a whole row ends in '\n'.
        const int got = PQgetlineAsync(
            m_connection->raw(), m_row.data() + m_size,
            static_cast<int>(std::min<std::size_t>(m_row.size() - m_size, std::size_t{1} << 30)));
        if (got < 0) {
            return end();
        }
        if (got > 0) {
            m_size += static_cast<std::size_t>(got);
            if (m_row[m_size - 1] == '\n') {
                row = m_row.data();
                size = m_size;
                return true;
            }
            continue;
        }
        if (!m_pause.wait_readable(PQsocket(m_connection->raw()), kWaitStepMs) && m_on_wait) {
            m_on_wait();
        }
        if (PQconsumeInput(m_connection->raw()) == 0) {
            throw m_connection->error("lost the connection");
        }
    }
}

bool CopyOut::end() {
    if (m_size != 0) {
        fail(ExitCode::failed, "COPY ended inside a row");
    }
    bool ended = false;
    while (pg_result* raw = PQgetResult(m_connection->raw())) {
        const Result result{raw};
        if (PQresultStatus(raw) == PGRES_COPY_OUT) {
            fail(ExitCode::failed, "COPY did not end");
        }
        if (PQresultStatus(raw) != PGRES_COMMAND_OK) {
            throw m_connection->error("cannot read", raw);
        }
        ended = true;
    }
    if (!ended) {
        throw m_connection->error("lost the connection");
    }
    return false;
}

} // namespace cdc::postgres
