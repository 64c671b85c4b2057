#include "mysql/temporal.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "mysql/byte_reader.hpp"

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

struct DateTime {
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
};

void put2(char* to, unsigned value) {
    to[0] = static_cast<char>('0' + value / 10 % 10);
    to[1] = static_cast<char>('0' + value % 10);
}

void put_date(char* to, const DateTime& t) {
    put2(to, t.year / 100);
    put2(to + 2, t.year % 100);
    to[4] = '-';
    put2(to + 5, t.month);
    to[7] = '-';
    put2(to + 8, t.day);
}

void put_clock(char* to, unsigned hour, unsigned minute, unsigned second) {
    put2(to, hour);
    to[2] = ':';
    put2(to + 3, minute);
    to[5] = ':';
    put2(to + 6, second);
}

void check(const DateTime& t) {
    if (t.year > 9999 || t.month > 12 || t.day > 31 || t.hour > 23 || t.minute > 59 ||
        t.second > 59) {
        fail(ExitCode::bad_data, "{}-{}-{} {}:{}:{} is no date and time", t.year, t.month, t.day,
             t.hour, t.minute, t.second);
    }
}

/// `micros` has six digits, of which the first `digits` are written.
void append_fraction(std::string& out, unsigned micros, unsigned digits) {
    if (digits == 0) {
        return;
    }
    char text[7] = {'.'};
    for (unsigned i = 6; i > 0; --i) {
        text[i] = static_cast<char>('0' + micros % 10);
        micros /= 10;
    }
    out.append(text, digits + 1);
}

void append_datetime(std::string& out, const DateTime& t, unsigned micros, unsigned digits,
                     bool zoned) {
    check(t);
    const bool real = t.month != 0 && t.day != 0;
    char text[19];
    put_date(text, t);
    text[10] = real ? 'T' : ' ';
    put_clock(text + 11, t.hour, t.minute, t.second);
    out.append(text, sizeof(text));
    append_fraction(out, micros, digits);
    if (zoned && real) {
        out += 'Z';
    }
}

void append_time(std::string& out, bool negative, std::uint64_t hour, unsigned minute,
                 unsigned second, unsigned micros, unsigned digits) {
    if (hour > 838 || minute > 59 || second > 59) {
        fail(ExitCode::bad_data, "{}:{}:{} is no time", hour, minute, second);
    }
    if (negative) {
        out += '-';
    }
    char text[9];
    text[0] = static_cast<char>('0' + hour / 100);
    put_clock(text + 1, static_cast<unsigned>(hour % 100), minute, second);
    out.append(hour >= 100 ? text : text + 1, hour >= 100 ? 9 : 8);
    append_fraction(out, micros, digits);
}

void append_timestamp(std::string& out, std::uint32_t seconds, unsigned micros, unsigned digits) {
    DateTime t;
    if (seconds != 0 || micros != 0) {
        const base::CivilDate date = base::civil_from_days(seconds / 86400);
        const unsigned of_day = seconds % 86400;
        t = {static_cast<unsigned>(date.year),
             date.month,
             date.day,
             of_day / 3600,
             of_day / 60 % 60,
             of_day % 60};
    }
    append_datetime(out, t, micros, digits, true);
}

/// A fraction of `size` bytes as microseconds.
unsigned micros_of(std::uint64_t fraction, unsigned size) {
    static constexpr unsigned kUnit[4] = {0, 10000, 100, 1};
    const std::uint64_t micros = fraction * kUnit[size];
    if (micros > 999999) {
        fail(ExitCode::bad_data, "a fraction of {} microseconds", micros);
    }
    return static_cast<unsigned>(micros);
}

DateTime unpack(std::uint64_t packed) {
    const auto month = static_cast<unsigned>(packed >> 22 & 0x1ffff);
    return {month / 13,
            month % 13,
            static_cast<unsigned>(packed >> 17 & 31),
            static_cast<unsigned>(packed >> 12 & 31),
            static_cast<unsigned>(packed >> 6 & 63),
            static_cast<unsigned>(packed & 63)};
}

void append_time_bytes(std::string& out, unsigned digits, std::string_view bytes) {
    const unsigned size = (digits + 1) / 2;
    const auto sent = static_cast<std::int64_t>(ByteReader{bytes}.big(3 + size));
    const std::int64_t value = sent - (std::int64_t{0x800000} << (8 * size));
    const auto magnitude = static_cast<std::uint64_t>(value < 0 ? -value : value);
    const std::uint64_t whole = magnitude >> (8 * size);
    const std::uint64_t fraction = magnitude & ((std::uint64_t{1} << (8 * size)) - 1);
    append_time(out, value < 0, whole >> 12, whole >> 6 & 63, whole & 63, micros_of(fraction, size),
                digits);
}

void append_datetime_bytes(std::string& out, unsigned digits, std::string_view bytes) {
    ByteReader reader{bytes};
    const std::uint64_t packed = reader.big(5);
    const unsigned size = (digits + 1) / 2;
    append_datetime(out, unpack(packed & 0x7fffffffffULL), micros_of(reader.big(size), size),
                    digits, false);
}

void append_old_datetime(std::string& out, std::uint64_t value) {
    const auto date = static_cast<unsigned>(value / 1000000 % 100000000);
    const auto clock = static_cast<unsigned>(value % 1000000);
    append_datetime(
        out,
        {date / 10000, date / 100 % 100, date % 100, clock / 10000, clock / 100 % 100, clock % 100},
        0, 0, false);
}

} // namespace

void append_temporal(std::string& out, ValueKind kind, unsigned digits, std::string_view bytes) {
    ByteReader reader{bytes};
    switch (kind) {
    case ValueKind::date: {
        const std::uint64_t value = reader.little(3);
        const DateTime t{static_cast<unsigned>(value >> 9), static_cast<unsigned>(value >> 5 & 15),
                         static_cast<unsigned>(value & 31)};
        check(t);
        char text[10];
        put_date(text, t);
        out.append(text, sizeof(text));
        return;
    }
    case ValueKind::time:
        append_time_bytes(out, digits, bytes);
        return;
    case ValueKind::datetime:
        append_datetime_bytes(out, digits, bytes);
        return;
    case ValueKind::timestamp: {
        const auto seconds = static_cast<std::uint32_t>(reader.big(4));
        const unsigned size = (digits + 1) / 2;
        append_timestamp(out, seconds, micros_of(reader.big(size), size), digits);
        return;
    }
    case ValueKind::old_time: {
        const std::uint64_t sent = reader.little(3);
        const auto value = static_cast<std::int32_t>(sent << 8) >> 8;
        const auto magnitude = static_cast<unsigned>(value < 0 ? -value : value);
        append_time(out, value < 0, magnitude / 10000, magnitude / 100 % 100, magnitude % 100, 0,
                    0);
        return;
    }
    case ValueKind::old_datetime:
        append_old_datetime(out, reader.u64());
        return;
    case ValueKind::old_timestamp:
        append_timestamp(out, reader.u32(), 0, 0);
        return;
    default:
        fail(ExitCode::bad_data, "not a date or time");
    }
}

void append_packed_datetime(std::string& out, std::uint64_t packed, bool date_only) {
    const DateTime t = unpack(packed >> 24);
    const auto micros = static_cast<unsigned>(packed & 0xffffff);
    if (!date_only) {
        check(t);
        char text[19];
        put_date(text, t);
        text[10] = ' ';
        put_clock(text + 11, t.hour, t.minute, t.second);
        out.append(text, sizeof(text));
        append_fraction(out, micros, 6);
        return;
    }
    check(t);
    char text[10];
    put_date(text, t);
    out.append(text, sizeof(text));
}

void append_packed_time(std::string& out, std::int64_t packed) {
    const auto magnitude = static_cast<std::uint64_t>(packed < 0 ? -packed : packed);
    const std::uint64_t whole = magnitude >> 24;
    append_time(out, packed < 0, whole >> 12 & 0x3ff, whole >> 6 & 63, whole & 63,
                static_cast<unsigned>(magnitude & 0xffffff), 6);
}

ResultTime parse_result_time(ValueKind kind, std::string_view bytes) {
    ResultTime t;
    ByteReader reader{bytes};
    if (kind == ValueKind::time) {
        if (!reader.empty()) {
            t.negative = reader.u8() != 0;
            const std::uint32_t days = reader.u32();
            t.hour = days * 24 + reader.u8();
            t.minute = reader.u8();
            t.second = reader.u8();
        }
    } else if (!reader.empty()) {
        t.year = reader.u16();
        t.month = reader.u8();
        t.day = reader.u8();
        if (!reader.empty()) {
            t.hour = reader.u8();
            t.minute = reader.u8();
            t.second = reader.u8();
        }
    }
    if (!reader.empty()) {
        t.micros = reader.u32();
    }
    return t;
}

void append_result_time(std::string& out, ValueKind kind, unsigned digits, const ResultTime& time) {
    const DateTime t{time.year, time.month, time.day, time.hour, time.minute, time.second};
    if (kind == ValueKind::time) {
        append_time(out, time.negative, time.hour, time.minute, time.second, time.micros, digits);
    } else if (kind == ValueKind::date) {
        check(t);
        char text[10];
        put_date(text, t);
        out.append(text, sizeof(text));
    } else {
        append_datetime(out, t, time.micros, digits, kind == ValueKind::timestamp);
    }
}

} // namespace cdc::mysql
