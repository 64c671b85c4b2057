#include "postgres/lsn.hpp"

#include "base/numbers.hpp"

#include <fmt/format.h>

namespace cdc::postgres {

namespace {

std::optional<std::uint32_t> parse_half(std::string_view text) {
    // from_chars would take a '-'; the server's parser does not.
    if (text.empty() || text.size() > 8 || text[0] == '-') {
        return std::nullopt;
    }
    return base::parse_integer<std::uint32_t>(text, 16);
}

} // namespace

std::optional<Lsn> parse_lsn(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto high = parse_half(text.substr(0, slash));
    const auto low = parse_half(text.substr(slash + 1));
    if (!high || !low) {
        return std::nullopt;
    }
    return static_cast<Lsn>(*high) << 32 | *low;
}

std::string format_lsn(Lsn lsn) {
    return fmt::format("{:X}/{:X}", lsn >> 32, lsn & 0xffffffffU);
}

std::int64_t unix_ms_from_postgres_us(std::int64_t us) {
    constexpr std::int64_t kEpochShiftMs = 946684800000; // 2000-01-01 in Unix time
    const std::int64_t floored = us >= 0 ? us / 1000 : -((-(us + 1)) / 1000) - 1;
    return floored + kEpochShiftMs;
}

} // namespace cdc::postgres
