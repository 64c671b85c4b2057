#include "cdc-verify/number_text.hpp"

#include "cdc-verify/encode_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace cdc::verify {

namespace {

constexpr int kMostDigits = 20000; ///< more than numeric, and than any float, has on a side

bool only_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

template<typename Float>
Value nearest(std::string_view text, Scratch& scratch) {
    Float value{};
    if (text == "NaN") {
        return fixed(scratch, std::numeric_limits<Float>::quiet_NaN());
    }
    if (text == "Infinity" || text == "-Infinity") {
        const auto infinity = std::numeric_limits<Float>::infinity();
        return fixed(scratch, text[0] == '-' ? -infinity : infinity);
    }
    const std::string digits = plain_number(text);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() ||
        plain_number(fmt::format("{}", value)) != digits) {
        return odd(scratch, std::string{text});
    }
    return fixed(scratch, value);
}

} // namespace

std::string plain_number(std::string_view text) {
    std::string_view rest = text;
    const bool negative = !rest.empty() && rest.front() == '-';
    rest.remove_prefix(negative ? 1 : 0);
    int exponent = 0;
    if (const auto e = rest.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view power = rest.substr(e + 1);
        power.remove_prefix(!power.empty() && power.front() == '+' ? 1 : 0);
        const auto [end, error] =
            std::from_chars(power.data(), power.data() + power.size(), exponent);
        if (error != std::errc{} || end != power.data() + power.size() || exponent > kMostDigits ||
            exponent < -kMostDigits) {
            return std::string{text};
        }
        rest = rest.substr(0, e);
    }
    const auto point = rest.find('.');
    std::string whole{rest.substr(0, point)};
    std::string fraction{point == std::string_view::npos ? "" : rest.substr(point + 1)};
    if ((whole.empty() && fraction.empty()) || !only_digits(whole) || !only_digits(fraction)) {
        return std::string{text};
    }
    for (; exponent > 0; --exponent) {
        whole += fraction.empty() ? '0' : fraction.front();
        fraction.erase(0, 1);
    }
    if (exponent < 0) {
        const auto places = static_cast<std::size_t>(-exponent);
        whole.insert(0, places, '0');
        fraction.insert(0, whole, whole.size() - places);
        whole.resize(whole.size() - places);
    }
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
    fraction.erase(fraction.find_last_not_of('0') + 1);
    const bool zero = whole.empty() && fraction.empty();
    std::string out{negative && !zero ? "-" : ""};
    out += whole.empty() ? "0" : whole;
    return fraction.empty() ? out : out + '.' + fraction;
}

Value float_of(const Column& column, std::string_view text, Scratch& scratch) {
    return column.type.kind == Kind::float32 ? nearest<float>(text, scratch)
                                             : nearest<double>(text, scratch);
}

} // namespace cdc::verify
