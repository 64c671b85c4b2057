#include "cdc-lag/collect.hpp"

#include "base/time.hpp"

#include <algorithm>
#include <iterator>

namespace cdc::lag {

using nlohmann::ordered_json;

ordered_json seconds_since(std::int64_t then_ms, std::int64_t now_ms) {
    if (then_ms == 0) {
        return nullptr;
    }
    return static_cast<double>(std::max<std::int64_t>(now_ms - then_ms, 0)) / 1000;
}

void describe_checkpoint(Hop& hop, const event::Checkpoint& checkpoint,
                         const std::optional<source::LogDistance>& distance, std::int64_t now_ms) {
    hop.position = checkpoint.position;
    if (checkpoint.kind != "kafka" && checkpoint.order != event::Order{}) {
        hop.passed = checkpoint.order.position();
    }
    hop.details.emplace_back("commit_age_seconds", seconds_since(checkpoint.commit_ts_ms, now_ms));
    hop.details.emplace_back("checkpoint_age_seconds", seconds_since(checkpoint.ts_ms, now_ms));
    const auto behind_ms = [now_ms](std::int64_t then_ms) {
        return std::max<std::int64_t>(now_ms - then_ms, 0);
    };
    if (checkpoint.commit_ts_ms != 0) {
        hop.ms = behind_ms(checkpoint.commit_ts_ms);
    }
    if (!distance) {
        return;
    }
    hop.unknown = distance->unknown;
    hop.broken = distance->broken;
    hop.bytes = distance->bytes;
    hop.safe_bytes = distance->safe_bytes;
    hop.details.insert(hop.details.end(), distance->details.begin(), distance->details.end());
    if (hop.bytes == std::uint64_t{0} || distance->at_end) {
        hop.ms = 0;
    } else if (distance->caught_up && checkpoint.ts_ms != 0) {
        hop.ms = std::min(hop.ms.value_or(INT64_MAX), behind_ms(checkpoint.ts_ms));
    }
}

std::vector<Hop> combine(const std::vector<Found>& found, const SourcePart* source,
                         std::int64_t now_ms) {
    std::vector<Hop> hops;
    for (const Found& item : found) {
        Hop hop = item.hop;
        if (item.checkpoint) {
            const bool offsets = item.checkpoint->kind == "kafka" && source != nullptr;
            // A target may be fed from several servers.
            if (hop.kind == "target" && source != nullptr && !offsets &&
                !source->owns(*item.checkpoint)) {
                continue;
            }
            hop.details.clear();
            describe_checkpoint(hop, *item.checkpoint,
                                source != nullptr && !offsets ? source->distance(*item.checkpoint)
                                                              : std::nullopt,
                                now_ms);
            if (offsets) {
                hop.ms.reset(); // how late offsets are is told by their group
            }
            hop.details.insert(hop.details.end(), item.hop.details.begin(), item.hop.details.end());
        }
        hops.push_back(std::move(hop));
    }
    return hops;
}

std::vector<Hop> Collector::look() {
    std::vector<Found> found;
    for (const auto& part : m_parts.all) {
        std::vector<Found> more = part->look();
        std::move(more.begin(), more.end(), std::back_inserter(found));
    }
    return combine(found, m_parts.source, base::now_ms());
}

} // namespace cdc::lag
