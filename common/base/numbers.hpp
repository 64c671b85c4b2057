#ifndef CDC_BASE_NUMBERS_HPP
#define CDC_BASE_NUMBERS_HPP

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::base {

__extension__ using Uint128 = unsigned __int128;
__extension__ using Int128 = __int128;

/// The whole text as an integer of type T in `base`; nothing when it is not one or does not fit.
template<typename T>
std::optional<T> parse_integer(std::string_view text, int base = 10) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// "00" to "99", one behind the other.
inline constexpr auto kDigitPairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        pairs[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
    }
    return pairs;
}();

template<std::integral T>
void append_integer(std::string& out, T value) {
    char buffer[20];
    char* const end = buffer + sizeof(buffer);
    char* at = end;
    auto left = static_cast<std::uint64_t>(value);
    if (value < 0) {
        left = 0 - left;
        out += '-';
    }
    for (; left >= 100; left /= 100) {
        at -= 2;
        std::memcpy(at, kDigitPairs.data() + left % 100 * 2, 2);
    }
    if (left >= 10) {
        at -= 2;
        std::memcpy(at, kDigitPairs.data() + left * 2, 2);
    } else {
        *--at = static_cast<char>('0' + left);
    }
    out.append(at, static_cast<std::size_t>(end - at));
}

/// Exactly `digits` lower-case hex digits.
void append_hex(std::string& out, std::uint64_t value, int digits);
std::string decimal_text(Uint128 value);

/// "500", "64k", "16MB", "1GiB" as a number of bytes (k, M, G are powers of 1024).
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// "250ms", "10s", "5m", "2h"; a bare number means seconds. In milliseconds.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);

} // namespace cdc::base

#endif
