#ifndef CDC_VERIFY_ENCODE_PARTS_HPP
#define CDC_VERIFY_ENCODE_PARTS_HPP

#include "cdc-verify/column.hpp"
#include "cdc-verify/number_text.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

/// What the encoders of both databases share.
namespace cdc::verify {

using clickhouse::Kind;

inline constexpr std::int64_t kMicrosOfDay = 86'400'000'000;

template<typename T>
Value fixed(Scratch& scratch, T value) {
    std::memcpy(scratch.fixed, &value, sizeof(value));
    return {{scratch.fixed, sizeof(value)}};
}

inline Value odd(Scratch& scratch, std::string text) {
    scratch.text = std::move(text);
    return {scratch.text, false, true};
}

template<typename T>
Value narrowed(Scratch& scratch, std::int64_t value) {
    return std::in_range<T>(value) ? fixed(scratch, static_cast<T>(value))
                                   : odd(scratch, std::to_string(value));
}

inline Value integer(Scratch& scratch, Kind kind, std::int64_t value) {
    switch (kind) {
    case Kind::int8:
        return narrowed<std::int8_t>(scratch, value);
    case Kind::int16:
        return narrowed<std::int16_t>(scratch, value);
    case Kind::int32:
        return narrowed<std::int32_t>(scratch, value);
    case Kind::uint8:
        return narrowed<std::uint8_t>(scratch, value);
    case Kind::uint16:
        return narrowed<std::uint16_t>(scratch, value);
    case Kind::uint32:
        return narrowed<std::uint32_t>(scratch, value);
    case Kind::uint64:
        return narrowed<std::uint64_t>(scratch, value);
    default:
        return fixed(scratch, value);
    }
}

/// What a FixedString holds of it.
inline Value in_fixed_string(const Column& column, Value value, Scratch& scratch) {
    if (column.fixed_size == 0 || value.null || value.odd) {
        return value;
    }
    if (value.bytes.size() > column.fixed_size) {
        return odd(scratch, std::string{value.bytes});
    }
    value.bytes = value.bytes.substr(0, value.bytes.find_last_not_of('\0') + 1);
    return value;
}

/// The text without zeros at the end of its fraction.
inline Value trimmed(const Column& column, Scratch& scratch) {
    if (column.number) {
        scratch.text = plain_number(scratch.text);
        return {scratch.text};
    }
    if (scratch.text.find('.') != std::string::npos) {
        scratch.text.erase(scratch.text.find_last_not_of('0') + 1);
        if (scratch.text.back() == '.') {
            scratch.text.pop_back();
        }
    }
    return {scratch.text};
}

/// Microseconds since 1970 in the units of the column's type.
inline Value ticks(const Column& column, std::int64_t micros, Scratch& scratch) {
    std::int64_t value = micros;
    for (int scale = 6; scale > column.type.scale; --scale) {
        value = value >= 0 ? value / 10 : -((-value + 9) / 10); // the coarser side decides
    }
    for (int scale = 6; scale < column.type.scale; ++scale) {
        if (__builtin_mul_overflow(value, 10, &value)) {
            clickhouse::Type readable = column.type;
            readable.scale = 6;
            const std::string_view bytes{reinterpret_cast<const char*>(&micros), sizeof(micros)};
            return odd(scratch, text_of(readable, Value{bytes}));
        }
    }
    return fixed(scratch, value);
}

} // namespace cdc::verify

#endif
