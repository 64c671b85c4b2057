#include "clickhouse/row_text.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "clickhouse/row_format.hpp"
#include "event/json_writer.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace cdc::clickhouse {

namespace {

template<typename T>
T read_number(const char*& at) {
    T value{};
    std::memcpy(&value, at, sizeof(value));
    at += sizeof(value);
    return value;
}

std::string date_text(std::int64_t days) {
    const base::CivilDate date = base::civil_from_days(days);
    return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string datetime_text(std::int64_t ticks, int scale) {
    std::int64_t unit = 1;
    for (int i = 0; i < scale; ++i) {
        unit *= 10;
    }
    const std::int64_t second = ticks >= 0 ? ticks / unit : -((-ticks + unit - 1) / unit);
    const std::int64_t fraction = ticks - second * unit;
    const std::int64_t day = second >= 0 ? second / 86400 : -((-second + 86399) / 86400);
    const std::int64_t rest = second - day * 86400;
    std::string text =
        fmt::format("{} {:02}:{:02}:{:02}", date_text(day), rest / 3600, rest / 60 % 60, rest % 60);
    if (scale > 0) {
        text += fmt::format(".{:0{}}", fraction, scale);
    }
    return text;
}

/// A little-endian two's complement number of `width` bytes with `scale` digits behind the point.
std::string decimal_text(const char* bytes, std::size_t width, int scale) {
    std::array<unsigned char, 32> number{};
    const bool negative = (static_cast<unsigned char>(bytes[width - 1]) & 0x80) != 0;
    unsigned carry = negative ? 1 : 0;
    for (std::size_t i = 0; i < width; ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        const unsigned sum = (negative ? static_cast<unsigned char>(~byte) : byte) + carry;
        number[i] = static_cast<unsigned char>(sum);
        carry = sum >> 8;
    }
    std::string digits;
    while (std::any_of(number.begin(), number.end(), [](unsigned char b) { return b != 0; }) ||
           digits.size() <= static_cast<std::size_t>(scale)) {
        unsigned remainder = 0;
        for (std::size_t i = width; i-- > 0;) {
            const unsigned value = remainder << 8 | number[i];
            number[i] = static_cast<unsigned char>(value / 10);
            remainder = value % 10;
        }
        digits += static_cast<char>('0' + remainder);
    }
    if (scale > 0) {
        digits.insert(static_cast<std::size_t>(scale), ".");
    }
    std::reverse(digits.begin(), digits.end());
    return (negative ? "-" : "") + digits;
}

std::string uuid_text(const char*& at) {
    std::string hex;
    const auto high = read_number<std::uint64_t>(at);
    const auto low = read_number<std::uint64_t>(at);
    base::append_hex(hex, high, 16);
    base::append_hex(hex, low, 16);
    for (const std::size_t place : {8U, 13U, 18U, 23U}) {
        hex.insert(place, "-");
    }
    return hex;
}

void append_float(std::string& out, double value, bool single) {
    if (!std::isfinite(value)) {
        out += std::isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"";
    } else {
        out += single ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
    }
}

void append_bytes(std::string& out, std::string_view bytes) {
    if (simdjson::validate_utf8(bytes.data(), bytes.size())) {
        event::append_json_string(out, bytes);
        return;
    }
    out += "\"\\\\x";
    for (const char c : bytes) {
        base::append_hex(out, static_cast<unsigned char>(c), 2);
    }
    out += '"';
}

} // namespace

bool append_value_text(std::string& out, const char*& at, const char* end, const Type& type) {
    const char* const next = skip_value(at, end, type);
    if (next == nullptr) {
        return false;
    }
    if (type.array) {
        std::size_t count = 0;
        read_varint(at, end, count);
        out += '[';
        for (std::size_t i = 0; i < count; ++i) {
            out += i == 0 ? "" : ",";
            append_value_text(out, at, end, type.element());
        }
        out += ']';
        return true;
    }
    if (type.nullable && *at++ != 0) {
        out += "null";
        return true;
    }
    switch (type.kind) {
    case Kind::boolean:
        out += *at != 0 ? "true" : "false";
        break;
    case Kind::int8:
        base::append_integer(out, static_cast<int>(static_cast<signed char>(*at)));
        break;
    case Kind::uint8:
        base::append_integer(out, static_cast<int>(static_cast<unsigned char>(*at)));
        break;
    case Kind::int16:
        base::append_integer(out, read_number<std::int16_t>(at));
        break;
    case Kind::uint16:
        base::append_integer(out, read_number<std::uint16_t>(at));
        break;
    case Kind::int32:
        base::append_integer(out, read_number<std::int32_t>(at));
        break;
    case Kind::uint32:
        base::append_integer(out, read_number<std::uint32_t>(at));
        break;
    case Kind::int64:
        base::append_integer(out, read_number<std::int64_t>(at));
        break;
    case Kind::uint64:
        base::append_integer(out, read_number<std::uint64_t>(at));
        break;
    case Kind::float32:
        append_float(out, static_cast<double>(read_number<float>(at)), true);
        break;
    case Kind::float64:
        append_float(out, read_number<double>(at), false);
        break;
    case Kind::decimal:
        out += '"' + decimal_text(at, static_cast<std::size_t>(next - at), type.scale) + '"';
        break;
    case Kind::date32:
        out += '"' + date_text(read_number<std::int32_t>(at)) + '"';
        break;
    case Kind::datetime64:
        out += '"' + datetime_text(read_number<std::int64_t>(at), type.scale) + '"';
        break;
    case Kind::uuid:
        out += '"' + uuid_text(at) + '"';
        break;
    case Kind::string: {
        std::size_t size = 0;
        read_varint(at, end, size);
        append_bytes(out, {at, size});
        break;
    }
    }
    at = next;
    return true;
}

bool append_row_text(std::string& out, std::string_view row, const TargetShape& shape) {
    const char* at = row.data();
    const char* const end = at + row.size();
    char separator = '[';
    const auto append_column = [&](const Type& type) {
        out += separator;
        separator = ',';
        return append_value_text(out, at, end, type);
    };
    const auto append_version = [&] {
        out += ",\"" + base::decimal_text(read_number<base::Uint128>(at)) + '"';
    };
    const auto has = [&](std::size_t size) {
        return static_cast<std::size_t>(end - at) >= size;
    };
    for (const std::size_t index : shape.key) {
        if (!append_column(shape.columns[index].mapping.type)) {
            return false;
        }
    }
    const bool version_in_key = shape.history && shape.keyed();
    if (version_in_key) {
        if (!has(16)) {
            return false;
        }
        append_version();
    }
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        if (std::find(shape.key.begin(), shape.key.end(), i) == shape.key.end() &&
            !append_column(shape.columns[i].mapping.type)) {
            return false;
        }
    }
    const Type own[] = {{Kind::uint64}, {Kind::int8}, {Kind::string}, {Kind::uint8}, {Kind::int64}};
    if (!version_in_key) {
        if (!has(16)) {
            return false;
        }
        append_version();
    }
    bool whole = true;
    if (!shape.keyed()) {
        whole = append_column(own[0]) && append_column(own[1]);
    }
    if (shape.history) {
        whole = whole && append_column(own[2]);
    } else if (shape.keyed()) {
        whole = append_column(own[3]);
    }
    whole = whole && append_column(own[4]) && at == end;
    out += "]\n";
    return whole;
}

} // namespace cdc::clickhouse
