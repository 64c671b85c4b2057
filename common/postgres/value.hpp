#ifndef CDC_POSTGRES_VALUE_HPP
#define CDC_POSTGRES_VALUE_HPP

#include "event/encoding.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::postgres {

/// How the server's text of a value becomes JSON: cdc-event(5), "Values". The stream and the
/// snapshot both use this codec and no other.
enum class ValueKind : std::uint8_t {
    boolean,
    integer,     ///< int2, int4, int8, oid, xid, cid, xid8: a number, a string beyond ±2^53
    real,        ///< float4, float8
    money,       ///< digits without currency and grouping, where they have the usual form
    bytes,       ///< bytea in hex form
    timestamp,   ///< without time zone
    timestamptz, ///< UTC
    text,        ///< everything else: a string of the server's text

    // Debezium's encodings, for Encoding::debezium only (debezium_value.cpp):
    plain_integer,    ///< a number, however large
    decimal,          ///< base64 of the unscaled big-endian number
    variable_decimal, ///< `{"scale":2,"value":BASE64}`
    days,             ///< date
    time_millis,
    time_micros,
    zoned_time, ///< ISO 8601 in UTC
    timestamp_millis,
    timestamp_micros,
    zoned_timestamp, ///< ISO 8601 in UTC, always with `scale` digits of a second
    interval_micros, ///< a month has 30.4375 days
    bit,             ///< bit(1): true, false
    bits,            ///< base64, the last bit first
    point,           ///< `{"x":…,"y":…,"wkb":BASE64,"srid":null}`
    hstore,          ///< a string that holds a JSON object
};

using event::Encoding;

/// All that the codec knows of a column.
struct ValueCodec {
    ValueKind kind = ValueKind::text; ///< of an array: of its elements
    char delimiter = 0;               ///< between an array's elements; 0: no array
    Encoding encoding = Encoding::exact;
    std::int16_t scale = 0; ///< Debezium's decimals and zoned timestamps

    ValueCodec() = default;
    ValueCodec(ValueKind of, char between = 0) : kind{of}, delimiter{between} {}
    bool is_array() const { return delimiter != 0; }
};

/// By the type's id (of a domain: its base type's).
ValueKind value_kind(std::uint32_t type);

/// Appends the JSON of a value that is not NULL. `text` is what a session with Connection's
/// settings writes. Throws Error (bad_data) when it does not have the form of its kind.
///
/// An array is an array of its elements, one within another where it has more dimensions. One whose
/// indexes do not begin at 1 is `{"bounds":"[0:1]","elements":[…]}`, for equal elements under other
/// indexes are another value.
void append_value(std::string& out, ValueCodec codec, std::string_view text);
/// The same of a text in allocated memory that nobody reads again: that of a large one goes while
/// its JSON comes.
void append_value_once(std::string& out, ValueCodec codec, std::string_view text);

/// -?digits without zeros in front, as the server writes integers.
bool is_integer_text(std::string_view text);
/// Whether it is -?digits[.digits][e[+-]digits] as JSON has it, or NaN, Infinity, -Infinity.
bool is_real_text(std::string_view text);

} // namespace cdc::postgres

#endif
