#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cdc-verify/column.hpp"
#include "cdc-verify/numeric.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace cdc::verify {

using clickhouse::Kind;
using clickhouse::Type;

namespace {

template<typename T>
T load(std::string_view bytes) {
    T value{};
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(value)));
    return value;
}

template<typename T>
std::string integer_text(std::string_view bytes) {
    return fmt::format("{}", load<T>(bytes));
}

template<typename T>
std::string real_text(std::string_view bytes) {
    const T value = load<T>(bytes);
    return std::isnan(value)   ? "NaN"
           : std::isinf(value) ? (value > 0 ? "Infinity" : "-Infinity")
                               : fmt::format("{}", value);
}

/// `time` stands between the date and the " BC" of years before 1.
std::string date_text(std::int64_t days, const std::string& time = {}) {
    const base::CivilDate date = base::civil_from_days(days);
    const bool before = date.year <= 0;
    return fmt::format("{:04}-{:02}-{:02}{}{}", before ? 1 - date.year : date.year, date.month,
                       date.day, time, before ? " BC" : "");
}

std::string time_text(std::int64_t ticks, int scale) {
    std::int64_t per_second = 1;
    for (int i = 0; i < scale; ++i) {
        per_second *= 10;
    }
    std::int64_t seconds = ticks / per_second;
    std::int64_t fraction = ticks % per_second;
    if (fraction < 0) {
        fraction += per_second;
        --seconds;
    }
    std::int64_t days = seconds / 86400;
    std::int64_t second = seconds % 86400;
    if (second < 0) {
        second += 86400;
        --days;
    }
    std::string time =
        fmt::format(" {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    if (scale != 0) {
        time += fmt::format(".{:0{}}", fraction, scale);
    }
    return date_text(days, time);
}

std::string uuid_text(std::string_view bytes) {
    const auto high = load<std::uint64_t>(bytes);
    const auto low = load<std::uint64_t>(bytes.substr(8));
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                       high & 0xffff, low >> 48, low & 0xffff'ffff'ffff);
}

} // namespace

std::string text_of(const Type& type, const Value& value) {
    if (value.null) {
        return "NULL";
    }
    if (value.odd) {
        return std::string{value.bytes};
    }
    switch (type.kind) {
    case Kind::boolean:
        return value.bytes[0] != 0 ? "true" : "false";
    case Kind::int8:
        return fmt::format("{}", static_cast<int>(load<std::int8_t>(value.bytes)));
    case Kind::int16:
        return integer_text<std::int16_t>(value.bytes);
    case Kind::int32:
        return integer_text<std::int32_t>(value.bytes);
    case Kind::int64:
        return integer_text<std::int64_t>(value.bytes);
    case Kind::uint8:
        return fmt::format("{}", static_cast<unsigned>(load<std::uint8_t>(value.bytes)));
    case Kind::uint16:
        return integer_text<std::uint16_t>(value.bytes);
    case Kind::uint32:
        return integer_text<std::uint32_t>(value.bytes);
    case Kind::uint64:
        return integer_text<std::uint64_t>(value.bytes);
    case Kind::float32:
        return real_text<float>(value.bytes);
    case Kind::float64:
        return real_text<double>(value.bytes);
    case Kind::decimal:
        return decimal_text(value.bytes, type.scale);
    case Kind::date32:
        return date_text(load<std::int32_t>(value.bytes));
    case Kind::datetime64:
        return time_text(load<std::int64_t>(value.bytes), type.scale);
    case Kind::uuid:
        return uuid_text(value.bytes);
    case Kind::string:
        break;
    }
    return std::string{value.bytes};
}

std::string display_text(const Column& column, const Value& value) {
    const bool plain_bytes = column.bytes && !column.as_text;
    if (value.null || (value.odd && !plain_bytes)) {
        return text_of(column.type, value);
    }
    if (column.array) {
        return elements_display(*column.array, value.bytes);
    }
    if (plain_bytes) {
        std::string out{"\\x"};
        for (const char c : value.bytes) {
            base::append_hex(out, static_cast<unsigned char>(c), 2);
        }
        return out;
    }
    return text_of(column.type, value);
}

} // namespace cdc::verify
