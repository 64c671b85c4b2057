#ifndef CDC_RECORD_JSON_FLOAT_HPP
#define CDC_RECORD_JSON_FLOAT_HPP

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace cdc::record {

/// The float that a number of JSON, or the text "NaN", "Infinity" or "-Infinity", means.
template<typename Float>
std::optional<Float> parse_json_float(std::string_view text) {
    using Limits = std::numeric_limits<Float>;
    Float value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) {
        return value;
    }
    if (text == "NaN") {
        return Limits::quiet_NaN();
    }
    if (text == "Infinity" || text == "-Infinity") {
        return text[0] == '-' ? -Limits::infinity() : Limits::infinity();
    }
    return std::nullopt;
}

} // namespace cdc::record

#endif
