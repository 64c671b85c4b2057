#include "base/numbers.hpp"

#include <algorithm>
#include <limits>

namespace cdc::base {

void append_hex(std::string& out, std::uint64_t value, int digits) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
        out += kDigits[(value >> shift) & 0xf];
    }
}

std::string decimal_text(Uint128 value) {
    std::string out;
    do {
        out += static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    } while (value != 0);
    std::reverse(out.begin(), out.end());
    return out;
}

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

template<std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const Unit (&units)[N]) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_integer<std::uint64_t>(text.substr(0, digits));
    if (!number) {
        return std::nullopt;
    }
    const auto name = text.substr(digits);
    for (const Unit& unit : units) {
        if (unit.name == name) {
            if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) {
                return std::nullopt;
            }
            return *number * unit.factor;
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    static constexpr Unit kUnits[] = {
        {"", 1},          {"B", 1},          {"k", 1U << 10},  {"K", 1U << 10},  {"kB", 1U << 10},
        {"KB", 1U << 10}, {"KiB", 1U << 10}, {"M", 1U << 20},  {"MB", 1U << 20}, {"MiB", 1U << 20},
        {"G", 1U << 30},  {"GB", 1U << 30},  {"GiB", 1U << 30}};
    return parse_with_unit(text, kUnits);
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
    static constexpr Unit kUnits[] = {{"", 1000},     {"ms", 1},      {"s", 1000},    {"m", 60000},
                                      {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    const auto value = parse_with_unit(text, kUnits);
    return value ? std::optional{static_cast<std::int64_t>(*value)} : std::nullopt;
}

} // namespace cdc::base
