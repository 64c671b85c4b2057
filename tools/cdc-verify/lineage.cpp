#include "cdc-verify/lineage.hpp"

#include "base/error.hpp"
#include "event/checkpoint.hpp"

#include <algorithm>

namespace cdc::verify {

using base::Error;
using base::ExitCode;

namespace {

constexpr char kNamePrimary[] = "--source has to name the present primary.";

} // namespace

void refuse_repair(const std::string& why) {
    throw Error{ExitCode::refused, "no repair from this source: " + why, kNamePrimary};
}

std::optional<event::Order> highest_order(const clickhouse::TargetState& state,
                                          const Source& database, const std::string& slot,
                                          bool with_kafka) {
    std::optional<event::Order> highest;
    for (const auto& source : state.sources) {
        const auto checkpoint =
            event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
        const bool ours = (checkpoint.kind == "kafka" && with_kafka) || database.owns(checkpoint);
        if (ours && (slot.empty() || checkpoint.slot == slot)) {
            highest = std::max(highest.value_or(event::Order{}), checkpoint.order);
        }
    }
    return highest;
}

std::optional<event::Order> loaded_order(const clickhouse::TargetState& state,
                                         const Source& database, const std::string& slot) {
    std::optional<event::Order> stream;
    std::optional<event::Order> kafka;
    for (const auto& source : state.sources) {
        const auto checkpoint =
            event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
        if (!slot.empty() && checkpoint.slot != slot) {
            continue;
        }
        if (database.owns(checkpoint)) {
            stream = std::min(stream.value_or(checkpoint.order), checkpoint.order);
        } else if (event::has_some_partitions(checkpoint)) {
            kafka = event::Order{};
        } else if (checkpoint.kind == "kafka") {
            kafka = std::min(kafka.value_or(checkpoint.order), checkpoint.order);
        }
    }
    const auto order = stream ? stream : kafka;
    return order && *order != event::Order{} ? order : std::nullopt;
}

void refuse_older_timeline(const std::optional<event::Order>& loaded,
                           const std::optional<event::Order>& now) {
    if (loaded && now && loaded->epoch() > now->epoch()) {
        throw Error{ExitCode::refused,
                    fmt::format("the source is on timeline {}, and the target holds changes of "
                                "timeline {}: this server was demoted, or is an old copy",
                                now->epoch(), loaded->epoch()),
                    kNamePrimary};
    }
}

void refuse_repair_from_standby(bool standby) {
    if (standby) {
        refuse_repair("it is a standby, whose rows may be older than the target's");
    }
}

void refuse_repair_beyond(const std::optional<event::Order>& loaded, LogPosition end,
                          const std::function<std::string(LogPosition)>& text) {
    if (!loaded) {
        refuse_repair("the target was not filled from this server and database");
    }
    if (loaded->position() > end) {
        refuse_repair(fmt::format("its log ends at {}, and the target holds changes up to {}",
                                  text(end), text(loaded->position())));
    }
}

} // namespace cdc::verify
