#include "cdc-transform/value_json.hpp"

#include "base/base64.hpp"
#include "base/numbers.hpp"
#include "event/float_text.hpp"
#include "event/json_writer.hpp"
#include "record/moment.hpp"

#include <limits>

namespace cdc::transform {

using base::Int128;
using base::Uint128;
using duckdb::TypeId;
using duckdb::Vector;

namespace {

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

/// The engine's infinities are the ends of a range without its lowest number, which is the lower
/// one of cdc::record.
template<typename Integer>
Integer with_infinity(Integer value) {
    using Limits = std::numeric_limits<Integer>;
    return value == -Limits::max() ? Limits::min() : value;
}

void append_timestamp(std::string& out, std::int64_t us, bool zoned) {
    out += '"';
    record::append_timestamp(out, with_infinity(us), record::kAsNeeded, zoned);
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
        event::append_json_float(out, column.at<float>(row), event::FloatLayout::postgres);
        return;
    case TypeId::double_precision:
        event::append_json_float(out, column.at<double>(row), event::FloatLayout::postgres);
        return;
    case TypeId::date:
        out += '"';
        record::append_date(out, with_infinity(column.at<std::int32_t>(row)));
        out += '"';
        return;
    case TypeId::time:
        out += '"';
        record::append_time(out, column.at<std::int64_t>(row), record::kAsNeeded);
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
