#ifndef CDC_CLICKHOUSE_ROW_FORMAT_HPP
#define CDC_CLICKHOUSE_ROW_FORMAT_HPP

#include "base/numbers.hpp"
#include "clickhouse/types.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

/// JSON values of change lines to ClickHouse's RowBinary (all numbers little-endian):
///
///     Nullable       1 byte, 1 = NULL and nothing follows
///     String         length as varint, bytes
///     Bool           1 byte            Date32      Int32, days since 1970
///     DateTime64(s)  Int64 of 10^-s s  Decimal(p,s) Int32/64/128/256 of 10^-s, by p <= 9, 18, 38,
///     76 UUID           two UInt64, the more significant one first
///     Array          number of elements as varint, elements
///
/// Functions write to `out`, which they move on, without a check: the caller has made room.
namespace cdc::clickhouse {

/// Room that one value needs at most.
constexpr std::size_t max_value_size(std::size_t json_size) {
    return json_size + 48;
}
/// The same of an array too, whose short elements may have longer ones in RowBinary.
std::size_t max_value_size(const Type& type, std::size_t json_size);

/// The elements of an array's JSON, without the bounds of one whose indexes do not begin at 1:
/// `{"bounds":"[0:1]","elements":[…]}`. ClickHouse's do.
std::string_view array_elements(std::string_view json);

/// Appends the value that the JSON text means. nullptr, or what is wrong with it ("is out of the
/// range of Int16"); `out` is then as before.
const char* append_value(char*& out, const ColumnMapping& column, std::string_view json);

/// NULL where the type has it, else the type's zero.
void append_default(char*& out, const Type& type);

/// Where the value that starts at `at` ends; nullptr when it does not end before `end`.
const char* skip_value(const char* at, const char* end, const Type& type);

template<typename T>
void append_number(char*& out, T value) {
    std::memcpy(out, &value, sizeof(value));
    out += sizeof(value);
}
/// Room: 10 bytes.
void append_varint(char*& out, std::size_t value);
/// Room: 10 bytes and the text.
void append_string(char*& out, std::string_view text);

/// Reads a varint; false when it does not end before `end`.
bool read_varint(const char*& at, const char* end, std::size_t& value);

} // namespace cdc::clickhouse

#endif
