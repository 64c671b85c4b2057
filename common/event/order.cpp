#include "event/order.hpp"

namespace cdc::event {

std::optional<Order> Order::parse(std::string_view text) {
    if (text.size() != 32) {
        return std::nullopt;
    }
    base::Uint128 value = 0;
    for (const char c : text) {
        int digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else {
            return std::nullopt;
        }
        value = value << 4 | static_cast<unsigned>(digit);
    }
    return Order{value};
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
