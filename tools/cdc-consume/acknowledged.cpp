#include "cdc-consume/acknowledged.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdc::consume {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

void check(const std::string& path, const event::Checkpoint& checkpoint, const std::string& cluster,
           const std::string& group) {
    const auto refuse = [&](const std::string& what) {
        throw Error{ExitCode::refused,
                    fmt::format("checkpoint file {} is of {}", in_quotes(path), what),
                    "Each pipe needs a checkpoint file of its own"};
    };
    if (checkpoint.kind != "kafka") {
        refuse("a " + checkpoint.kind + " source, not of Kafka");
    }
    if (!cluster.empty() && !checkpoint.server.empty() && checkpoint.server != cluster) {
        refuse(fmt::format("Kafka cluster {}, not {}", in_quotes(checkpoint.server),
                           in_quotes(cluster)));
    }
    if (checkpoint.slot != group) {
        refuse(fmt::format("group {}, not {}", in_quotes(checkpoint.slot), in_quotes(group)));
    }
}

} // namespace

Acknowledged::Acknowledged(const Options& options, std::string cluster)
    : m_on_write{options.on_write()}, m_files{options.checkpoints,
                                              [cluster = std::move(cluster), group = options.group](
                                                  const std::string& path,
                                                  const event::Checkpoint& held) {
                                                  check(path, held, cluster, group);
                                              }} {
    if (!m_on_write) {
        raise(held_by_files());
    }
}

std::vector<event::Checkpoint> Acknowledged::held() const {
    std::vector<event::Checkpoint> all;
    for (const checkpoints::Watch::File& file : m_files.files()) {
        if (!file.checkpoint) {
            return {};
        }
        all.push_back(*file.checkpoint);
    }
    return all;
}

/// The lowest of the files; nothing when one is missing: its sink has stored nothing yet.
kafka::Offsets Acknowledged::held_by_files() const {
    kafka::Offsets lowest;
    for (const checkpoints::Watch::File& file : m_files.files()) {
        if (!file.checkpoint) {
            return {};
        }
        const kafka::Offsets offsets = kafka::parse_offsets(file.checkpoint->position);
        lowest = &file == m_files.files().data() ? offsets : kafka::lowest_offsets(lowest, offsets);
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
    } else if (m_files.poll()) {
        now = held_by_files();
    }
    return raise(std::move(now));
}

/// True when something rose.
bool Acknowledged::raise(kafka::Offsets now) {
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
