#ifndef CDC_POSTGRES_DEBEZIUM_VALUE_HPP
#define CDC_POSTGRES_DEBEZIUM_VALUE_HPP

#include "postgres/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The encodings of Debezium 3.3's PostgreSQL connector as its JSON converter writes them, with its
/// defaults: decimal.handling.mode=precise, time.precision.mode=adaptive,
/// binary.handling.mode=bytes, interval.handling.mode=numeric, hstore.handling.mode=json.
///
/// What they have no form for (NaN, times beyond 64 bits of microseconds, types that Debezium
/// leaves out) is written as Encoding::exact has it, never as NULL and never left out.
namespace cdc::postgres {

/// By id and modifier of the type, of an array: of its elements; `name` is its name without schema,
/// for types of extensions, whose ids differ from database to database.
ValueCodec debezium_codec(std::uint32_t type, std::int32_t modifier, std::string_view name);

/// A value of one of Debezium's kinds, or of `text`. Throws Error (bad_data).
void append_debezium_value(std::string& out, ValueCodec codec, std::string_view text);

} // namespace cdc::postgres

#endif
