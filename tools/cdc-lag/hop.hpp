#ifndef CDC_LAG_HOP_HPP
#define CDC_LAG_HOP_HPP

#include "source/hop.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::lag {

using source::Hop;

struct Limits {
    std::optional<std::uint64_t> max_bytes;
    std::optional<std::int64_t> max_ms;
    std::optional<std::uint64_t> min_safe_wal;
    std::optional<std::uint64_t> max_events{};
};

/// Exit statuses of this tool; cron jobs depend on the numbers: do not renumber.
enum class Verdict : int {
    within = 0,
    beyond = 1,
    unknown = 2, ///< could not be told, and nothing that could is beyond
};

/// Why a hop is beyond the limits: "120 MB are more than 64 MB"; "" when it is not.
std::string beyond(const Hop& hop, const Limits& limits);

/// Of all hops together; every reason is put into `reasons` ("slot 'orders': …").
Verdict judge(const std::vector<Hop>& hops, const Limits& limits,
              std::vector<std::string>& reasons);

} // namespace cdc::lag

#endif
