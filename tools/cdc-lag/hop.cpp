#include "cdc-lag/hop.hpp"

#include "base/error.hpp"
#include "cdc-lag/render.hpp"

#include <algorithm>

namespace cdc::lag {

std::string beyond(const Hop& hop, const Limits& limits) {
    if (!hop.broken.empty()) {
        return hop.broken;
    }
    if (limits.max_bytes && hop.bytes && *hop.bytes > *limits.max_bytes) {
        return fmt::format("{} behind, more than {}", size_text(*hop.bytes),
                           size_text(*limits.max_bytes));
    }
    if (limits.max_events && hop.events && *hop.events > *limits.max_events) {
        return fmt::format("{} messages behind, more than {}", *hop.events, *limits.max_events);
    }
    if (limits.max_ms && hop.ms && *hop.ms > *limits.max_ms) {
        return fmt::format("{} s behind, more than {} s", seconds_text(*hop.ms),
                           seconds_text(*limits.max_ms));
    }
    if (limits.min_safe_wal && hop.safe_bytes &&
        *hop.safe_bytes < static_cast<std::int64_t>(*limits.min_safe_wal)) {
        return fmt::format("{} of log until the server may give it up, less than {}",
                           *hop.safe_bytes < 0
                               ? std::string{"none"}
                               : size_text(static_cast<std::uint64_t>(*hop.safe_bytes)),
                           size_text(*limits.min_safe_wal));
    }
    return {};
}

Verdict judge(const std::vector<Hop>& hops, const Limits& limits,
              std::vector<std::string>& reasons) {
    bool any_beyond = false;
    bool any_unknown = false;
    for (const Hop& hop : hops) {
        const std::string name = hop.kind + " " + base::in_quotes(hop.name) + ": ";
        if (const std::string why = beyond(hop, limits); !why.empty()) {
            any_beyond = true;
            reasons.push_back(name + why);
        }
        if (!hop.unknown.empty()) {
            any_unknown = true;
            reasons.push_back(name + hop.unknown);
        }
    }
    // A limit that no hop can be held against says nothing, and silence must not look well.
    const auto nobody = [&hops](const auto& has) {
        return std::none_of(hops.begin(), hops.end(), has);
    };
    if (limits.max_bytes && nobody([](const Hop& hop) { return hop.bytes.has_value(); })) {
        any_unknown = true;
        reasons.emplace_back("no hop says how many bytes it is behind");
    }
    if (limits.max_events && nobody([](const Hop& hop) { return hop.events.has_value(); })) {
        any_unknown = true;
        reasons.emplace_back("no hop says how many messages it is behind");
    }
    if (limits.max_ms && nobody([](const Hop& hop) { return hop.ms.has_value(); })) {
        any_unknown = true;
        reasons.emplace_back("no hop says how long it is behind");
    }
    if (hops.empty()) {
        any_unknown = true;
        reasons.emplace_back("there is no hop to look at");
    }
    return any_beyond ? Verdict::beyond : any_unknown ? Verdict::unknown : Verdict::within;
}

} // namespace cdc::lag
