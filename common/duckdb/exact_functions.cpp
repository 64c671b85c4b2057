#include "duckdb/exact_functions.hpp"

#include "duckdb/database.hpp"
#include "duckdb/exact_quotient.hpp"
#include "duckdb/moment_texts.hpp"
#include "duckdb/scalar_function.hpp"
#include "event/float_text.hpp"

#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

namespace cdc::duckdb {

namespace {

using namespace scalar;

[[noreturn]] void out_of_range(const char* what) {
    throw WrongValue{fmt::format("value out of range: {}", what)};
}

/// PostgreSQL's checks of a float result: infinite or zero only where an operand says so.
template<typename T>
T in_range(T result, bool may_be_infinite, bool may_be_zero) {
    if (std::isinf(result) && !may_be_infinite) {
        out_of_range("overflow");
    }
    if (result == 0 && !may_be_zero) {
        out_of_range("underflow");
    }
    return result;
}

template<typename T>
T add(T a, T b) {
    return in_range<T>(a + b, std::isinf(a) || std::isinf(b), true);
}

template<typename T>
T subtract(T a, T b) {
    return in_range<T>(a - b, std::isinf(a) || std::isinf(b), true);
}

template<typename T>
T multiply(T a, T b) {
    return in_range<T>(a * b, std::isinf(a) || std::isinf(b), a == 0 || b == 0);
}

template<typename T>
T divide(T a, T b) {
    if (b == 0 && !std::isnan(a)) {
        throw WrongValue{"division by zero"};
    }
    return in_range<T>(a / b, std::isinf(a), a == 0 || std::isinf(b));
}

std::string& buffer() {
    thread_local std::string text;
    text.clear();
    return text;
}

/// Toward zero, as PostgreSQL's integers.
std::int64_t divide_whole(std::int64_t a, std::int64_t b) {
    if (b == 0) {
        throw WrongValue{"division by zero"};
    }
    if (b == -1 && a == std::numeric_limits<std::int64_t>::min()) {
        out_of_range("overflow");
    }
    return a / b;
}

Text quotient(Text a, Text b, std::int64_t places) {
    std::string& out = buffer();
    const QuotientError error = append_quotient(out, a, b, static_cast<int>(places));
    if (error != QuotientError::none) {
        throw WrongValue{error == QuotientError::division_by_zero
                             ? "division by zero"
                             : "a divisor of more than 37 digits"};
    }
    return out;
}

double round_even(double value) {
    return std::nearbyint(value);
}

float real_of_double(double value) {
    return in_range<float>(static_cast<float>(value), std::isinf(value), value == 0);
}

[[noreturn]] void no_number(Text text, const char* type) {
    throw WrongValue{fmt::format("{} is no {}", base::in_quotes(text), type)};
}

std::size_t digits_at(Text text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) {
        ++end;
    }
    return end - at;
}

std::size_t sign_at(Text text, std::size_t at) {
    return at < text.size() && (text[at] == '+' || text[at] == '-') ? 1 : 0;
}

/// [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point.
bool is_number(Text text) {
    std::size_t at = sign_at(text, 0);
    const std::size_t whole = digits_at(text, at);
    at += whole;
    std::size_t behind = 0;
    if (at < text.size() && text[at] == '.') {
        behind = digits_at(text, at + 1);
        at += 1 + behind;
    }
    if (whole + behind == 0) {
        return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        at += sign_at(text, at);
        const std::size_t exponent = digits_at(text, at);
        if (exponent == 0) {
            return false;
        }
        at += exponent;
    }
    return at == text.size();
}

Text whole(Text text) {
    const Text inner = trimmed(text);
    const std::size_t at = sign_at(inner, 0);
    if (inner.size() == at || at + digits_at(inner, at) != inner.size()) {
        no_number(text, "integer");
    }
    return inner;
}

Text number(Text text) {
    const Text inner = trimmed(text);
    if (!is_number(inner)) {
        no_number(text, "numeric");
    }
    return inner;
}

bool is_special(Text text) {
    std::string folded;
    for (const char c : text.substr(sign_at(text, 0))) {
        folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return folded == "inf" || folded == "infinity" || (folded == "nan" && sign_at(text, 0) == 0);
}

template<typename T>
T float_of_text(Text text) {
    const std::string inner{trimmed(text)};
    const bool special = is_special(inner);
    if (!special && !is_number(inner)) {
        no_number(text, std::is_same_v<T, float> ? "real" : "double precision");
    }
    T value{};
    if constexpr (std::is_same_v<T, float>) {
        value = std::strtof(inner.c_str(), nullptr);
    } else {
        value = std::strtod(inner.c_str(), nullptr);
    }
    const Text digits = Text{inner}.substr(0, inner.find_first_of("eE"));
    return in_range<T>(value, special, special || digits.find_first_of("123456789") == Text::npos);
}

template<typename T>
Text text_of_float(T value) {
    std::string& out = buffer();
    event::append_json_float(out, value, event::FloatLayout::postgres);
    const Text text = out;
    return text.front() == '"' ? text.substr(1, text.size() - 2) : text;
}

/// What PostgreSQL's float8_numeric and float4_numeric print. NaN and infinity, which no decimal
/// of the engine can be, fail in the cast behind it.
template<typename T>
Text digits_of_float(T value) {
    std::string& out = buffer();
    fmt::format_to(std::back_inserter(out), "{:.{}g}", value, std::numeric_limits<T>::digits10);
    return out;
}

Text flag(bool value) {
    return value ? "t" : "f";
}

Text moment(Text text) {
    constexpr Text kEngines = " (BC)";
    const std::size_t at = text.find(kEngines);
    if (at == Text::npos) {
        return text;
    }
    std::string& out = buffer();
    out += text.substr(0, at);
    out += text.substr(at + kEngines.size());
    out += " BC";
    return out;
}

/// The engine's text of one whose digits are all behind the point begins with it.
Text decimal(Text text) {
    const std::size_t point = sign_at(text, 0);
    if (point >= text.size() || text[point] != '.') {
        return text;
    }
    std::string& out = buffer();
    out += text.substr(0, point);
    out += '0';
    out += text.substr(point);
    return out;
}

[[noreturn]] void no_moment(Text text, const char* type, const char* form) {
    throw WrongValue{
        fmt::format("{} is no {} as views read it: {}", base::in_quotes(text), type, form)};
}

template<MomentKind kKind>
Text moment_of_text(Text text) {
    std::string& out = buffer();
    switch (append_moment_text(out, text, kKind)) {
    case MomentProblem::none:
        return out;
    case MomentProblem::rounds_up:
        throw WrongValue{fmt::format("{} rounds to the next second: give it 6 digits behind the "
                                     "second",
                                     base::in_quotes(text))};
    case MomentProblem::form:
        break;
    }
    switch (kKind) {
    case MomentKind::date:
        no_moment(text, "date", "2024-01-31");
    case MomentKind::time:
        no_moment(text, "time", "10:20:30.123456");
    case MomentKind::time_of_zone:
        no_moment(text, "time with time zone", "10:20:30.123456+00");
    case MomentKind::timestamp:
        no_moment(text, "timestamp", "2024-01-31 10:20:30.123456");
    case MomentKind::timestamp_of_zone:
        no_moment(text, "timestamp", "2024-01-31 10:20:30.123456+00");
    }
    return out;
}

std::size_t character_size(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// Both have the same number of characters.
Text upper(Text text, Text engines) {
    constexpr Text kSharp = "ß";
    if (text.find(kSharp) == Text::npos) {
        return engines;
    }
    std::string& out = buffer();
    std::size_t place = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = character_size(text[at]);
        const std::size_t other = character_size(engines[place]);
        out += text.substr(at, size) == kSharp ? kSharp : engines.substr(place, other);
        at += size;
        place += other;
    }
    return out;
}

/// A zero byte stands in no text of PostgreSQL, half a pair of UTF-16 is none.
Text character(std::int64_t code) {
    constexpr std::int64_t kLast = 0x10FFFF;
    if (code <= 0 || code > kLast || (code >= 0xD800 && code <= 0xDFFF)) {
        throw WrongValue{fmt::format("chr({}) is no character", code)};
    }
    const auto value = static_cast<std::uint32_t>(code);
    const auto tail = [value](unsigned shift) {
        return static_cast<char>(0x80U | ((value >> shift) & 0x3FU));
    };
    std::string& out = buffer();
    if (value < 0x80U) {
        out += static_cast<char>(value);
    } else if (value < 0x800U) {
        out += static_cast<char>(0xC0U | (value >> 6U));
        out += tail(0);
    } else if (value < 0x10000U) {
        out += static_cast<char>(0xE0U | (value >> 12U));
        out += tail(6);
        out += tail(0);
    } else {
        out += static_cast<char>(0xF0U | (value >> 18U));
        out += tail(12);
        out += tail(6);
        out += tail(0);
    }
    return out;
}

/// There is no year 0.
std::int64_t year(std::int64_t astronomical) {
    return astronomical > 0 ? astronomical : astronomical - 1;
}

std::int64_t finite(std::int64_t value, bool infinite) {
    if (infinite) {
        throw WrongValue{"a number of an infinite date or time"};
    }
    return value;
}

constexpr std::int64_t kEarliestDate = -2'440'588;  // 4714-11-24 BC
constexpr std::int64_t kLatestDate = 2'145'031'948; // 5874897-12-31
constexpr std::int64_t kMicrosOfDay = 86'400'000'000;

Days date_in_range(Days date) {
    constexpr std::int32_t kInfinite = std::numeric_limits<std::int32_t>::max();
    if ((date.value < kEarliestDate || date.value > kLatestDate) && date.value != kInfinite &&
        date.value != -kInfinite) {
        throw WrongValue{"date out of range"};
    }
    return date;
}

/// The engine's last one is below PostgreSQL's.
template<typename T>
T timestamp_in_range(T time) {
    if (time.value < kEarliestDate * kMicrosOfDay &&
        time.value != -std::numeric_limits<std::int64_t>::max()) {
        throw WrongValue{"timestamp out of range"};
    }
    return time;
}

/// Of a value's type and text as the engine has them: a date or time that is none to PostgreSQL.
bool off_calendar(Text type, Text text) {
    if (!type.starts_with("DATE") && !type.starts_with("TIMESTAMP")) {
        return false;
    }
    int year = 0;
    int month = 0;
    int day = 0;
    if (std::sscanf(std::string{text}.c_str(), "%d-%d-%d", &year, &month, &day) != 3) {
        return false; // infinite
    }
    constexpr int kLatestYear = 5'874'897;
    constexpr std::tuple kEarliest{-4714, 11, 24};
    return text.find("(BC)") == Text::npos ? year > kLatestYear
                                           : std::tuple{-year, month, day} < kEarliest;
}

double sum(double value, bool any_infinite) {
    return in_range<double>(value, any_infinite, true);
}

/// PostgreSQL sums squares beside an average and fails where they overflow; no average of smaller
/// values comes near.
double average(double value, double largest) {
    constexpr double kSquares = 1e150;
    if (std::isfinite(largest) && largest > kSquares) {
        out_of_range("overflow");
    }
    return value;
}

} // namespace

void make_exact_functions(Connection& connection) {
    void* handle = connection.handle();
    Callback<&add<double>>::make(handle, "cdc_add");
    Callback<&add<float>>::make(handle, "cdc_add_real");
    Callback<&subtract<double>>::make(handle, "cdc_subtract");
    Callback<&subtract<float>>::make(handle, "cdc_subtract_real");
    Callback<&multiply<double>>::make(handle, "cdc_multiply");
    Callback<&multiply<float>>::make(handle, "cdc_multiply_real");
    Callback<&divide<double>>::make(handle, "cdc_divide");
    Callback<&divide<float>>::make(handle, "cdc_divide_real");
    Callback<&round_even>::make(handle, "cdc_round");
    Callback<&real_of_double>::make(handle, "cdc_real");
    Callback<&float_of_text<float>>::make(handle, "cdc_real_of_text");
    Callback<&float_of_text<double>>::make(handle, "cdc_double_of_text");
    Callback<&text_of_float<double>>::make(handle, "cdc_text");
    Callback<&text_of_float<float>>::make(handle, "cdc_text_real");
    Callback<&digits_of_float<double>>::make(handle, "cdc_digits");
    Callback<&digits_of_float<float>>::make(handle, "cdc_digits_real");
    Callback<&whole>::make(handle, "cdc_whole");
    Callback<&number>::make(handle, "cdc_number");
    Callback<&flag>::make(handle, "cdc_flag");
    Callback<&moment>::make(handle, "cdc_moment");
    Callback<&decimal>::make(handle, "cdc_decimal");
    Callback<&moment_of_text<MomentKind::date>>::make(handle, "cdc_date_of_text");
    Callback<&moment_of_text<MomentKind::time>>::make(handle, "cdc_time_of_text");
    Callback<&moment_of_text<MomentKind::time_of_zone>>::make(handle, "cdc_time_tz_of_text");
    Callback<&moment_of_text<MomentKind::timestamp>>::make(handle, "cdc_timestamp_of_text");
    Callback<&moment_of_text<MomentKind::timestamp_of_zone>>::make(handle,
                                                                   "cdc_timestamp_tz_of_text");
    Callback<&character>::make(handle, "cdc_chr");
    Callback<&upper>::make(handle, "cdc_upper");
    Callback<&year>::make(handle, "cdc_year");
    Callback<&divide_whole>::make(handle, "cdc_divide_whole");
    Callback<&quotient>::make(handle, "cdc_quotient");
    Callback<&finite>::make(handle, "cdc_finite");
    Callback<&date_in_range>::make(handle, "cdc_date");
    Callback<&timestamp_in_range<Micros>>::make(handle, "cdc_timestamp");
    Callback<&timestamp_in_range<MicrosOfZone>>::make(handle, "cdc_timestamp_tz");
    Callback<&off_calendar>::make(handle, "cdc_off_calendar");
    Callback<&sum>::make(handle, "cdc_sum");
    Callback<&average>::make(handle, "cdc_avg");
}

} // namespace cdc::duckdb
