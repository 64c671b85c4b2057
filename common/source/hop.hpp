#ifndef CDC_SOURCE_HOP_HPP
#define CDC_SOURCE_HOP_HPP

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cdc::source {

/// One place on the way, and how far behind it is. What is not known is nullopt, and never 0.
/// Every kind of source, log or target gives such hops; the rest of the tool knows nothing else.
struct Hop {
    /// "slot", "log", "checkpoint", "group", "partition", "topic", "target", "stage". Scripts and
    /// dashboards depend on it: do not rename.
    std::string kind;
    std::string name;
    std::string position; ///< in the words of its source; "": not known
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> events;
    std::optional<std::int64_t> ms; ///< how long it has been behind, at most
    /// What has gone past it since some beginning, for rates: events where `events` is told or the
    /// hop is a topic or a stage, else bytes of the source's log.
    std::optional<std::uint64_t> passed;

    /// More that is known, in the order of the report: numbers, texts, booleans, null. Numbers and
    /// booleans become metrics cdc_<kind>_<name>.
    std::vector<std::pair<std::string, nlohmann::ordered_json>> details;

    /// The room before the source gives up on this hop; nullopt: without limit, or not known.
    std::optional<std::int64_t> safe_bytes;
    std::string broken;  ///< beyond, whatever the limits: "wal_status is lost"; "": nothing
    std::string unknown; ///< why this hop could not be told; "": it could
};

} // namespace cdc::source

#endif
