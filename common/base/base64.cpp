#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace cdc::base {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int, 256> make_reverse() {
    std::array<int, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 64; ++i) {
        table[static_cast<unsigned char>(kAlphabet[i])] = i;
    }
    return table;
}
constexpr auto kReverse = make_reverse();

constexpr std::array<int, 256> make_hex() {
    std::array<int, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < 10; ++i) {
        table[static_cast<std::size_t>('0') + i] = static_cast<int>(i);
    }
    for (std::size_t i = 0; i < 6; ++i) {
        table[static_cast<std::size_t>('a') + i] = 10 + static_cast<int>(i);
        table[static_cast<std::size_t>('A') + i] = 10 + static_cast<int>(i);
    }
    return table;
}
constexpr auto kHex = make_hex();

/// Writes the encoding of `count` bytes, each got from byte(i), to `to`.
template<typename ByteAt>
void encode(char* to, std::size_t count, ByteAt byte) {
    std::size_t i = 0;
    for (; i + 3 <= count; i += 3) {
        const std::uint32_t v = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        *to++ = kAlphabet[v >> 18];
        *to++ = kAlphabet[v >> 12 & 63];
        *to++ = kAlphabet[v >> 6 & 63];
        *to++ = kAlphabet[v & 63];
    }
    if (const std::size_t rest = count - i; rest != 0) {
        const std::uint32_t v = byte(i) << 16 | (rest == 2 ? byte(i + 1) << 8 : 0);
        *to++ = kAlphabet[v >> 18];
        *to++ = kAlphabet[v >> 12 & 63];
        *to++ = rest == 2 ? kAlphabet[v >> 6 & 63] : '=';
        *to++ = '=';
    }
}

} // namespace

void append_base64(std::string& out, std::string_view bytes) {
    const std::size_t start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4);
    encode(out.data() + start, bytes.size(), [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    });
}

bool append_base64_of_hex(std::string& out, std::string_view hex) {
    if (hex.size() % 2 != 0) {
        return false;
    }
    int bad = 0;
    const std::size_t count = hex.size() / 2;
    const std::size_t start = out.size();
    out.resize(start + (count + 2) / 3 * 4);
    encode(out.data() + start, count, [&](std::size_t i) {
        const int high = kHex[static_cast<unsigned char>(hex[i * 2])];
        const int low = kHex[static_cast<unsigned char>(hex[i * 2 + 1])];
        bad |= high | low;
        return static_cast<std::uint32_t>((high << 4 | low) & 0xff);
    });
    if (bad < 0) {
        out.resize(start);
        return false;
    }
    return true;
}

char* write_base64_decoded(char* to, std::string_view text) {
    if (text.size() % 4 != 0) {
        return nullptr;
    }
    for (int padding = 0; padding < 2 && !text.empty() && text.back() == '='; ++padding) {
        text.remove_suffix(1);
    }
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : text) {
        const int v = kReverse[static_cast<unsigned char>(c)];
        if (v < 0) {
            return nullptr;
        }
        bits = bits << 6 | static_cast<std::uint32_t>(v);
        have += 6;
        if (have >= 8) {
            have -= 8;
            *to++ = static_cast<char>(bits >> have & 0xff);
        }
    }
    return to;
}

bool append_base64_decoded(std::string& out, std::string_view text) {
    const std::size_t start = out.size();
    out.resize(start + base64_decoded_bound(text.size()));
    const char* const end = write_base64_decoded(out.data() + start, text);
    out.resize(end != nullptr ? static_cast<std::size_t>(end - out.data()) : start);
    return end != nullptr;
}

} // namespace cdc::base
