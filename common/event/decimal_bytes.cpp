#include "event/decimal_bytes.hpp"

#include "base/numbers.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cdc::event {

namespace {

constexpr std::size_t kDigitsOfInt64 = 18; ///< that always fit

void append_int64(std::string& out, std::int64_t number) {
    int bytes = 8;
    // Leading bytes that only repeat the sign go.
    while (bytes > 1 && number >> (bytes * 8 - 9) == (number < 0 ? -1 : 0)) {
        --bytes;
    }
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(number >> shift & 0xff);
    }
}

void append_large(std::string& out, bool negative, std::string_view digits) {
    std::vector<std::uint32_t> words; // the least significant first
    while (!digits.empty()) {
        const std::string_view chunk = digits.substr(0, std::min<std::size_t>(digits.size(), 9));
        std::uint64_t carry = *base::parse_integer<std::uint64_t>(chunk);
        std::uint64_t factor = 1;
        for (std::size_t i = 0; i < chunk.size(); ++i) {
            factor *= 10;
        }
        for (std::uint32_t& word : words) {
            carry += word * factor;
            word = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry != 0) {
            words.push_back(static_cast<std::uint32_t>(carry));
        }
        digits.remove_prefix(chunk.size());
    }
    std::string bytes(1, '\0');
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(*word >> shift);
        }
    }
    if (negative) {
        bool carry = true;
        for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
            const auto flipped = static_cast<unsigned char>(~static_cast<unsigned char>(*byte));
            *byte = static_cast<char>(flipped + (carry ? 1 : 0));
            carry = carry && *byte == '\0';
        }
    }
    // Leading bytes that only repeat the sign go.
    const auto is_sign = [&](std::size_t i) {
        const bool next_negative = (bytes[i + 1] & 0x80) != 0;
        return bytes[i] == (next_negative ? '\xff' : '\0');
    };
    std::size_t start = 0;
    while (start + 1 < bytes.size() && is_sign(start)) {
        ++start;
    }
    out.append(bytes, start);
}

} // namespace

void append_twos_complement(std::string& out, bool negative, std::string_view digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.size() > kDigitsOfInt64) {
        append_large(out, negative, digits);
        return;
    }
    const auto number = base::parse_integer<std::int64_t>(digits).value_or(0);
    append_int64(out, negative ? -number : number);
}

std::string decimal_text(std::string_view bytes, int scale) {
    // The magnitude, most significant byte first.
    std::vector<std::uint32_t> digits{bytes.begin(), bytes.end()};
    for (std::uint32_t& digit : digits) {
        digit &= 0xff;
    }
    const bool negative = !digits.empty() && digits[0] >= 0x80;
    if (negative) {
        std::uint32_t carry = 1;
        for (auto at = digits.rbegin(); at != digits.rend(); ++at) {
            *at = (0xff - *at) + carry;
            carry = *at >> 8;
            *at &= 0xff;
        }
    }
    std::string text; // from the last digit to the first
    std::size_t first = 0;
    while (first < digits.size()) {
        std::uint32_t rest = 0;
        for (std::size_t at = first; at < digits.size(); ++at) {
            const std::uint32_t value = rest << 8 | digits[at];
            digits[at] = value / 10;
            rest = value % 10;
        }
        text += static_cast<char>('0' + rest);
        while (first < digits.size() && digits[first] == 0) {
            ++first;
        }
    }
    if (text.empty()) {
        text.assign(1, '0');
    }
    if (scale < 0) {
        text.insert(0, text == "0" ? 0 : static_cast<std::size_t>(-scale), '0');
    } else if (scale > 0) {
        const auto places = static_cast<std::size_t>(scale);
        if (text.size() <= places) {
            text.append(places + 1 - text.size(), '0');
        }
        text.insert(places, 1, '.');
    }
    if (negative) {
        text += '-';
    }
    std::reverse(text.begin(), text.end());
    return text;
}

void append_decimal_text(std::string& out, std::string_view bytes, int scale) {
    if (bytes.empty() || bytes.size() > 7 || scale < 0) {
        out += decimal_text(bytes, scale);
        return;
    }
    std::int64_t number = static_cast<signed char>(bytes[0]);
    for (const char byte : bytes.substr(1)) {
        number = number * 256 + static_cast<unsigned char>(byte);
    }
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), number < 0 ? -number : number);
    const std::string_view digits{buffer, static_cast<std::size_t>(end.ptr - buffer)};
    const auto places = static_cast<std::size_t>(scale);
    const std::size_t before = digits.size() > places ? digits.size() - places : 0;
    out += number < 0 ? "-" : "";
    out += before == 0 ? "0" : digits.substr(0, before);
    if (places > 0) {
        out += '.';
        out.append(places - (digits.size() - before), '0');
        out += digits.substr(before);
    }
}

} // namespace cdc::event
