#ifndef CDC_MYSQL_TEMPORAL_HPP
#define CDC_MYSQL_TEMPORAL_HPP

#include "mysql/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::mysql {

/// Appends the text of a date or time, without quotes: "2025-07-21", "-838:59:59.999999",
/// "2025-07-21T10:00:00.123456", with a Z for timestamps. What is no date in the calendar (zero, or
/// with a month or day of 0) has a blank in place of the T, as the server writes it. All `digits`
/// of the fraction are written. Throws Error (bad_data).
///
///     date       day 5 bits, month 4, year; 3 bytes, little-endian
///     time       sign 1, unused 1, hours 10, minutes 6, seconds 6; 3 bytes, big-endian, as all
///                that follow; below 0 the complement of all with the fraction; 0x800000 added
///     datetime   0x8000000000 added; year * 13 + month 17 bits, day 5, hours 5, minutes 6, seconds
///     6 timestamp  seconds since 1970 UTC, 4 bytes; 0 is the zero date
/// and behind each of the last three a fraction of (digits + 1) / 2 bytes, two decimal digits each.
void append_temporal(std::string& out, ValueKind kind, unsigned digits, std::string_view bytes);

/// A date or time as results of prepared statements have it: year u16, month, day, hour, minute,
/// second (1 each), microseconds u32; of a time: sign (1), days u32, hour, minute, second,
/// microseconds u32. Zeros at the end are left out.
struct ResultTime {
    bool negative = false; ///< of a time
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0; ///< of a time: those of its days too
    unsigned minute = 0;
    unsigned second = 0;
    unsigned micros = 0;
};
/// Throws Error (bad_data).
ResultTime parse_result_time(ValueKind kind, std::string_view bytes);
/// As append_temporal() has it.
void append_result_time(std::string& out, ValueKind kind, unsigned digits, const ResultTime& time);

} // namespace cdc::mysql

#endif
