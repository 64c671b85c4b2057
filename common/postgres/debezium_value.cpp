#include "postgres/debezium_value.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "event/debezium_decimal.hpp"
#include "event/json_writer.hpp"
#include "postgres/debezium_number.hpp"
#include "postgres/wrong_value.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

namespace cdc::postgres {

namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr int kMicrosDigits = 6;
// What the JDBC driver's infinite timestamps become; users compare with them: do not change.
constexpr std::string_view kInfinity = "9223372036825200000";
constexpr std::string_view kMinusInfinity = "-9223372036832400000";

constexpr std::size_t kMostDigits = 10;
constexpr std::int64_t kMostHours = 2'562'047'788; // of an interval: 2^63 microseconds
constexpr std::int64_t kDayHours = 24;             // "24:00:00" is a time

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes the digits at the front of `text`, at least one and at most as many as an interval has
/// hours.
std::int64_t take_number(std::string_view& text, const char* type, std::string_view whole) {
    std::size_t size = 0;
    while (size < text.size() && is_digit(text[size])) {
        ++size;
    }
    const auto value = base::parse_integer<std::int64_t>(text.substr(0, size));
    if (size == 0 || size > kMostDigits || !value) {
        wrong_value(type, whole);
    }
    text.remove_prefix(size);
    return *value;
}

void take(std::string_view& text, char expected, const char* type, std::string_view whole) {
    if (text.empty() || text.front() != expected) {
        wrong_value(type, whole);
    }
    text.remove_prefix(1);
}

/// Takes ".123" as microseconds; 0 where there is none.
std::int64_t take_fraction(std::string_view& text, const char* type, std::string_view whole) {
    if (text.empty() || text.front() != '.') {
        return 0;
    }
    text.remove_prefix(1);
    const std::size_t before = text.size();
    std::int64_t micros = take_number(text, type, whole);
    const std::size_t digits = before - text.size();
    if (digits > kMicrosDigits) {
        wrong_value(type, whole);
    }
    for (std::size_t i = digits; i < kMicrosDigits; ++i) {
        micros *= 10;
    }
    return micros;
}

/// Takes "10:00:00.5" as microseconds. The lowest interval has 2^63 of them.
std::uint64_t take_long_time(std::string_view& text, const char* type, std::string_view whole,
                             std::int64_t most_hours) {
    const std::int64_t hours = take_number(text, type, whole);
    take(text, ':', type, whole);
    const std::int64_t minutes = take_number(text, type, whole);
    take(text, ':', type, whole);
    const std::int64_t seconds = take_number(text, type, whole);
    const std::int64_t micros = take_fraction(text, type, whole);
    if (hours > most_hours || minutes > 59 || seconds > 60) {
        wrong_value(type, whole);
    }
    return static_cast<std::uint64_t>((hours * 60 + minutes) * 60 + seconds) * 1'000'000 +
           static_cast<std::uint64_t>(micros);
}

/// The same of a time of day.
std::int64_t take_time(std::string_view& text, const char* type, std::string_view whole) {
    return static_cast<std::int64_t>(take_long_time(text, type, whole, kDayHours));
}

struct Moment {
    std::int64_t year = 0; ///< astronomical: 1 BC is 0
    unsigned month = 0;
    unsigned day = 0;
    std::int64_t micros = 0; ///< of the day
    std::int64_t days() const { return base::days_from_civil(year, month, day); }
};

/// "2025-07-21 10:00:00.5+00 BC", where a time and a zone are optional. Nothing for infinity.
std::optional<Moment> read_moment(std::string_view text, const char* type) {
    const std::string_view whole = text;
    if (text == "infinity" || text == "-infinity") {
        return std::nullopt;
    }
    const bool before_christ = text.ends_with(" BC");
    text.remove_suffix(before_christ ? 3 : 0);
    Moment moment;
    moment.year = take_number(text, type, whole);
    moment.year = before_christ ? 1 - moment.year : moment.year;
    take(text, '-', type, whole);
    moment.month = static_cast<unsigned>(take_number(text, type, whole));
    take(text, '-', type, whole);
    moment.day = static_cast<unsigned>(take_number(text, type, whole));
    if (!text.empty()) {
        take(text, ' ', type, whole);
        moment.micros = take_time(text, type, whole);
    }
    if (!text.empty() && text != "+00") {
        wrong_value(type, whole);
    }
    return moment;
}

void append_days(std::string& out, std::string_view text) {
    if (const auto moment = read_moment(text, "date")) {
        base::append_integer(out, moment->days());
    } else {
        event::append_json_string(out, text);
    }
}

void append_timestamp(std::string& out, std::string_view text, bool millis) {
    const auto moment = read_moment(text, "timestamp");
    if (!moment) {
        if (millis) {
            event::append_json_string(out, text);
        } else {
            out += text.front() == '-' ? kMinusInfinity : kInfinity;
        }
        return;
    }
    std::int64_t micros = 0;
    if (__builtin_mul_overflow(moment->days(), kDaySeconds * 1'000'000, &micros) ||
        __builtin_add_overflow(micros, moment->micros, &micros)) {
        append_value(out, ValueKind::timestamp, text); // no such number
        return;
    }
    // Of a column of at most three digits nothing is cut off.
    base::append_integer(out, millis ? micros / 1000 : micros);
}

void append_zoned_timestamp(std::string& out, std::string_view text, int digits) {
    const auto moment = read_moment(text, "timestamp with time zone");
    if (!moment) {
        event::append_json_string(out, text);
        return;
    }
    const std::int64_t seconds = moment->micros / 1'000'000;
    out += '"';
    // ISO 8601 as Java writes it: a sign where the year has other than four digits.
    out += fmt::format("{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                       moment->year < 0      ? "-"
                       : moment->year > 9999 ? "+"
                                             : "",
                       std::abs(moment->year), moment->month, moment->day, seconds / 3600,
                       seconds / 60 % 60, seconds % 60);
    if (digits > 0) {
        out += '.';
        out += fmt::format("{:06}", moment->micros % 1'000'000)
                   .substr(0, static_cast<std::size_t>(digits));
    }
    out += "Z\"";
}

void append_time(std::string& out, std::string_view text, bool millis) {
    const std::string_view whole = text;
    const std::int64_t micros = take_time(text, "time", whole);
    if (!text.empty()) {
        wrong_value("time", whole);
    }
    base::append_integer(out, millis ? micros / 1000 : micros);
}

/// "10:00:00.5+02:30" to "07:30:00.5Z", within one day.
void append_zoned_time(std::string& out, std::string_view text) {
    constexpr const char* kType = "time with time zone";
    const std::string_view whole = text;
    std::int64_t micros = take_time(text, kType, whole);
    if (text.empty() || (text.front() != '+' && text.front() != '-')) {
        wrong_value(kType, whole);
    }
    const std::int64_t sign = text.front() == '-' ? 1 : -1;
    text.remove_prefix(1);
    std::int64_t offset = take_number(text, kType, whole) * 3600;
    if (offset > kDaySeconds) {
        wrong_value(kType, whole);
    }
    for (const std::int64_t unit : {60, 1}) {
        if (!text.empty()) {
            take(text, ':', kType, whole);
            const std::int64_t part = take_number(text, kType, whole);
            if (part > 59) {
                wrong_value(kType, whole);
            }
            offset += part * unit;
        }
    }
    constexpr std::int64_t kDay = kDaySeconds * 1'000'000;
    micros = ((micros + sign * offset * 1'000'000) % kDay + kDay) % kDay;
    const std::int64_t seconds = micros / 1'000'000;
    out += fmt::format("\"{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (std::int64_t fraction = micros % 1'000'000; fraction != 0) {
        std::string digits = fmt::format(".{:06}", fraction);
        digits.erase(digits.find_last_not_of('0') + 1);
        out += digits;
    }
    out += "Z\"";
}

/// IntervalStyle postgres: "1 year 2 mons -3 days -04:05:06.78". As Debezium counts, in doubles.
void append_interval(std::string& out, std::string_view text) {
    const std::string_view whole = text;
    double months = 0;
    double days = 0;
    double seconds = 0;
    double micros = 0;
    while (!text.empty()) {
        const double sign = text.front() == '-' ? -1 : 1;
        text.remove_prefix(text.front() == '-' || text.front() == '+' ? 1 : 0);
        const std::string_view part = text.substr(0, text.find(' '));
        if (part.find(':') != std::string_view::npos) {
            const std::uint64_t time = take_long_time(text, "interval", whole, kMostHours);
            const std::uint64_t whole_seconds = time / 1'000'000;
            seconds = sign * static_cast<double>(whole_seconds);
            micros = sign * static_cast<double>(time % 1'000'000);
        } else {
            const double count = sign * static_cast<double>(take_number(text, "interval", whole));
            take(text, ' ', "interval", whole);
            const std::string_view unit = text.substr(0, text.find(' '));
            text.remove_prefix(unit.size());
            if (unit.starts_with("year")) {
                months += 12 * count;
            } else if (unit.starts_with("mon")) {
                months += count;
            } else if (unit.starts_with("day")) {
                days += count;
            } else {
                wrong_value("interval", whole);
            }
        }
        if (!text.empty()) {
            take(text, ' ', "interval", whole);
        }
    }
    constexpr double kDaysOfMonth = 365.25 / 12;
    const double total = ((months * kDaysOfMonth + days) * kDaySeconds + seconds) * 1e6 + micros;
    constexpr double kLimit = 9223372036854775808.0;
    const std::int64_t value = total >= kLimit    ? std::numeric_limits<std::int64_t>::max()
                               : total <= -kLimit ? std::numeric_limits<std::int64_t>::min()
                                                  : static_cast<std::int64_t>(total);
    base::append_integer(out, value);
}

/// Takes `"a\"b"` of an hstore and appends what it means.
void take_hstore_text(std::string& out, std::string_view& text, std::string_view whole) {
    take(text, '"', "hstore", whole);
    while (!text.empty() && text.front() != '"') {
        text.remove_prefix(text.front() == '\\' ? 1 : 0);
        if (!text.empty()) {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    take(text, '"', "hstore", whole);
}

/// `"a"=>"1", "b"=>NULL` to a string that holds {"a":"1","b":null}.
void append_hstore(std::string& out, std::string_view text) {
    const std::string_view whole = text;
    std::string json = "{";
    std::string part;
    while (!text.empty()) {
        if (json.size() > 1) {
            take(text, ',', "hstore", whole);
            take(text, ' ', "hstore", whole);
            json += ',';
        }
        part.clear();
        take_hstore_text(part, text, whole);
        event::append_json_string(json, part);
        json += ':';
        take(text, '=', "hstore", whole);
        take(text, '>', "hstore", whole);
        if (text.starts_with("NULL")) {
            text.remove_prefix(4);
            json += "null";
            continue;
        }
        part.clear();
        take_hstore_text(part, text, whole);
        event::append_json_string(json, part);
    }
    event::append_json_string(out, json + "}");
}

/// Digits of a second that a time type has.
int time_digits(std::int32_t modifier) {
    return modifier < 0 ? kMicrosDigits : modifier;
}

} // namespace

ValueCodec debezium_codec(std::uint32_t type, std::int32_t modifier, std::string_view name) {
    ValueCodec codec{value_kind(type)};
    codec.encoding = Encoding::debezium;
    const bool millis = time_digits(modifier) <= 3;
    switch (type) { // ids of built-in types never change (pg_type.dat)
    case 20:        // int8
        codec.kind = ValueKind::plain_integer;
        break;
    case 600:
        codec.kind = ValueKind::point;
        break;
    case 790: // money
        codec.kind = ValueKind::decimal;
        codec.scale = 2;
        break;
    case 1082:
        codec.kind = ValueKind::days;
        break;
    case 1083:
        codec.kind = millis ? ValueKind::time_millis : ValueKind::time_micros;
        break;
    case 1114:
        codec.kind = millis ? ValueKind::timestamp_millis : ValueKind::timestamp_micros;
        break;
    case 1184:
        codec.kind = ValueKind::zoned_timestamp;
        codec.scale = static_cast<std::int16_t>(time_digits(modifier));
        break;
    case 1186:
        codec.kind = ValueKind::interval_micros;
        break;
    case 1266:
        codec.kind = ValueKind::zoned_time;
        break;
    case 1560:
        codec.kind = modifier == 1 ? ValueKind::bit : ValueKind::bits;
        break;
    case 1562:
        codec.kind = ValueKind::bits;
        break;
    case 1700:
        codec.kind = modifier < 0 ? ValueKind::variable_decimal : ValueKind::decimal;
        // As in set_precision(): below 0 in eleven bits; zeros before the point stay digits.
        codec.scale =
            static_cast<std::int16_t>(std::max(0, (((modifier - 4) & 0x7ff) ^ 1024) - 1024));
        break;
    default:
        if (name == "hstore") {
            codec.kind = ValueKind::hstore;
        }
    }
    return codec;
}

void append_debezium_value(std::string& out, ValueCodec codec, std::string_view text) {
    switch (codec.kind) {
    case ValueKind::plain_integer:
        if (!is_integer_text(text) || text.size() > 20) {
            wrong_value("integer", text);
        }
        out += text;
        return;
    case ValueKind::decimal:
        event::append_debezium_decimal(out, text, codec.scale);
        return;
    case ValueKind::variable_decimal:
        event::append_debezium_decimal(out, text, std::nullopt);
        return;
    case ValueKind::days:
        append_days(out, text);
        return;
    case ValueKind::time_millis:
    case ValueKind::time_micros:
        append_time(out, text, codec.kind == ValueKind::time_millis);
        return;
    case ValueKind::zoned_time:
        append_zoned_time(out, text);
        return;
    case ValueKind::timestamp_millis:
    case ValueKind::timestamp_micros:
        append_timestamp(out, text, codec.kind == ValueKind::timestamp_millis);
        return;
    case ValueKind::zoned_timestamp:
        append_zoned_timestamp(out, text, codec.scale);
        return;
    case ValueKind::interval_micros:
        append_interval(out, text);
        return;
    case ValueKind::bit:
        if (text != "0" && text != "1") {
            wrong_value("bit", text);
        }
        out += text == "1" ? "true" : "false";
        return;
    case ValueKind::bits:
        append_debezium_bits(out, text);
        return;
    case ValueKind::point:
        append_debezium_point(out, text);
        return;
    case ValueKind::hstore:
        append_hstore(out, text);
        return;
    default:
        event::append_json_string(out, text);
        return;
    }
}

} // namespace cdc::postgres
