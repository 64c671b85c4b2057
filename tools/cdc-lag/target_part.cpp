#include "cdc-lag/target_part.hpp"

#include "base/error.hpp"
#include "cdc-lag/collect.hpp"
#include "clickhouse/target_state.hpp"
#include "io/stop_signal.hpp"

namespace cdc::lag {

TargetPart::TargetPart(const Options& options) : m_options{options} {}
TargetPart::~TargetPart() = default;

std::vector<Found> TargetPart::look_at_target() {
    const clickhouse::TargetState state = clickhouse::read_target_state(*m_transport);
    const auto stored = clickhouse::read_stored_parts(*m_transport);
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
    std::vector<Found> out;
    for (const clickhouse::LoadedSource& source : state.sources) {
        Hop hop;
        hop.kind = "target";
        hop.name = source.name;
        hop.details.emplace_back("load_age_seconds", seconds_since(source.load_ms, state.now_ms));
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
        if (stored) {
            hop.details.emplace_back("rows", stored->rows);
            hop.details.emplace_back("disk_bytes", stored->disk_bytes);
            hop.details.emplace_back("parts", stored->parts);
            hop.details.emplace_back("most_parts", stored->most_parts);
            hop.details.emplace_back("merges", stored->merges);
        }
        out.push_back({std::move(hop),
                       event::parse_checkpoint(source.checkpoint, "the target's checkpoint")});
    }
    return out;
}

std::vector<Found> TargetPart::look() {
    Hop hop;
    hop.kind = kind();
    try {
        if (!m_transport) {
            m_transport = clickhouse::open_existing(m_options.target, m_options.chdb_library);
        }
        std::vector<Found> out = look_at_target();
        if (!out.empty()) {
            return out;
        }
        hop.name = m_transport->name();
        hop.unknown = "no source's position is stored in it";
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        m_transport.reset();
        hop.name = name();
        hop.unknown = error.what();
    }
    return {{std::move(hop)}};
}

} // namespace cdc::lag
