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
#include <limits>
#include <optional>

namespace cdc::kafka {

namespace {

constexpr std::int64_t kDaySeconds = 86400;
/// PostgreSQL's infinite timestamps, in microseconds, as the JDBC driver counts them.
constexpr std::int64_t kInfinity = 9223372036825200000;
constexpr std::int64_t kMinusInfinity = -9223372036832400000;
/// More than any database has.
constexpr int kMostScale = 20'000;

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

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    out += text;
    out += '"';
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
    if (!bytes || length < 0 || static_cast<std::size_t>(length) > bytes->size() * 8) {
        return false;
    }
    out += '"';
    for (int bit = length - 1; bit >= 0; --bit) {
        const auto byte = static_cast<unsigned char>((*bytes)[static_cast<std::size_t>(bit) / 8]);
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
        append_quoted(out, date_text(*number, ""));
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

bool append_form(std::string& out, const ConnectType& type, std::string_view json) {
    switch (type.form) {
    case ConnectForm::days:
    case ConnectForm::time:
    case ConnectForm::timestamp:
        return append_number_form(out, type, json);
    case ConnectForm::decimal:
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
