#include "clickhouse/number_format.hpp"

#include "base/numbers.hpp"
#include "clickhouse/json_text.hpp"
#include "clickhouse/row_format.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>

namespace cdc::clickhouse {

namespace {

constexpr const char* kNoInteger = "is not an integer";
constexpr const char* kNoDecimal = "is not a decimal number";

template<typename T>
const char* append_checked(char*& out, std::string_view json, const char* out_of_range) {
    const std::string_view text = plain_text(json);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) {
        append_number(out, value);
        return nullptr;
    }
    if (text.empty() ||
        text.find_first_not_of("0123456789", text[0] == '-' ? 1 : 0) != std::string_view::npos) {
        return kNoInteger;
    }
    return text == "-" ? kNoInteger : out_of_range;
}

template<typename T>
const char* append_float(char*& out, std::string_view json) {
    const std::string_view text = plain_text(json);
    T value{};
    if (is_string(json)) {
        if (text == "NaN") {
            value = std::numeric_limits<T>::quiet_NaN();
        } else if (text == "Infinity") {
            value = std::numeric_limits<T>::infinity();
        } else if (text == "-Infinity") {
            value = -std::numeric_limits<T>::infinity();
        } else {
            return "is not a number";
        }
    } else {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc::result_out_of_range) {
            return "is out of the range of the column's float";
        }
        if (error != std::errc{} || end != text.data() + text.size()) {
            return "is not a number";
        }
    }
    append_number(out, value);
    return nullptr;
}

/// A number of up to 76 digits: four words, the least significant first.
using Wide = std::array<std::uint64_t, 4>;

void multiply_add(Wide& wide, std::uint64_t factor, std::uint64_t addend) {
    base::Uint128 carry = addend;
    for (std::uint64_t& word : wide) {
        carry += static_cast<base::Uint128>(word) * factor;
        word = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
}

void negate(Wide& wide) {
    base::Uint128 carry = 1;
    for (std::uint64_t& word : wide) {
        carry += ~word;
        word = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
}

} // namespace

const char* append_integer(char*& out, Kind kind, std::string_view json) {
    switch (kind) {
    case Kind::int8:
        return append_checked<std::int8_t>(out, json, "is out of the range of Int8");
    case Kind::int16:
        return append_checked<std::int16_t>(out, json, "is out of the range of Int16");
    case Kind::int32:
        return append_checked<std::int32_t>(out, json, "is out of the range of Int32");
    case Kind::int64:
        return append_checked<std::int64_t>(out, json, "is out of the range of Int64");
    case Kind::uint8:
        return append_checked<std::uint8_t>(out, json, "is out of the range of UInt8");
    case Kind::uint16:
        return append_checked<std::uint16_t>(out, json, "is out of the range of UInt16");
    case Kind::uint32:
        return append_checked<std::uint32_t>(out, json, "is out of the range of UInt32");
    case Kind::uint64:
        return append_checked<std::uint64_t>(out, json, "is out of the range of UInt64");
    default:
        return "has an unknown type";
    }
}

const char* append_float32(char*& out, std::string_view json) {
    return append_float<float>(out, json);
}

const char* append_float64(char*& out, std::string_view json) {
    return append_float<double>(out, json);
}

const char* append_decimal(char*& out, const Type& type, std::string_view json) {
    std::string_view text = plain_text(json);
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
        return "has no form as a Decimal";
    }
    const bool negative = !text.empty() && text.front() == '-';
    text.remove_prefix(negative ? 1 : 0);
    const std::size_t point = text.find('.');
    std::string_view whole = text.substr(0, point);
    std::string_view fraction =
        point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    const bool digits_only = whole.find_first_not_of("0123456789") == std::string_view::npos &&
                             fraction.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits_only || whole.empty() || (point != std::string_view::npos && fraction.empty())) {
        return kNoDecimal;
    }
    while (!whole.empty() && whole.front() == '0') {
        whole.remove_prefix(1);
    }
    if (static_cast<int>(whole.size()) > type.precision - type.scale) {
        return "has more digits before the point than the column's Decimal";
    }
    const auto scale = static_cast<std::size_t>(type.scale);
    if (fraction.size() > scale) {
        if (fraction.find_first_not_of('0', scale) != std::string_view::npos) {
            return "has more digits behind the point than the column's Decimal";
        }
        fraction = fraction.substr(0, scale);
    }
    Wide wide{};
    std::uint64_t chunk = 0;
    std::uint64_t factor = 1;
    const auto digit = [&](char c) {
        chunk = chunk * 10 + static_cast<std::uint64_t>(c - '0');
        factor *= 10;
        if (factor == 1'000'000'000'000'000'000U) {
            multiply_add(wide, factor, chunk);
            chunk = 0;
            factor = 1;
        }
    };
    for (const char c : whole) {
        digit(c);
    }
    for (const char c : fraction) {
        digit(c);
    }
    for (std::size_t i = fraction.size(); i < scale; ++i) {
        digit('0');
    }
    multiply_add(wide, factor, chunk);
    if (negative) {
        negate(wide);
    }
    const std::size_t width = decimal_width(type.precision);
    std::memcpy(out, wide.data(), width);
    out += width;
    return nullptr;
}

} // namespace cdc::clickhouse
