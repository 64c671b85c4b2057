#ifndef CDC_BASE_TIME_HPP
#define CDC_BASE_TIME_HPP

#include <cstdint>
#include <string>

namespace cdc::base {

/// Wall clock, milliseconds since 1970-01-01 UTC.
std::int64_t now_ms();

/// Monotonic clock, milliseconds; for deadlines only.
std::int64_t steady_ms();

/// "2025-07-21T10:00:00.123Z"
std::string format_utc_ms(std::int64_t ms_since_epoch);

/// Days since 1970-01-01 of a proleptic Gregorian date; month 1..12, day 1..31.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);

struct CivilDate {
    std::int64_t year;
    unsigned month;
    unsigned day;
};
CivilDate civil_from_days(std::int64_t days);

bool is_valid_civil(std::int64_t year, unsigned month, unsigned day);

} // namespace cdc::base

#endif
