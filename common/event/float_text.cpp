#include "event/float_text.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace cdc::event {

namespace {

constexpr std::size_t kLongest = 64; ///< of a fixed number below 1e16

template<typename Float>
void append_plain(std::string& out, Float value) {
    char buffer[kLongest];
    // Digits as people read them where that is not longer than what a double holds.
    const Float magnitude = std::fabs(value);
    const bool fixed = magnitude == 0 || (magnitude >= Float(1e-5) && magnitude < Float(1e16));
    const auto end =
        std::to_chars(buffer, buffer + sizeof(buffer), value,
                      fixed ? std::chars_format::fixed : std::chars_format::scientific);
    out.append(buffer, end.ptr);
}

/// Exponents below -4 and from the type's decimal digits on, of two digits at least.
template<typename Float>
void append_postgres(std::string& out, Float value) {
    char buffer[kLongest];
    const auto end =
        std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
    const std::string_view text{buffer, static_cast<std::size_t>(end.ptr - buffer)};
    const std::size_t e = text.find('e');
    int exponent = 0;
    std::from_chars(buffer + e + 2, end.ptr, exponent);
    exponent = text[e + 1] == '-' ? -exponent : exponent;
    if (value != 0 && (exponent < -4 || exponent >= std::numeric_limits<Float>::digits10)) {
        out += text;
        return;
    }
    // to_chars fills the digits that are not known with those of the exact value: 123456789 of a
    // float would not end in zeros.
    std::string_view digits = text.substr(0, e);
    if (digits[0] == '-') {
        out += '-';
        digits.remove_prefix(1);
    }
    const auto whole = static_cast<std::size_t>(exponent < 0 ? 0 : exponent + 1);
    std::size_t given = 0;
    if (whole == 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-exponent - 1), '0');
    }
    for (const char digit : digits) {
        if (digit == '.') {
            continue;
        }
        if (whole != 0 && given == whole) {
            out += '.';
        }
        out += digit;
        ++given;
    }
    if (given < whole) {
        out.append(whole - given, '0');
    }
}

template<typename Float>
void append(std::string& out, Float value, FloatLayout layout) {
    if (std::isnan(value)) {
        out += R"("NaN")";
    } else if (std::isinf(value)) {
        out += value < 0 ? R"("-Infinity")" : R"("Infinity")";
    } else if (layout == FloatLayout::postgres) {
        append_postgres(out, value);
    } else {
        append_plain(out, value);
    }
}

} // namespace

void append_json_float(std::string& out, float value, FloatLayout layout) {
    append(out, value, layout);
}

void append_json_float(std::string& out, double value, FloatLayout layout) {
    append(out, value, layout);
}

} // namespace cdc::event
