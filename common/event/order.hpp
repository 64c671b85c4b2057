#ifndef CDC_EVENT_ORDER_HPP
#define CDC_EVENT_ORDER_HPP

#include "base/numbers.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::event {

/// Where a change stands in the history of its source, made from the log alone.
///
/// Text form, 32 lower-case hex digits that compare as text in the same way (do not change):
///     epoch (4)  commit position (16)  index of the change in its transaction (12)
/// PostgreSQL: epoch = timeline of the commit, position = LSN of the commit record.
/// Index 0 is the position itself (snapshot rows, checkpoints); changes count from 1.
/// As a number it is ClickHouse's `_version UInt128`.
struct Order {
    base::Uint128 value = 0;

    static constexpr std::uint64_t kMaxIndex = (std::uint64_t{1} << 48) - 1;

    static constexpr Order make(std::uint16_t epoch, std::uint64_t position, std::uint64_t index) {
        return {static_cast<base::Uint128>(epoch) << 112 |
                static_cast<base::Uint128>(position) << 48 | (index & kMaxIndex)};
    }
    /// Nothing when `text` is not exactly 32 lower-case hex digits.
    static std::optional<Order> parse(std::string_view text);

    std::uint16_t epoch() const { return static_cast<std::uint16_t>(value >> 112); }
    std::uint64_t position() const { return static_cast<std::uint64_t>(value >> 48); }
    std::uint64_t index() const { return static_cast<std::uint64_t>(value) & kMaxIndex; }

    std::string text() const;
    void append_text(std::string& out) const;

    friend constexpr auto operator<=>(const Order& a, const Order& b) = default;
};

} // namespace cdc::event

#endif
