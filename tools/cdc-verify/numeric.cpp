#include "cdc-verify/numeric.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace cdc::verify {

namespace {

constexpr std::uint16_t kNegative = 0x4000;

__extension__ using Wide = unsigned __int128;

/// 256 bits without sign, little-endian limbs.
class Limbs {
public:
    /// *this = *this * factor + add; false on overflow.
    bool multiply_add(std::uint64_t factor, std::uint64_t add) {
        Wide carry = add;
        for (std::uint64_t& limb : m_limbs) {
            carry += static_cast<Wide>(limb) * factor;
            limb = static_cast<std::uint64_t>(carry);
            carry >>= 64;
        }
        return carry == 0;
    }
    /// Divides; gives the remainder.
    std::uint64_t divide(std::uint64_t divisor) {
        Wide rest = 0;
        for (auto limb = m_limbs.rbegin(); limb != m_limbs.rend(); ++limb) {
            rest = rest << 64 | *limb;
            *limb = static_cast<std::uint64_t>(rest / divisor);
            rest %= divisor;
        }
        return static_cast<std::uint64_t>(rest);
    }
    void negate() {
        std::uint64_t carry = 1;
        for (std::uint64_t& limb : m_limbs) {
            limb = ~limb + carry;
            carry = carry != 0 && limb == 0 ? 1 : 0;
        }
    }
    bool zero() const {
        return std::all_of(m_limbs.begin(), m_limbs.end(), [](auto limb) { return limb == 0; });
    }
    char* bytes() { return reinterpret_cast<char*>(m_limbs.data()); }

private:
    std::array<std::uint64_t, 4> m_limbs{};
};

struct Header {
    int digits = 0;
    int weight = 0;
    std::uint16_t sign = 0;
    int scale = 0;
};

std::uint16_t word(std::string_view binary, std::size_t index) {
    if (2 * index + 2 > binary.size()) {
        return 0;
    }
    return static_cast<std::uint16_t>(static_cast<unsigned char>(binary[2 * index]) << 8 |
                                      static_cast<unsigned char>(binary[2 * index + 1]));
}

Header read_header(std::string_view binary) {
    return {word(binary, 0), static_cast<std::int16_t>(word(binary, 1)), word(binary, 2),
            word(binary, 3)};
}

std::size_t width_of(int precision) {
    return precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
}

__extension__ using Signed = __int128;

constexpr int kDigits64 = 18;  ///< that every number of 64 bits has room for
constexpr int kDigits128 = 38; ///< of 128 bits

/// 10^n for n up to kMost.
template<typename Integer, int kMost>
constexpr auto kPowers = [] {
    std::array<Integer, kMost + 1> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) {
        powers[i] = powers[i - 1] * 10;
    }
    return powers;
}();

/// The common case: everything fits the integer while it is made. False: it does not, or the
/// value is not one of `precision` digits.
template<typename Integer, int kMost>
bool encode_small(std::string_view binary, const Header& header, int shift, int precision,
                  Integer& out) {
    const auto& powers = kPowers<Integer, kMost>;
    Integer value = 0;
    for (int i = 0; i < header.digits; ++i) {
        if (__builtin_mul_overflow(value, 10000, &value) ||
            __builtin_add_overflow(value, word(binary, 4 + static_cast<std::size_t>(i)), &value)) {
            return false;
        }
    }
    if (shift > kMost || shift < -kMost) {
        return false;
    }
    if (shift > 0 &&
        __builtin_mul_overflow(value, powers[static_cast<std::size_t>(shift)], &value)) {
        return false;
    }
    for (; shift < 0; ++shift) {
        if (value % 10 != 0) {
            return false;
        }
        value /= 10;
    }
    if (value >= powers[static_cast<std::size_t>(precision)]) {
        return false;
    }
    out = header.sign == kNegative ? -value : value;
    return true;
}

template<typename Integer, int kMost>
bool write_small(std::string_view binary, const Header& header, int shift, int precision,
                 std::size_t width, char* out) {
    Integer value = 0;
    if (precision > kMost ||
        !encode_small<Integer, kMost>(binary, header, shift, precision, value)) {
        return false;
    }
    std::memcpy(out, &value, width);
    return true;
}

bool fits(Limbs value, int precision) {
    for (int i = 0; i < precision; ++i) {
        value.divide(10);
    }
    return value.zero();
}

} // namespace

std::size_t encode_numeric(std::string_view binary, int precision, int scale, char* out) {
    const Header header = read_header(binary);
    if (header.sign != 0 && header.sign != kNegative) {
        return 0;
    }
    // All digits make an integer in units of 10000^(weight - digits + 1).
    const int shift = 4 * (header.weight + 1 - header.digits) + scale;
    const std::size_t width = width_of(precision);
    if (write_small<std::int64_t, kDigits64>(binary, header, shift, precision, width, out) ||
        write_small<Signed, kDigits128>(binary, header, shift, precision, width, out)) {
        return width;
    }
    Limbs value;
    // The last group's digits behind the scale are zeros; with them 76 digits may not fit.
    std::uint16_t excess = 1;
    int rest = shift;
    for (; rest < 0 && excess < 1000; ++rest) {
        excess = static_cast<std::uint16_t>(excess * 10);
    }
    for (int i = 0; i < header.digits; ++i) {
        const std::uint16_t group = word(binary, 4 + static_cast<std::size_t>(i));
        const std::uint16_t cut = i + 1 == header.digits ? excess : 1;
        if (group % cut != 0 || !value.multiply_add(10000U / cut, group / cut)) {
            return 0;
        }
    }
    for (int i = 0; i < shift; ++i) {
        if (!value.multiply_add(10, 0)) {
            return 0;
        }
    }
    for (int i = rest; i < 0; ++i) {
        if (value.divide(10) != 0) {
            return 0;
        }
    }
    if (!fits(value, precision)) {
        return 0;
    }
    if (header.sign == kNegative) {
        value.negate();
    }
    std::memcpy(out, value.bytes(), width);
    return width;
}

std::string decimal_text(std::string_view bytes, int scale) {
    Limbs value;
    std::memcpy(value.bytes(), bytes.data(), std::min<std::size_t>(bytes.size(), 32));
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    if (negative) {
        std::fill(value.bytes() + bytes.size(), value.bytes() + 32, '\xff');
        value.negate();
    }
    std::string digits;
    for (int place = 0; place <= scale || !value.zero(); ++place) {
        if (place == scale && scale > 0) {
            digits += '.';
        }
        digits += static_cast<char>('0' + value.divide(10));
    }
    if (negative) {
        digits += '-';
    }
    std::reverse(digits.begin(), digits.end());
    return digits;
}

std::string numeric_text(std::string_view binary) {
    const Header header = read_header(binary);
    if (header.sign != 0 && header.sign != kNegative) {
        return header.sign == 0xC000 ? "NaN" : header.sign == 0xD000 ? "Infinity" : "-Infinity";
    }
    std::string text{header.sign == kNegative ? "-" : ""};
    const auto digit = [&](int i) {
        return i >= 0 && i < header.digits ? word(binary, 4 + static_cast<std::size_t>(i)) : 0;
    };
    const auto append_four = [&text](int four) {
        for (int unit = 1000; unit > 0; unit /= 10) {
            text += static_cast<char>('0' + four / unit % 10);
        }
    };
    const std::size_t start = text.size();
    for (int i = 0; i <= header.weight; ++i) {
        append_four(digit(i));
    }
    const std::size_t zeros = text.find_first_not_of('0', start);
    text.erase(start, std::min(zeros, text.size()) - start);
    if (text.size() == start) {
        text += '0';
    }
    if (header.scale > 0) {
        text += '.';
        const std::size_t end = text.size() + static_cast<std::size_t>(header.scale);
        for (int i = header.weight + 1; text.size() < end; ++i) {
            append_four(digit(i));
        }
        text.resize(end);
    }
    return text;
}

} // namespace cdc::verify
