#ifndef CDC_CLICKHOUSE_ROW_ENCODER_HPP
#define CDC_CLICKHOUSE_ROW_ENCODER_HPP

#include "base/error.hpp"
#include "clickhouse/batch.hpp"
#include "clickhouse/schema.hpp"
#include "clickhouse/value_policy.hpp"
#include "event/line_decoder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::clickhouse {

/// NULL for a column that is not Nullable, and could be: it is no part of the key.
class NullValue : public base::Error {
public:
    NullValue(const std::string& message, std::size_t column)
        : base::Error{base::ExitCode::bad_data, message}, m_column{column} {}
    std::size_t column() const noexcept { return m_column; }

private:
    std::size_t m_column;
};

/// Turns images of change lines into rows of one raw table, in the layout of insert_sql():
///
///     with key     key columns, other columns, _version, _deleted, _source_ts_ms
///     without      all columns, _version, _row, _sign, _source_ts_ms
///     history      key columns, _version, other columns, operation_type, _source_ts_ms
///     without key  all columns, _version, _row, _sign, operation_type, _source_ts_ms
///
/// A batch keeps one row of each key; in history the version belongs to the key.
///
/// Pure. All functions throw Error (bad_data) that names column and value, NullValue where the
/// policy leaves the choice. Not for two threads at once.
class RowEncoder {
public:
    explicit RowEncoder(TargetShape shape, const ValuePolicy& policy = {});

    const TargetShape& shape() const { return m_shape; }
    const ValuePolicy& policy() const { return m_policy; }
    /// Values that the policy decided; whoever writes a row only to prove it sets them back.
    ValueCounts& counts() { return m_counts; }

    /// The first column that is NULL in `image` and cannot be; nothing: there is none.
    std::optional<std::size_t> misplaced_null(const event::Image& image);

    /// Takes the members of `image` as the column values of the next row. The image's bytes must
    /// live until the row is written. `passes_over`: a member that is no column is no error.
    void take(const event::Image& image, bool passes_over = false);
    /// Columns of the last take() that had no member and are not in `excused`, which excuses none
    /// of the key; the first such name, or "".
    std::string_view first_missing(const std::vector<std::string_view>& excused) const;
    /// The same of the key's columns alone.
    std::string_view first_missing_of_key() const;
    /// The first of the names, as they stand between a line's quotes, that no column has; or "".
    std::string_view first_unknown(const std::vector<std::string_view>& names) const;

    /// A row of a table with key from the values taken; columns without a value get the type's
    /// default. `line_size` bounds the values' size. `op` is for the history.
    void write_row(RowBatch& out, std::size_t line_size, event::Order order, std::int64_t ts_ms,
                   char op = 'u');
    /// The same; columns without a value are copied from `base`, a row of this layout.
    void write_filled(RowBatch& out, std::size_t line_size, event::Order order, std::int64_t ts_ms,
                      std::string_view base, char op = 'u');
    /// A deleted row: the key's columns as taken, defaults elsewhere; in history all values taken.
    void write_deleted(RowBatch& out, std::size_t line_size, event::Order order,
                       std::int64_t ts_ms);
    /// A row of a table without key.
    void write_signed(RowBatch& out, std::size_t line_size, event::Order order, std::int64_t ts_ms,
                      std::uint64_t row, std::int8_t sign, char op = 'u');
    /// The row that stands for a truncate in a history.
    void write_truncate(RowBatch& out, event::Order order, std::int64_t ts_ms);

    /// Key bytes, as rows begin with them (without the version of a history), of the values taken.
    void write_key(std::string& out);

    /// Parts of a row of a table with key.
    event::Order order_of(std::string_view row) const;
    bool is_deleted(std::string_view row) const;
    /// Where the key, without version, ends in a row; npos when the row is broken.
    std::size_t key_size(std::string_view row) const;
    /// Where the row that starts at `at` ends; nullptr when it is not whole.
    const char* row_end(const char* at, const char* end) const;

private:
    /// The column of that name, looked for from `expected` on; the number of columns: none.
    std::size_t find_name(std::string_view name, std::size_t expected) const;
    /// The size of _version, _deleted, _source_ts_ms, which end a row of a table with key; and of
    /// operation_type, _source_ts_ms.
    static constexpr std::size_t kTailSize = 16 + 1 + 8;
    static constexpr std::size_t kHistoryTailSize = 2 + 8;

    void append_column(char*& out, std::size_t column);
    /// Ends the key of a row that started at `start`; the key's size.
    std::size_t end_key(char*& at, const char* start, event::Order order) const;
    std::size_t room(std::size_t line_size) const {
        return m_growth * line_size + m_shape.columns.size() * 96 + 64;
    }
    void end_keyed(RowBatch& out, char* at, std::size_t key_size, event::Order order, char op,
                   std::int64_t ts_ms) const;

    TargetShape m_shape;
    std::size_t m_growth = 2; ///< bytes of a row for each byte of its line, at most
    ValuePolicy m_policy;
    ValueCounts m_counts;
    std::vector<bool> m_in_key;
    std::vector<std::size_t> m_layout;      ///< columns in the order of a row
    std::vector<std::string> m_names;       ///< as they stand between a line's quotes
    std::vector<std::string_view> m_values; ///< JSON texts; empty: none
};

} // namespace cdc::clickhouse

#endif
