#include "postgres/lag_source.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdc::postgres {

using base::in_quotes;
using nlohmann::ordered_json;
using source::Hop;

namespace {

ordered_json number_or_null(const std::optional<std::int64_t>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

bool same_server(const event::Checkpoint& checkpoint, const LagView& view) {
    return checkpoint.kind == "postgres" &&
           (view.server.empty() || checkpoint.server == view.server);
}

bool same_source(const event::Checkpoint& checkpoint, const LagView& view) {
    return same_server(checkpoint, view) && (checkpoint.database.empty() || view.database.empty() ||
                                             checkpoint.database == view.database);
}

} // namespace

Hop slot_hop(const NamedSlot& slot, Lsn end) {
    const SlotState& state = slot.state;
    Hop hop;
    hop.kind = "slot";
    hop.name = slot.name;
    if (state.confirmed != 0) {
        hop.position = format_lsn(state.confirmed);
        hop.passed = state.confirmed;
        hop.bytes = end > state.confirmed ? end - state.confirmed : 0;
        hop.ms = *hop.bytes == 0 ? std::optional<std::int64_t>{0} : slot.lag_ms;
    } else {
        hop.unknown = "the slot has no confirmed position";
    }
    hop.details.emplace_back("retained_bytes", state.restart != 0 && end >= state.restart
                                                   ? ordered_json(end - state.restart)
                                                   : ordered_json(nullptr));
    hop.details.emplace_back("wal_status", state.wal_status.empty()
                                               ? ordered_json(nullptr)
                                               : ordered_json(state.wal_status));
    hop.safe_bytes = state.safe_wal_size;
    hop.details.emplace_back("safe_wal_bytes", number_or_null(state.safe_wal_size));
    hop.details.emplace_back("active", state.active_pid != 0);
    hop.details.emplace_back("pid", state.active_pid != 0 ? ordered_json(state.active_pid)
                                                          : ordered_json(nullptr));
    if (state.wal_status == "lost" || !state.invalidation.empty()) {
        hop.broken = "the slot is lost" +
                     (state.invalidation.empty() ? std::string{} : " (" + state.invalidation + ")");
    } else if (state.wal_status == "unreserved") {
        hop.broken = "the server no longer keeps the log for this slot";
    }
    return hop;
}

source::LogDistance distance(const event::Checkpoint& checkpoint, const LagView& view) {
    source::LogDistance out;
    if (same_server(checkpoint, view) && !same_source(checkpoint, view)) {
        out.unknown = fmt::format("belongs to database {}, not to {} of --source",
                                  in_quotes(checkpoint.database), in_quotes(view.database));
        return out;
    }
    if (!same_source(checkpoint, view)) {
        out.unknown = fmt::format("belongs to {} {}, not to the server of --source",
                                  checkpoint.kind, in_quotes(checkpoint.server));
        return out;
    }
    const auto position = parse_lsn(checkpoint.position);
    if (!position) {
        out.unknown = fmt::format("its position {} is none", in_quotes(checkpoint.position));
        return out;
    }
    out.bytes = view.end > *position ? view.end - *position : 0;
    out.caught_up = std::find(view.streaming.begin(), view.streaming.end(), checkpoint.slot) !=
                    view.streaming.end();
    return out;
}

std::vector<Hop> LagSource::look(const std::vector<std::string>& names) {
    std::vector<Hop> hops;
    const auto slots = list_slots(m_connection, names);
    const WalStatus wal = read_wal_status(m_connection);
    LagView view{wal.server, m_connection.database(), wal.end, {}};
    for (const NamedSlot& slot : slots) {
        hops.push_back(slot_hop(slot, wal.end));
        if (slot.streaming) {
            view.streaming.push_back(slot.name);
        }
    }
    for (const std::string& name : names) {
        if (std::none_of(slots.begin(), slots.end(),
                         [&](const auto& slot) { return slot.name == name; })) {
            Hop hop;
            hop.kind = "slot";
            hop.name = name;
            hop.unknown = "the server has no such slot";
            hops.push_back(std::move(hop));
        }
    }
    const base::MutexLock lock{m_mutex};
    m_view = std::move(view);
    return hops;
}

bool LagSource::owns(const event::Checkpoint& checkpoint) const {
    const base::MutexLock lock{m_mutex};
    return same_source(checkpoint, m_view);
}

source::LogDistance LagSource::distance(const event::Checkpoint& checkpoint) const {
    const base::MutexLock lock{m_mutex};
    return postgres::distance(checkpoint, m_view);
}

} // namespace cdc::postgres
