#include "mysql/folded_name.hpp"

namespace cdc::mysql {

namespace {

/// Of the code points that UTF-8 has in two bytes.
unsigned folded(unsigned c) {
    const auto in = [c](unsigned first, unsigned last) {
        return c >= first && c <= last;
    };
    if ((in(0xc0, 0xde) && c != 0xd7) || in(0x391, 0x3ab) || in(0x410, 0x42f)) {
        return c + 0x20;
    }
    if (in(0x400, 0x40f)) {
        return c + 0x50;
    }
    if (in(0x531, 0x556)) {
        return c + 0x30;
    }
    if (c == 0x178) {
        return 0xff;
    }
    // Pairs: the upper case letter is the even number, or the odd one.
    const bool even = in(0x100, 0x137) || in(0x14a, 0x177) || in(0x1de, 0x1ef) ||
                      in(0x1f8, 0x21f) || in(0x222, 0x233) || in(0x3d8, 0x3ef) ||
                      in(0x460, 0x481) || in(0x48a, 0x4bf) || in(0x4d0, 0x52f);
    const bool odd = in(0x139, 0x148) || in(0x179, 0x17e) || in(0x1cd, 0x1dc) || in(0x4c1, 0x4ce);
    return (even && c % 2 == 0) || (odd && c % 2 == 1) ? c + 1 : c;
}

} // namespace

std::string folded_name(std::string_view name) {
    std::string out{name};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto byte = static_cast<unsigned char>(out[i]);
        if (byte >= 'A' && byte <= 'Z') {
            out[i] = static_cast<char>(byte + ('a' - 'A'));
        } else if (byte >= 0xc0 && byte < 0xe0 && i + 1 < out.size()) {
            const unsigned next = static_cast<unsigned char>(out[i + 1]) & 0x3fU;
            const unsigned c = folded((byte & 0x1fU) << 6 | next);
            out[i++] = static_cast<char>(0xc0 | c >> 6);
            out[i] = static_cast<char>(0x80 | (c & 0x3f));
        }
    }
    return out;
}

bool is_same_name(std::string_view a, std::string_view b) {
    return a == b || folded_name(a) == folded_name(b);
}

bool may_name(std::string_view expression, std::string_view column) {
    const bool escaped = column.find_first_of("`\"\\") != column.npos;
    return escaped || folded_name(expression).find(folded_name(column)) != std::string::npos;
}

} // namespace cdc::mysql
