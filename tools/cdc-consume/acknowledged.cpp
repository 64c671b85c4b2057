#include "cdc-consume/acknowledged.hpp"

#include "base/error.hpp"
#include "event/checkpoint.hpp"

#include <algorithm>

namespace cdc::consume {

using base::Error;
using base::ExitCode;
using base::in_quotes;

Acknowledged::Acknowledged(const Options& options, std::string cluster)
    : m_cluster{std::move(cluster)}, m_group{options.group}, m_on_write{options.on_write()} {
    for (const std::string& path : options.checkpoints) {
        m_watches.emplace_back(path);
    }
    look(0);
}

kafka::Offsets Acknowledged::read_files() const {
    kafka::Offsets lowest;
    for (const io::FileWatch& watch : m_watches) {
        const auto checkpoint = event::read_checkpoint_file(watch.path());
        if (!checkpoint) {
            return {}; // a sink that has stored nothing yet
        }
        const auto refuse = [&](const std::string& what) {
            throw Error{ExitCode::refused,
                        fmt::format("checkpoint file {} is of {}", in_quotes(watch.path()), what),
                        "Each pipe needs a checkpoint file of its own"};
        };
        if (checkpoint->kind != "kafka") {
            refuse("a " + checkpoint->kind + " source, not of Kafka");
        }
        if (!m_cluster.empty() && !checkpoint->server.empty() && checkpoint->server != m_cluster) {
            refuse(fmt::format("Kafka cluster {}, not {}", in_quotes(checkpoint->server),
                               in_quotes(m_cluster)));
        }
        if (checkpoint->slot != m_group) {
            refuse(
                fmt::format("group {}, not {}", in_quotes(checkpoint->slot), in_quotes(m_group)));
        }
        const kafka::Offsets offsets = kafka::parse_offsets(checkpoint->position);
        lowest = &watch == m_watches.data() ? offsets : kafka::lowest_offsets(lowest, offsets);
    }
    return lowest;
}

bool Acknowledged::look(std::uint64_t written) {
    kafka::Offsets now;
    if (m_on_write) {
        while (!m_emitted.empty() && m_emitted.front().first <= written) {
            now = std::move(m_emitted.front().second);
            m_emitted.pop_front();
        }
    } else {
        bool changed = false;
        for (io::FileWatch& watch : m_watches) {
            changed = watch.changed() || changed;
        }
        if (changed) {
            now = read_files();
        }
    }
    for (const auto& [place, offset] : m_forgotten) {
        const auto found = now.find(place);
        if (found != now.end() && found->second == offset) {
            now.erase(found);
        }
    }
    const bool rose = !covers(now);
    kafka::raise_offsets(m_offsets, now);
    return rose;
}

void Acknowledged::emitted(std::uint64_t bytes, const kafka::Offsets& offsets) {
    if (m_on_write) {
        m_emitted.emplace_back(bytes, offsets);
    }
}

void Acknowledged::forget(const kafka::TopicPartition& place) {
    const auto found = m_offsets.find(place);
    if (found != m_offsets.end()) {
        m_forgotten.insert(*found);
        m_offsets.erase(found);
    }
}

bool Acknowledged::covers(const kafka::Offsets& offsets) const {
    return std::all_of(offsets.begin(), offsets.end(), [this](const auto& entry) {
        const auto found = m_offsets.find(entry.first);
        return found != m_offsets.end() && found->second >= entry.second;
    });
}

} // namespace cdc::consume
