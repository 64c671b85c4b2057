#ifndef CDC_RECORD_MOMENT_HPP
#define CDC_RECORD_MOMENT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Dates and times as cdc-event(5) writes them, and as numbers: days since 1970-01-01, microseconds
/// since midnight, microseconds since 1970. Infinity is the largest number, -infinity the least, as
/// in PostgreSQL itself. Nothing is given for texts that have no such number: zero dates, years
/// that 64 bits of microseconds do not reach.
namespace cdc::record {

/// How many digits a fraction of a second is written with.
constexpr int kAsNeeded = -1; ///< without zeros at its end, as PostgreSQL does

std::optional<std::int32_t> days_of(std::string_view text);
/// "24:00:00" is a time.
std::optional<std::int64_t> time_of(std::string_view text);
/// `zoned`: a text in UTC, with its zone.
std::optional<std::int64_t> timestamp_of(std::string_view text, bool zoned);

void append_date(std::string& out, std::int32_t days);
/// `micros` of a day.
void append_time(std::string& out, std::int64_t micros, int digits);
void append_timestamp(std::string& out, std::int64_t micros, int digits, bool zoned);

} // namespace cdc::record

#endif
