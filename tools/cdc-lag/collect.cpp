#include "cdc-lag/collect.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "clickhouse/target_state.hpp"
#include "io/stop_signal.hpp"
#include "sources/open.hpp"

#include <algorithm>
#include <iterator>

namespace cdc::lag {

using nlohmann::ordered_json;

namespace {

ordered_json seconds_since(std::int64_t then_ms, std::int64_t now_ms) {
    if (then_ms == 0) {
        return nullptr;
    }
    return static_cast<double>(std::max<std::int64_t>(now_ms - then_ms, 0)) / 1000;
}

Hop unknown_hop(const char* kind, std::string name, const base::Error& error) {
    Hop hop;
    hop.kind = kind;
    hop.name = std::move(name);
    hop.unknown = error.what();
    return hop;
}

} // namespace

void describe_checkpoint(Hop& hop, const event::Checkpoint& checkpoint,
                         const std::optional<source::LogDistance>& distance, std::int64_t now_ms) {
    hop.position = checkpoint.position;
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

Collector::Collector(const Options& options) : m_options{options}, m_kafka{options} {}
Collector::~Collector() = default;

std::vector<Hop> Collector::look() {
    std::vector<Hop> hops;
    m_source_known = false;
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
        if (!m_source) {
            m_source = sources::open_lag_source(m_options.source);
        }
        std::vector<Hop> found = m_source->look(m_options.slots);
        std::move(found.begin(), found.end(), std::back_inserter(hops));
        m_source_known = true;
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        m_source.reset();
        hops.push_back(unknown_hop("source", "source", error));
    }
}

void Collector::describe(Hop& hop, const event::Checkpoint& checkpoint) const {
    std::optional<source::LogDistance> distance;
    if (m_source_known) {
        distance = m_source->distance(checkpoint);
    }
    describe_checkpoint(hop, checkpoint, distance, base::now_ms());
}

void Collector::look_at_checkpoints(std::vector<Hop>& hops) {
    for (const std::string& path : m_options.checkpoints) {
        try {
            Hop hop;
            hop.kind = "checkpoint";
            hop.name = path;
            if (const auto checkpoint = event::read_checkpoint_file(path)) {
                describe(hop, *checkpoint);
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
            if (m_source_known && !m_source->owns(checkpoint)) {
                continue; // a target may be fed from several servers
            }
            describe(hop, checkpoint);
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
