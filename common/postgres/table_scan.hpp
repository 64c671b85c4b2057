#ifndef CDC_POSTGRES_TABLE_SCAN_HPP
#define CDC_POSTGRES_TABLE_SCAN_HPP

#include "io/input_pause.hpp"
#include "postgres/connection.hpp"
#include "postgres/scan_table.hpp"
#include "source/scan_range.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::postgres {

using source::ScanRange;

/// The statements that read a table. Pure: names and texts are quoted here.
class ScanSql {
public:
    /// `condition` is the user's, in SQL; empty: none.
    ScanSql(const ScanTable& table, const std::string& condition);

    /// Takes ACCESS SHARE, the lock of every SELECT, until the end of the transaction, and finds
    /// out whether table and columns are there.
    std::string lock() const;
    std::string copy(const ScanRange& range) const;
    /// The key of the row that is `rows` rows behind `after`; no row when there are not so many.
    /// Rows that a condition leaves out count too: the index alone answers.
    std::string bound(const std::vector<std::string>& after, std::uint64_t rows) const;

private:
    std::string compare(const char* op, const std::vector<std::string>& values) const;

    std::string m_columns;
    std::string m_from;
    std::string m_conditions;
    std::string m_key_columns; ///< as they are compared and sorted
    std::string m_key_names;
    std::vector<std::string> m_key_types;
    bool m_plain; ///< COPY of the table itself says the same
};

/// `"name"`, always quoted.
std::string quote_name(std::string_view name);
/// `'text'`, right whatever standard_conforming_strings says.
std::string quote_text(std::string_view text);

/// The rows of one COPY … TO STDOUT, one after the other, in memory that is kept from row to row:
/// libpq's own PQgetCopyData would allocate each.
class CopyOut {
public:
    /// While waiting for the server, `on_wait` is called at least every 100 ms and may throw.
    /// Throws ServerError.
    CopyOut(Connection& connection, const std::string& sql, std::function<void()> on_wait);

    /// Waits for the next row in text format, with its '\n'; it may be changed in place. False at
    /// the end. Throws ServerError when the server gave up.
    bool next(char*& row, std::size_t& size);

private:
    bool end();

    Connection* m_connection;
    std::function<void()> m_on_wait;
    io::InputPause m_pause;
    std::vector<char> m_row;
    std::size_t m_size = 0;
};

} // namespace cdc::postgres

#endif
