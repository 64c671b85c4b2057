#include "cdc-transform/value_json.hpp"

#include "base/base64.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "event/json_writer.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace cdc::transform {

using base::Int128;
using base::Uint128;
using duckdb::TypeId;
using duckdb::Vector;

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

std::string integer_text(Int128 value) {
    const bool negative = value < 0;
    const Uint128 magnitude =
        negative ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
    return (negative ? "-" : "") + base::decimal_text(magnitude);
}

void append_decimal(std::string& out, Int128 value, int scale) {
    std::string digits = integer_text(value < 0 ? -value : value);
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) {
        digits.insert(0, places + 1 - digits.size(), '0');
    }
    out += value < 0 ? "\"-" : "\"";
    out.append(digits, 0, digits.size() - places);
    if (places > 0) {
        out += '.';
        out.append(digits, digits.size() - places);
    }
    out += '"';
}

Int128 unscaled(const Vector& column, std::uint64_t row) {
    const int width = column.type().width;
    if (width <= 4) {
        return column.at<std::int16_t>(row);
    }
    if (width <= 9) {
        return column.at<std::int32_t>(row);
    }
    return width <= 18 ? Int128{column.at<std::int64_t>(row)} : column.at<Int128>(row);
}

/// As PostgreSQL writes it: with an exponent below 1e-4 and from 1e15 (1e6 for real) on.
template<typename Float>
void append_float(std::string& out, Float value) {
    if (std::isnan(value)) {
        out += "\"NaN\"";
        return;
    }
    if (std::isinf(value)) {
        out += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
        return;
    }
    constexpr Float kLarge = sizeof(Float) == 4 ? Float(1e6) : Float(1e15);
    const Float magnitude = std::fabs(value);
    const bool plain = magnitude == 0 || (magnitude >= Float(1e-4) && magnitude < kLarge);
    char buffer[64];
    const auto end =
        std::to_chars(buffer, buffer + sizeof(buffer), value,
                      plain ? std::chars_format::fixed : std::chars_format::scientific);
    out.append(buffer, end.ptr);
}

void append_padded(std::string& out, std::int64_t value, int width) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
    const auto size = static_cast<int>(end.ptr - buffer);
    out.append(static_cast<std::size_t>(std::max(0, width - size)), '0');
    out.append(buffer, end.ptr);
}

/// Year 0 and below are BC, which is said at the end.
bool append_date(std::string& out, std::int64_t days) {
    const base::CivilDate date = base::civil_from_days(days);
    const bool bc = date.year <= 0;
    append_padded(out, bc ? 1 - date.year : date.year, 4);
    out += '-';
    append_padded(out, date.month, 2);
    out += '-';
    append_padded(out, date.day, 2);
    return bc;
}

void append_time(std::string& out, std::int64_t us) {
    append_padded(out, us / 3'600'000'000, 2);
    out += ':';
    append_padded(out, us / 60'000'000 % 60, 2);
    out += ':';
    append_padded(out, us / 1'000'000 % 60, 2);
    if (const std::int64_t fraction = us % 1'000'000; fraction != 0) {
        out += '.';
        append_padded(out, fraction, 6);
        while (out.back() == '0') {
            out.pop_back();
        }
    }
}

void append_day(std::string& out, std::int32_t days) {
    constexpr std::int32_t kInfinity = std::numeric_limits<std::int32_t>::max();
    if (days == kInfinity || days == -kInfinity) {
        out += days > 0 ? "\"infinity\"" : "\"-infinity\"";
        return;
    }
    out += '"';
    out += append_date(out, days) ? " BC\"" : "\"";
}

void append_timestamp(std::string& out, std::int64_t us, bool zoned) {
    constexpr std::int64_t kInfinity = std::numeric_limits<std::int64_t>::max();
    if (us == kInfinity || us == -kInfinity) {
        out += us > 0 ? "\"infinity\"" : "\"-infinity\"";
        return;
    }
    std::int64_t days = us / kDayUs;
    std::int64_t rest = us % kDayUs;
    if (rest < 0) {
        rest += kDayUs;
        --days;
    }
    out += '"';
    const bool bc = append_date(out, days);
    out += bc ? ' ' : 'T';
    append_time(out, rest);
    if (bc) {
        out += zoned ? "+00 BC" : " BC";
    } else if (zoned) {
        out += 'Z';
    }
    out += '"';
}

void append_uuid(std::string& out, Int128 stored) {
    // Its first bit is turned, so that it sorts as a signed number.
    const Uint128 value = static_cast<Uint128>(stored) ^ (Uint128{1} << 127);
    std::string hex;
    base::append_hex(hex, static_cast<std::uint64_t>(value >> 64), 16);
    base::append_hex(hex, static_cast<std::uint64_t>(value), 16);
    for (const std::size_t place : {20U, 16U, 12U, 8U}) {
        hex.insert(place, 1, '-');
    }
    out += '"';
    out += hex;
    out += '"';
}

void append_list(std::string& out, const Vector& column, std::uint64_t row) {
    const Vector elements = column.elements();
    const Vector::Range range = column.range(row);
    out += '[';
    for (std::uint64_t i = 0; i < range.size; ++i) {
        out += i == 0 ? "" : ",";
        append_value(out, elements, range.begin + i);
    }
    out += ']';
}

} // namespace

void append_value(std::string& out, const Vector& column, std::uint64_t row) {
    if (column.is_null(row)) {
        out += "null";
        return;
    }
    switch (column.type().id) {
    case TypeId::boolean:
        out += column.at<bool>(row) ? "true" : "false";
        return;
    case TypeId::tinyint:
        event::append_json_integer(out, std::int64_t{column.at<std::int8_t>(row)});
        return;
    case TypeId::utinyint:
        event::append_json_integer(out, std::int64_t{column.at<std::uint8_t>(row)});
        return;
    case TypeId::smallint:
        event::append_json_integer(out, std::int64_t{column.at<std::int16_t>(row)});
        return;
    case TypeId::usmallint:
        event::append_json_integer(out, std::int64_t{column.at<std::uint16_t>(row)});
        return;
    case TypeId::integer:
        event::append_json_integer(out, std::int64_t{column.at<std::int32_t>(row)});
        return;
    case TypeId::uinteger:
        event::append_json_integer(out, std::int64_t{column.at<std::uint32_t>(row)});
        return;
    case TypeId::bigint:
        event::append_json_integer(out, column.at<std::int64_t>(row));
        return;
    case TypeId::ubigint:
        append_decimal(out, column.at<std::uint64_t>(row), 0);
        return;
    case TypeId::hugeint:
        append_decimal(out, column.at<Int128>(row), 0);
        return;
    case TypeId::decimal:
        append_decimal(out, unscaled(column, row), column.type().scale);
        return;
    case TypeId::real:
        append_float(out, column.at<float>(row));
        return;
    case TypeId::double_precision:
        append_float(out, column.at<double>(row));
        return;
    case TypeId::date:
        append_day(out, column.at<std::int32_t>(row));
        return;
    case TypeId::time:
        out += '"';
        append_time(out, column.at<std::int64_t>(row));
        out += '"';
        return;
    case TypeId::timestamp:
        append_timestamp(out, column.at<std::int64_t>(row), false);
        return;
    case TypeId::timestamp_tz:
        append_timestamp(out, column.at<std::int64_t>(row), true);
        return;
    case TypeId::uuid:
        append_uuid(out, column.at<Int128>(row));
        return;
    case TypeId::blob:
        out += '"';
        base::append_base64(out, column.text(row));
        out += '"';
        return;
    case TypeId::list:
        append_list(out, column, row);
        return;
    default:
        event::append_json_string(out, column.text(row));
    }
}

} // namespace cdc::transform
