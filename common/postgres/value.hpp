#ifndef CDC_POSTGRES_VALUE_HPP
#define CDC_POSTGRES_VALUE_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::postgres {

/// How the server's text of a value becomes JSON: cdc-event(5), "Values". The stream and the
/// snapshot both use this codec and no other.
enum class ValueKind : std::uint8_t {
    boolean,
    integer,     ///< int2, int4, int8, oid: a number, a string beyond ±2^53
    real,        ///< float4, float8
    money,       ///< digits without currency and grouping, where they have the usual form
    bytes,       ///< bytea in hex form
    timestamp,   ///< without time zone
    timestamptz, ///< UTC
    text,        ///< everything else: a string of the server's text
};

/// By the type's id (of a domain: its base type's).
ValueKind value_kind(std::uint32_t type);

/// Appends the JSON of a value that is not NULL. `text` is what a session with Connection's
/// settings writes. Throws Error (bad_data) when it does not have the form of its kind.
void append_value(std::string& out, ValueKind kind, std::string_view text);

} // namespace cdc::postgres

#endif
