#ifndef CDC_MYSQL_VALUE_HPP
#define CDC_MYSQL_VALUE_HPP

#include "mysql/charset.hpp"
#include "mysql/event_type.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Values of the binary log as JSON: cdc-event(5), "Values".
namespace cdc::mysql {

enum class ValueKind : std::uint8_t {
    integer, ///< signed or not, 1 to 8 bytes
    year,
    bit,
    float32,
    float64,
    decimal,
    date,
    time,
    datetime,
    timestamp,
    old_time, ///< of tables made before fractions of a second
    old_datetime,
    old_timestamp,
    text,
    bytes,
    enumeration,
    set,
    json,
    vector,
    uuid, ///< MariaDB, as inet4 and inet6
    inet4,
    inet6,
};

/// How the values of a column are written.
struct ValueCodec {
    ValueKind kind = ValueKind::bytes;
    bool is_unsigned = false;
    std::uint8_t precision = 0;        ///< decimal
    std::uint8_t scale = 0;            ///< decimal; times: digits of a second
    bool compressed = false;           ///< MariaDB's COMPRESSED columns
    std::uint32_t padded = 0;          ///< BINARY(n): the log leaves zeros at the end out
    const Charset* charset = nullptr;  ///< text
    std::vector<std::string> labels{}; ///< enumeration, set: in UTF-8
};

/// Appends the JSON of one value; `bytes` is what the log has for it. Throws Error (bad_data).
void append_value(std::string& out, const ValueCodec& codec, std::string_view bytes);

/// Parts of it that others need too; all append plain text without quotes.
void append_decimal_text(std::string& out, std::string_view bytes, unsigned precision,
                         unsigned scale);
/// Packed as in DATETIME and TIME of JSON documents.
void append_packed_datetime(std::string& out, std::uint64_t packed, bool date_only);
void append_packed_time(std::string& out, std::int64_t packed);

/// The shortest JSON number that reads back the same; infinities and NaN cannot occur in the
/// server and throw Error (bad_data).
void append_float(std::string& out, float value);
void append_double(std::string& out, double value);

} // namespace cdc::mysql

#endif
