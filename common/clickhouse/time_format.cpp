#include "clickhouse/time_format.hpp"

#include "base/time.hpp"
#include "clickhouse/json_text.hpp"
#include "clickhouse/row_format.hpp"

#include <cstdint>

namespace cdc::clickhouse {

namespace {

constexpr const char* kNoDate = "is not a date between 1900-01-01 and 2299-12-31";
constexpr const char* kNoTime = "is not a date and time between 1900 and 2299";
constexpr const char* kNoNanoseconds =
    "is behind 2262-04-11T23:47:15, where the column's nanoseconds end";
constexpr std::int64_t kFirstDay = -25567; // 1900-01-01
constexpr std::int64_t kLastDay = 120529;  // 2299-12-31
constexpr std::int64_t kEndOfNanoseconds = INT64_MAX / 1'000'000'000;

bool read_digits(std::string_view text, std::size_t at, int count, unsigned& value) {
    value = 0;
    for (int i = 0; i < count; ++i) {
        const auto digit = static_cast<unsigned>(text[at + static_cast<std::size_t>(i)] - '0');
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    return true;
}

/// Days since 1970 of "YYYY-MM-DD" at the start of `text`; false outside 1900 to 2299.
bool read_date(std::string_view text, std::int64_t& days) {
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !read_digits(text, 0, 4, year) ||
        !read_digits(text, 5, 2, month) || !read_digits(text, 8, 2, day) ||
        !base::is_valid_civil(year, month, day)) {
        return false;
    }
    days = base::days_from_civil(year, month, day);
    return days >= kFirstDay && days <= kLastDay;
}

} // namespace

const char* append_date(char*& out, std::string_view json) {
    const std::string_view text = plain_text(json);
    std::int64_t days = 0;
    if (!is_string(json) || text.size() != 10 || !read_date(text, days)) {
        return kNoDate;
    }
    append_number(out, static_cast<std::int32_t>(days));
    return nullptr;
}

const char* append_datetime(char*& out, const Type& type, std::string_view json) {
    std::string_view text = plain_text(json);
    std::int64_t days = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (!is_string(json) || text.size() < 19 || !read_date(text, days) ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':' ||
        !read_digits(text, 11, 2, hour) || !read_digits(text, 14, 2, minute) ||
        !read_digits(text, 17, 2, second) || hour > 23 || minute > 59 || second > 59) {
        return kNoTime;
    }
    text.remove_prefix(19);
    if (!text.empty() && text.back() == 'Z') {
        text.remove_suffix(1);
    }
    std::int64_t ticks = ((days * 24 + hour) * 60 + minute) * 60 + second;
    if (type.scale > 8 && ticks >= kEndOfNanoseconds) {
        return kNoNanoseconds;
    }
    int digits = 0;
    if (!text.empty()) {
        if (text[0] != '.' || text.size() == 1) {
            return kNoTime;
        }
        for (const char c : text.substr(1)) {
            if (c < '0' || c > '9') {
                return kNoTime;
            }
            if (digits < type.scale) {
                ticks = ticks * 10 + (c - '0');
                ++digits;
            } else if (c != '0') {
                return "has more digits of a second than the column";
            }
        }
    }
    for (; digits < type.scale; ++digits) {
        ticks *= 10;
    }
    append_number(out, ticks);
    return nullptr;
}

} // namespace cdc::clickhouse
