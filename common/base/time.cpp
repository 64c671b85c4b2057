#include "base/time.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cdc::base {

namespace {

// chrono's years end at 32767, PostgreSQL's at 5874897: the calendar repeats itself every 400
// years.
constexpr std::int64_t kEraYears = 400;
constexpr std::int64_t kEraDays = 146097;

struct Split {
    std::int64_t whole;
    std::int64_t rest; ///< never negative
};
Split split(std::int64_t value, std::int64_t size) {
    const std::int64_t whole = value / size - (value % size < 0 ? 1 : 0);
    return {whole, value - whole * size};
}

/// A year that chrono does not have is one of its era.
Split split_year(std::int64_t year) {
    return year >= -32767 && year <= 32767 ? Split{0, year} : split(year, kEraYears);
}

std::chrono::year_month_day chrono_date(std::int64_t year, unsigned month, unsigned day) {
    return {std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
            std::chrono::day{day}};
}

} // namespace

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t steady_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    const auto [era, rest] = split_year(year);
    const std::chrono::sys_days days{chrono_date(rest, month, day)};
    return era * kEraDays + days.time_since_epoch().count();
}

CivilDate civil_from_days(std::int64_t days) {
    const auto [era, day_of_era] = split(days, kEraDays);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day_of_era}}};
    return {era * kEraYears + static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day())};
}

bool is_valid_civil(std::int64_t year, unsigned month, unsigned day) {
    // chrono's months and days are bytes: 257 would be 1.
    return month <= 12 && day <= 31 && chrono_date(split_year(year).rest, month, day).ok();
}

std::string format_utc_ms(std::int64_t ms_since_epoch) {
    const auto [days, ms] = split(ms_since_epoch, 86400000);
    const CivilDate date = civil_from_days(days);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", date.year, date.month,
                       date.day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

} // namespace cdc::base
