#include "event/order.hpp"

#include <cstring>
#include <endian.h>

namespace cdc::event {

namespace {

constexpr std::uint64_t each(unsigned byte) {
    return 0x0101010101010101U * byte;
}

/// Eight lower-case hexadecimal digits at once: the lower 32 bits. False: others are among them.
/// A byte is '0' to '9' (0x30 and up) or 'a' to 'f' (0x61 and up).
bool parse_eight(const char* text, std::uint64_t& out) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text, sizeof bytes);
    bytes = be64toh(bytes);
    const std::uint64_t letters = bytes >> 6 & each(1);
    const std::uint64_t low = bytes & each(0x0f);
    const bool halves = (bytes & each(0xf0)) == each(0x30) + letters * 0x30;
    const bool high_enough = (((low | each(0x10)) - letters) & each(0x10)) == each(0x10);
    const bool low_enough = ((low + each(6) + letters * 3) & each(0xf0)) == 0;
    std::uint64_t value = low + letters * 9;
    value = (value | value >> 4) & 0x00ff00ff00ff00ffU;
    value = (value | value >> 8) & 0x0000ffff0000ffffU;
    out = (value | value >> 16) & 0xffffffffU;
    return halves && high_enough && low_enough;
}

} // namespace

std::optional<Order> Order::parse(std::string_view text) {
    if (text.size() != 32) {
        return std::nullopt;
    }
    base::Uint128 value = 0;
    bool digits = true;
    for (std::size_t at = 0; at < text.size(); at += 8) {
        std::uint64_t part = 0;
        digits &= parse_eight(text.data() + at, part);
        value = value << 32 | part;
    }
    return digits ? std::optional{Order{value}} : std::nullopt;
}

void Order::append_text(std::string& out) const {
    base::append_hex(out, static_cast<std::uint64_t>(value >> 64), 16);
    base::append_hex(out, static_cast<std::uint64_t>(value), 16);
}

std::string Order::text() const {
    std::string out;
    append_text(out);
    return out;
}

} // namespace cdc::event
