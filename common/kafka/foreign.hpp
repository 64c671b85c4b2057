#ifndef CDC_KAFKA_FOREIGN_HPP
#define CDC_KAFKA_FOREIGN_HPP

#include "kafka/connect_row.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// What Debezium writes for a value that the log did not carry, as text and as bytes.
inline constexpr std::string_view kUnavailableText = R"("__debezium_unavailable_value")";
inline constexpr std::string_view kUnavailableBytes =
    R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==")";

/// Appends the change line (with its '\n') that a record in one of Debezium's JSON forms means:
/// the bare envelope, or `{"schema":…,"payload":…}`, key and value each in either form.
///
/// - `source.order` is added where it is missing: epoch 1, position = the Kafka offset, index = the
///   partition + 1. It rises in each partition, and so for each key, and no two records share one.
///   Rejected: an order that `lsn`, or binlog file and `pos`, lead (epoch 0; what older versions
///   wrote, all of it lower). These fall after a fail-over to a server that was behind and after
///   RESET of binlogs; and a change may be older than the snapshot that it follows, since `lsn` is
///   where it was written, not where it was committed.
/// - Integers beyond ±2^53, and other numbers whose digits no double holds, become strings; white
///   space between tokens goes away.
/// - Columns that hold `__debezium_unavailable_value`, in any of its forms, go from `after` to
///   `unchanged`.
/// - With `rows`, and where the value comes with its schema, values become those of cdc-event(5):
///   dates, times and decimals as text.
///
/// `value_schema` is that of a value which came without it, as Connect's JSON converter writes it.
/// `known_row` is that of a record whose columns are known otherwise.
/// `key` is the record's key, "null" for none. Gives the row's columns, as ConnectRows::of() does;
/// nullptr where there is no schema. Throws Error (bad_data) on anything else.
const ConnectRow* append_foreign(std::string& out, std::string_view key, std::string_view value,
                                 int partition, std::int64_t offset, ConnectRows* rows = nullptr,
                                 std::string_view value_schema = {},
                                 const ConnectRow* known_row = nullptr);

/// A JSON object, taken out of Connect's wrapped form `{"schema":…,"payload":…}` where it is in it.
struct Unwrapped {
    std::string_view text;   ///< an object, or `null`; the whole text where it is not wrapped
    std::string_view schema; ///< empty: none
};
/// The one reading of that form, for keys and values. Nothing: the text is no JSON object.
std::optional<Unwrapped> unwrap(std::string_view json);

/// The order that append_foreign() gives a change which has none.
std::string order_of_offset(int partition, std::int64_t offset);

/// Whether a value in one of these forms is one of a change.
bool is_foreign_change(std::string_view value);

/// The value of a delete of the table that `sample` is of: a change's value in one of the forms
/// above, or a table line. `order`: of the delete; empty: as append_foreign() makes it. Empty where
/// the sample has no source.
std::string deletion_like(std::string_view sample, std::string_view order, std::int64_t ts_ms);

/// Appends the JSON text without white space and with numbers that no double holds (integers beyond
/// ±2^53, decimals of more digits) as strings. The text must be valid JSON.
void append_exact_json(std::string& out, std::string_view json);

} // namespace cdc::kafka

#endif
