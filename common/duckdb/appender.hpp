#ifndef CDC_DUCKDB_APPENDER_HPP
#define CDC_DUCKDB_APPENDER_HPP

#include "duckdb/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::duckdb {

class Connection;

/// Rows into a table, in the connection's transaction. A row's values are set in any order, each
/// once; flush() before the table is read.
class Appender {
public:
    /// Throws EngineError.
    Appender(Connection& connection, const std::string& schema, const std::string& table);
    ~Appender();
    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;

    void null(std::size_t column);
    /// Into varchar (UTF-8, not checked) and blob.
    void text(std::size_t column, std::string_view value);
    /// As it lies in memory: T must be the column's type.
    template<typename T>
    void value(std::size_t column, const T& value) {
        static_cast<T*>(m_columns[column].data)[m_rows] = value;
    }
    void end_row();
    /// Throws EngineError: the rows since the last flush are lost.
    void flush();

    std::size_t columns() const { return m_columns.size(); }

private:
    struct Column {
        void* vector = nullptr;
        void* data = nullptr;
        std::uint64_t* validity = nullptr; ///< null until the chunk has a NULL in the column
    };
    void find_columns();
    void append_chunk();
    void check(int state);

    void* m_appender = nullptr;
    void* m_chunk = nullptr;
    std::string m_table;
    std::uint64_t m_rows = 0;
    std::uint64_t m_capacity = 0;
    std::vector<Column> m_columns;
};

} // namespace cdc::duckdb

#endif
