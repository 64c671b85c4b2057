#include "cdc-lag/collect.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "clickhouse/target_state.hpp"
#include "io/stop_signal.hpp"
#include "postgres/wal_status.hpp"

#include <algorithm>

namespace cdc::lag {

using base::in_quotes;
using nlohmann::ordered_json;

namespace {

ordered_json seconds_since(std::int64_t then_ms, std::int64_t now_ms) {
    if (then_ms == 0) {
        return nullptr;
    }
    return static_cast<double>(std::max<std::int64_t>(now_ms - then_ms, 0)) / 1000;
}

ordered_json number_or_null(const std::optional<std::int64_t>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

Hop unknown_hop(const char* kind, std::string name, const base::Error& error) {
    Hop hop;
    hop.kind = kind;
    hop.name = std::move(name);
    hop.unknown = error.what();
    return hop;
}

} // namespace

Hop slot_hop(const postgres::NamedSlot& slot, std::uint64_t end) {
    const postgres::SlotState& state = slot.state;
    Hop hop;
    hop.kind = "slot";
    hop.name = slot.name;
    if (state.confirmed != 0) {
        hop.position = postgres::format_lsn(state.confirmed);
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

namespace {

bool same_server(const event::Checkpoint& checkpoint, const SourceView& source) {
    return checkpoint.kind == "postgres" &&
           (source.server.empty() || checkpoint.server == source.server);
}

bool same_source(const event::Checkpoint& checkpoint, const SourceView& source) {
    return same_server(checkpoint, source) &&
           (checkpoint.database.empty() || source.database.empty() ||
            checkpoint.database == source.database);
}

} // namespace

void describe_checkpoint(Hop& hop, const event::Checkpoint& checkpoint,
                         const std::optional<SourceView>& source, std::int64_t now_ms) {
    hop.position = checkpoint.position;
    hop.details.emplace_back("commit_age_seconds", seconds_since(checkpoint.commit_ts_ms, now_ms));
    hop.details.emplace_back("checkpoint_age_seconds", seconds_since(checkpoint.ts_ms, now_ms));
    const auto behind_ms = [now_ms](std::int64_t then_ms) {
        return std::max<std::int64_t>(now_ms - then_ms, 0);
    };
    if (checkpoint.commit_ts_ms != 0) {
        hop.ms = behind_ms(checkpoint.commit_ts_ms);
    }
    if (!source) {
        return;
    }
    if (same_server(checkpoint, *source) && !same_source(checkpoint, *source)) {
        hop.unknown = fmt::format("belongs to database {}, not to {} of --source",
                                  in_quotes(checkpoint.database), in_quotes(source->database));
        return;
    }
    if (!same_source(checkpoint, *source)) {
        hop.unknown = fmt::format("belongs to {} {}, not to the server of --source",
                                  checkpoint.kind, in_quotes(checkpoint.server));
        return;
    }
    const auto position = postgres::parse_lsn(checkpoint.position);
    if (!position) {
        hop.unknown = fmt::format("its position {} is none", in_quotes(checkpoint.position));
        return;
    }
    hop.bytes = source->end > *position ? source->end - *position : 0;
    const bool caught_up = std::find(source->streaming.begin(), source->streaming.end(),
                                     checkpoint.slot) != source->streaming.end();
    if (*hop.bytes == 0) {
        hop.ms = 0;
    } else if (caught_up && checkpoint.ts_ms != 0) {
        hop.ms = std::min(hop.ms.value_or(INT64_MAX), behind_ms(checkpoint.ts_ms));
    }
}

Collector::Collector(const Options& options) : m_options{options}, m_kafka{options} {}
Collector::~Collector() = default;

std::vector<Hop> Collector::look() {
    std::vector<Hop> hops;
    m_source.reset();
    look_at_source(hops);
    look_at_checkpoints(hops);
    m_kafka.look(hops);
    look_at_target(hops);
    return hops;
}

void Collector::look_at_source(std::vector<Hop>& hops) {
    if (m_options.source.empty()) {
        return;
    }
    try {
        if (!m_connection) {
            m_connection = std::make_unique<postgres::Connection>(
                m_options.source, postgres::Connection::Kind::plain);
        }
        const auto slots = postgres::list_slots(*m_connection, m_options.slots);
        const postgres::WalStatus wal = postgres::read_wal_status(*m_connection);
        m_source = SourceView{wal.server, m_connection->database(), wal.end, {}};
        for (const postgres::NamedSlot& slot : slots) {
            hops.push_back(slot_hop(slot, wal.end));
            if (slot.streaming) {
                m_source->streaming.push_back(slot.name);
            }
        }
        for (const std::string& name : m_options.slots) {
            if (std::none_of(slots.begin(), slots.end(),
                             [&](const auto& slot) { return slot.name == name; })) {
                Hop hop;
                hop.kind = "slot";
                hop.name = name;
                hop.unknown = "the server has no such slot";
                hops.push_back(std::move(hop));
            }
        }
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        m_connection.reset();
        hops.push_back(unknown_hop("source", "source", error));
    }
}

void Collector::look_at_checkpoints(std::vector<Hop>& hops) {
    for (const std::string& path : m_options.checkpoints) {
        try {
            Hop hop;
            hop.kind = "checkpoint";
            hop.name = path;
            if (const auto checkpoint = event::read_checkpoint_file(path)) {
                describe_checkpoint(hop, *checkpoint, m_source, base::now_ms());
            } else {
                hop.unknown = "the file is missing, or holds no checkpoint";
            }
            hops.push_back(std::move(hop));
        } catch (const base::Error& error) {
            hops.push_back(unknown_hop("checkpoint", path, error));
        }
    }
}

void Collector::look_at_target(std::vector<Hop>& hops) {
    if (m_options.target.empty()) {
        return;
    }
    try {
        if (!m_transport) {
            m_transport = clickhouse::open_existing(m_options.target, m_options.chdb_library);
        }
        const clickhouse::TargetState state = clickhouse::read_target_state(*m_transport);
        std::vector<std::string> stale;
        std::vector<std::string> unproven;
        std::uint64_t parked = 0;
        for (const clickhouse::LoadedTable& table : state.tables) {
            parked += table.parked_keys;
            if (!table.stale.empty()) {
                stale.push_back(table.name);
            }
            if (!table.unproven.empty()) {
                unproven.push_back(table.name);
            }
        }
        for (const clickhouse::LoadedSource& source : state.sources) {
            Hop hop;
            hop.kind = "target";
            hop.name = source.name;
            const event::Checkpoint checkpoint =
                event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
            if (m_source && !same_source(checkpoint, *m_source)) {
                continue; // a target may be fed from several servers
            }
            describe_checkpoint(hop, checkpoint, m_source, base::now_ms());
            hop.details.emplace_back("load_age_seconds",
                                     seconds_since(source.load_ms, state.now_ms));
            hop.details.emplace_back("tables", state.tables.size());
            hop.details.emplace_back("stale_tables", stale.size());
            if (!stale.empty()) {
                hop.details.emplace_back("stale", stale);
            }
            hop.details.emplace_back("unproven_tables", unproven.size());
            if (!unproven.empty()) {
                hop.details.emplace_back("unproven", unproven);
            }
            hop.details.emplace_back("parked_keys", parked);
            hops.push_back(std::move(hop));
        }
        if (state.sources.empty()) {
            Hop hop;
            hop.kind = "target";
            hop.name = m_transport->name();
            hop.unknown = "no source's position is stored in it";
            hops.push_back(std::move(hop));
        }
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        m_transport.reset();
        hops.push_back(unknown_hop("target", "target", error));
    }
}

} // namespace cdc::lag
