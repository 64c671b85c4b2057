#include "kafka/connect_value.hpp"

#include "base/base64.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "event/decimal_bytes.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "kafka/foreign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <optional>

namespace cdc::kafka {

namespace {

constexpr std::int64_t kDaySeconds = 86400;
/// PostgreSQL's infinite timestamps, in microseconds, as the JDBC driver counts them.
constexpr std::int64_t kInfinity = 9223372036825200000;
constexpr std::int64_t kMinusInfinity = -9223372036832400000;
/// What Debezium makes of PostgreSQL's infinite dates in snapshots and in the stream: days that no
/// database has, for they do not fit its number of them.
constexpr std::int64_t kInfiniteDays[] = {-622191234, -2147472692};
constexpr std::int64_t kMinusInfiniteDays[] = {-625821272, -2147472691};
/// More than any database has.
constexpr int kMostScale = 20'000;
constexpr int kMostYear = 999'999'999; ///< Java's

std::optional<std::string> bytes_of(std::string_view json) {
    std::string out;
    if (json.size() < 2 || json[0] != '"' ||
        !base::append_base64_decoded(out, json.substr(1, json.size() - 2))) {
        return std::nullopt;
    }
    return out;
}

/// "10:00:00.5"
std::string time_text(std::int64_t units, std::int64_t per_second) {
    const std::int64_t seconds = units / per_second;
    std::string out =
        fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    std::int64_t fraction = units % per_second;
    if (fraction != 0) {
        int digits = 0;
        for (std::int64_t unit = per_second; unit > 1; unit /= 10) {
            ++digits;
        }
        for (; fraction % 10 == 0; fraction /= 10) {
            --digits;
        }
        out += fmt::format(".{:0{}}", fraction, digits);
    }
    return out;
}

/// "2025-07-21", with `time` behind it, then " BC" where it is.
std::string date_text(std::int64_t days, const std::string& time) {
    const base::CivilDate date = base::civil_from_days(days);
    const bool before_christ = date.year <= 0;
    return fmt::format("{:04}-{:02}-{:02}{}{}", before_christ ? 1 - date.year : date.year,
                       date.month, date.day, time, before_christ ? " BC" : "");
}

std::string timestamp_text(std::int64_t units, std::int64_t per_second) {
    const std::int64_t shrink = 1'000'000 / std::min<std::int64_t>(per_second, 1'000'000);
    if (units == kInfinity / shrink) {
        return "infinity";
    }
    if (units == kMinusInfinity / shrink) {
        return "-infinity";
    }
    const std::int64_t per_day = kDaySeconds * per_second;
    std::int64_t days = units / per_day;
    std::int64_t rest = units % per_day;
    if (rest < 0) {
        rest += per_day;
        --days;
    }
    return date_text(days, "T" + time_text(rest, per_second));
}

template<std::size_t kSize>
bool is_one_of(const std::int64_t (&values)[kSize], std::int64_t value) {
    return std::find(std::begin(values), std::end(values), value) != std::end(values);
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    out += text;
    out += '"';
}

/// Of years beyond 9999 and BC, which Java writes with a sign; false: the text is another one.
bool append_zoned_timestamp(std::string& out, std::string_view json) {
    const bool negative = json.starts_with("\"-");
    if (!negative && !json.starts_with("\"+") && !json.starts_with("\"0000-")) {
        return false;
    }
    std::string_view text = json.substr(1, json.size() - 2);
    const bool positive = text[0] == '+';
    text.remove_prefix(negative || positive ? 1 : 0);
    const std::size_t dash = text.find('-');
    const std::size_t middle = text.find('T');
    const auto year = base::parse_integer<int>(text.substr(0, dash));
    if (!year || *year > kMostYear || dash == std::string_view::npos ||
        middle == std::string_view::npos || middle < dash || !text.ends_with('Z')) {
        return false;
    }
    if (positive) {
        append_quoted(out, text);
        return true;
    }
    std::string_view time = text.substr(middle + 1, text.size() - middle - 2);
    if (time.find('.') != std::string_view::npos) {
        time = time.substr(0, time.find_last_not_of('0') + 1);
        time.remove_suffix(time.ends_with('.') ? 1 : 0);
    }
    append_quoted(
        out, fmt::format("{:04}{} {}+00 BC", *year + 1, text.substr(dash, middle - dash), time));
    return true;
}

/// A JSON number, as the converter writes decimals with decimal.format=NUMERIC, with all digits of
/// its scale.
bool append_number_decimal(std::string& out, std::string_view json, int scale) {
    const bool negative = json[0] == '-';
    json.remove_prefix(negative ? 1 : 0);
    const std::size_t e = std::min(json.find_first_of("eE"), json.size());
    std::string_view exponent_text = json.substr(std::min(e + 1, json.size()));
    exponent_text.remove_prefix(exponent_text.starts_with('+') ? 1 : 0);
    const auto exponent = e == json.size() ? 0 : base::parse_integer<int>(exponent_text);
    const std::size_t point = std::min(json.find('.'), e);
    std::string digits{json.substr(0, point)};
    digits += json.substr(std::min(point + 1, e), e - std::min(point + 1, e));
    if (!exponent || *exponent < -kMostScale || *exponent > kMostScale || scale > kMostScale) {
        return false;
    }
    const auto behind = static_cast<int>(digits.size() - point) - *exponent;
    if (behind > scale) {
        return false; // another scale than the schema's
    }
    digits.append(static_cast<std::size_t>(scale - behind), '0');
    if (digits.size() < static_cast<std::size_t>(scale) + 1) {
        digits.insert(0, static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
    }
    const std::size_t whole = digits.size() - static_cast<std::size_t>(scale);
    digits.erase(0, std::min(digits.find_first_not_of('0'), whole - 1));
    if (scale > 0) {
        digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
    }
    append_quoted(out, (negative ? "-" : "") + digits);
    return true;
}

bool append_variable_decimal(std::string& out, std::string_view json) {
    event::JsonCursor cursor{json};
    std::optional<int> scale;
    std::optional<std::string> bytes;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "scale") {
            scale = base::parse_integer<int>(value);
        } else if (name == "value") {
            bytes = bytes_of(value);
        }
    }
    if (cursor.failed() || !scale || !bytes || std::abs(*scale) > kMostScale) {
        return false;
    }
    append_quoted(out, event::decimal_text(*bytes, *scale));
    return true;
}

bool append_bits(std::string& out, std::string_view json, int length) {
    const auto bytes = bytes_of(json);
    if (!bytes || length < 0) {
        return false;
    }
    out += '"';
    for (int bit = length - 1; bit >= 0; --bit) {
        // The connector leaves zero bytes at the end out.
        const std::size_t at = static_cast<std::size_t>(bit) / 8;
        const auto byte = static_cast<unsigned char>(at < bytes->size() ? (*bytes)[at] : 0);
        out += (byte >> bit % 8 & 1) != 0 ? '1' : '0';
    }
    out += '"';
    return true;
}

bool append_bit_number(std::string& out, std::string_view json) {
    const auto bytes = bytes_of(json);
    if (!bytes || bytes->size() > sizeof(std::uint64_t)) {
        return false;
    }
    std::uint64_t number = 0;
    for (auto byte = bytes->rbegin(); byte != bytes->rend(); ++byte) {
        number = number << 8 | static_cast<unsigned char>(*byte);
    }
    event::append_json_integer(out, number);
    return true;
}

bool append_number_form(std::string& out, const ConnectType& type, std::string_view json) {
    const auto number = base::parse_integer<std::int64_t>(json);
    if (!number) {
        return false;
    }
    switch (type.form) {
    case ConnectForm::days:
        if (std::abs(*number) > 4'000'000'000) {
            return false;
        }
        append_quoted(out, is_one_of(kInfiniteDays, *number)        ? "infinity"
                           : is_one_of(kMinusInfiniteDays, *number) ? "-infinity"
                                                                    : date_text(*number, ""));
        return true;
    case ConnectForm::time:
        if (*number == std::numeric_limits<std::int64_t>::min()) {
            return false;
        }
        append_quoted(out, (*number < 0 ? "-" : "") +
                               time_text(std::abs(*number), type.per_second)); // MySQL's
        return true;
    default:
        append_quoted(out, timestamp_text(*number, type.per_second));
        return true;
    }
}

void append_array(std::string& out, const ConnectType& type, std::string_view json) {
    event::JsonCursor cursor{json};
    char separator = '[';
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        out += separator;
        separator = ',';
        append_connect_value(out, *type.items, cursor.value());
    }
    out += separator == '[' ? "[]" : "]";
}

bool append_texted(std::string& out, std::string_view json) {
    std::string text;
    if (json.size() < 3 || json[0] != '"' ||
        !event::append_json_unescaped(text, json.substr(1, json.size() - 2))) {
        return false;
    }
    event::JsonCursor cursor{text};
    const char first = cursor.peek();
    if (cursor.value() == "null" || !cursor.at_end() || first == '"' || first == '{') {
        return false; // a text, such as NaN
    }
    append_exact_json(out, text);
    return true;
}

bool append_form(std::string& out, const ConnectType& type, std::string_view json) {
    switch (type.form) {
    case ConnectForm::days:
    case ConnectForm::time:
    case ConnectForm::timestamp:
        return append_number_form(out, type, json);
    case ConnectForm::zoned_timestamp:
        return append_zoned_timestamp(out, json);
    case ConnectForm::decimal:
        if (json[0] == '-' || (json[0] >= '0' && json[0] <= '9')) {
            return append_number_decimal(out, json, type.scale);
        }
        if (const auto bytes = bytes_of(json)) {
            append_quoted(out, event::decimal_text(*bytes, type.scale));
            return true;
        }
        return false;
    case ConnectForm::variable_decimal:
        return append_variable_decimal(out, json);
    case ConnectForm::bits:
        return append_bits(out, json, type.length);
    case ConnectForm::bit_number:
        return append_bit_number(out, json);
    case ConnectForm::array:
        if (json.empty() || json[0] != '[') {
            return false;
        }
        append_array(out, type, json);
        return true;
    case ConnectForm::json: {
        std::string text;
        append_exact_json(text, json);
        event::append_json_string(out, text);
        return true;
    }
    case ConnectForm::texted:
        return append_texted(out, json);
    case ConnectForm::as_is:
        break;
    }
    return false;
}

} // namespace

void append_connect_value(std::string& out, const ConnectType& type, std::string_view json) {
    if (json == "null" || !append_form(out, type, json)) {
        append_exact_json(out, json);
    }
}

} // namespace cdc::kafka
