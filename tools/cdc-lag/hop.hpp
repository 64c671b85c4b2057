#ifndef CDC_LAG_HOP_HPP
#define CDC_LAG_HOP_HPP

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::lag {

/// One place on the way, and how far behind it is. What is not known is nullopt, and never 0.
/// Every kind of source, log or target gives such hops; the rest of the tool knows nothing else.
struct Hop {
    /// "slot", "checkpoint", "group", "partition", "topic", "target". Scripts and dashboards depend
    /// on it: do not rename.
    std::string kind;
    std::string name;
    std::string position; ///< in the words of its source; "": not known
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> events;
    std::optional<std::int64_t> ms; ///< how long it has been behind, at most

    /// More that is known, in the order of the report: numbers, texts, booleans, null. Numbers and
    /// booleans become metrics cdc_<kind>_<name>.
    std::vector<std::pair<std::string, nlohmann::ordered_json>> details;

    /// The room before the source gives up on this hop; nullopt: without limit, or not known.
    std::optional<std::int64_t> safe_bytes;
    std::string broken;  ///< beyond, whatever the limits: "wal_status is lost"; "": nothing
    std::string unknown; ///< why this hop could not be told; "": it could
};

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
