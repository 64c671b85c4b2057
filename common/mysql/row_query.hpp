#ifndef CDC_MYSQL_ROW_QUERY_HPP
#define CDC_MYSQL_ROW_QUERY_HPP

#include "mysql/connection.hpp"
#include "mysql/event_type.hpp"
#include "mysql/value.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// One value of a result, valid until the next row.
struct ResultField {
    std::string_view bytes;
    bool null = false;
};

/// The rows of one query, one after another, by the binary protocol of prepared statements: the
/// text protocol rounds floats. Text comes in UTF-8, times in UTC.
///
///     row    0x00, bitmap of NULLs ((columns + 9) / 8 bytes, the first two bits unused), values
///     value  integers in their size, little-endian, year as 2 bytes; floats in theirs; all else
///            behind a packed length: dates and times as ResultTime, decimals, enums, sets and JSON
///            as their text, bits with the highest byte first
///     column packed catalog, schema, table, table, name, name; MariaDB's packed extensions; length
///            0x0c; the last 12 bytes: collation u16, length u32, type u8, flags u16, decimals u8,
///            2 bytes unused
class RowQuery {
public:
    /// `on_wait` is called while the server works on the first row. Throws ServerError.
    RowQuery(Connection& connection, const std::string& sql,
             const std::function<void()>& on_wait = {});

    /// False: there is no more row. A query that is not read to its end leaves the connection in
    /// the midst of its answer. Throws ServerError, Error (bad_data).
    bool next(std::vector<ResultField>& fields);

private:
    struct Column {
        std::string name;
        std::uint8_t size;      ///< of its values; 0: a length stands before them
        const Charset* charset; ///< null: its values are UTF-8, or no text
        std::string text;       ///< that of the last value, in UTF-8
    };

    static Column column_of(std::string_view definition);
    void skip_definitions(std::uint64_t count);

    Connection& m_connection;
    std::uint32_t m_statement = 0;
    std::vector<Column> m_columns;
    bool m_done = false;
};

/// Appends the JSON of a result's value, as append_value() does of the log's. Throws Error
/// (bad_data).
void append_result_value(std::string& out, const ValueCodec& codec, std::string_view bytes);

} // namespace cdc::mysql

#endif
