#ifndef CDC_LAG_COLLECT_HPP
#define CDC_LAG_COLLECT_HPP

#include "cdc-lag/hop.hpp"
#include "cdc-lag/options.hpp"
#include "cdc-lag/parts.hpp"
#include "event/checkpoint.hpp"
#include "source/lag_source.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cdc::lag {

/// As a detail; null where `then_ms` is 0.
nlohmann::ordered_json seconds_since(std::int64_t then_ms, std::int64_t now_ms);

/// Adds bytes, time and details of a checkpoint, wherever it was found. Pure.
///
/// Time: 0 when nothing is in the log behind the position. Otherwise it is at most the age of the
/// last commit before the position; and, while the reader waits for more log, at most the
/// age of the checkpoint line, which a heartbeat keeps low on an idle database.
void describe_checkpoint(Hop& hop, const event::Checkpoint& checkpoint,
                         const std::optional<source::LogDistance>& distance, std::int64_t now_ms);

/// What the parts found as hops, those with a checkpoint held against the end of the source's log.
std::vector<Hop> combine(const std::vector<Found>& found, const SourcePart* source,
                         std::int64_t now_ms);

/// Looks at everything that the options name, one part after the other. What cannot be told becomes
/// a hop that says so; nothing is thrown for it.
class Collector {
public:
    explicit Collector(const Options& options) : m_parts{options, Parts::Rates::at_once} {}

    std::vector<Hop> look();

private:
    Parts m_parts;
};

} // namespace cdc::lag

#endif
