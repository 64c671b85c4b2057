#ifndef CDC_LOAD_RESOLVER_SQL_HPP
#define CDC_LOAD_RESOLVER_SQL_HPP

#include "clickhouse/row_encoder.hpp"
#include "clickhouse/schema.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The questions that the resolver asks, and the reading of their answers: RowBinary; of those
/// about rows with their types in front, kRowsFormat.
namespace cdc::load {

/// Keys as a table expression: "SELECT * FROM format(RowBinary, 'STRUCTURE', unhex('…'))".
std::string keys_sql(std::string_view structure, std::string_view bytes);

/// Waiting lines of these keys (each a String): _key, _version, _line.
std::string waiting_sql(const clickhouse::Target& target, std::string_view key_bytes);

/// Versions and sizes (UInt64) of the lines of one key above `after`, the lowest first, `limit` at
/// most; and the lines in `(after, through]`, as waiting_sql() gives them.
std::string line_sizes_sql(const clickhouse::Target& target, std::string_view key_bytes,
                           event::Order after, std::size_t limit);
std::string lines_sql(const clickhouse::Target& target, std::string_view key_bytes,
                      event::Order after, event::Order through);

/// Of the same lines, each key with their size together (UInt64).
std::string waiting_sizes_sql(const clickhouse::Target& target, std::string_view key_bytes);
/// The same of the first `limit` keys that have any.
std::string stored_sizes_sql(const clickhouse::Target& target, std::size_t limit);

/// The highest whole row of each key, in the layout of the encoder, not below the barrier. In front
/// of each a byte: 1, or 0 where the rows before it have `bytes` already. Such a row has nothing in
/// its columns; it is to be asked for again.
std::string bases_sql(const clickhouse::Target& target, const clickhouse::TargetShape& shape,
                      std::string_view key_bytes, event::Order barrier, std::size_t bytes);

/// In a history, for each key and version: that byte, the version, whether it is stored already,
/// and the row below it in the layout of the encoder (version 0: none). Of a key the lower versions
/// come first.
std::string history_bases_sql(const clickhouse::Target& target,
                              const clickhouse::TargetShape& shape,
                              std::string_view key_and_version_bytes, std::size_t bytes);

/// Walks over an answer in RowBinary. Throws Error (failed) where it ends too early.
class Rows {
public:
    explicit Rows(std::string_view bytes) : m_at{bytes.data()}, m_end{m_at + bytes.size()} {}
    bool more() const { return m_at < m_end; }
    /// The names and types in front of rows of the table, behind `before` other columns. Throws
    /// Error (failed) where they are not those of `shape`: another loader altered the table.
    void take_types(const clickhouse::Target& target, const clickhouse::TargetShape& shape,
                    std::size_t before);
    std::string_view string();
    event::Order order();
    std::uint8_t byte();
    std::uint64_t number();
    std::string_view row(const clickhouse::RowEncoder& encoder);

private:
    const char* m_at;
    const char* m_end;
};

} // namespace cdc::load

#endif
