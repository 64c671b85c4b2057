#include "cdc-consume/places.hpp"

#include <algorithm>

namespace cdc::consume {

void Places::start(const kafka::TopicPartition& at, std::int64_t offset) {
    Place& place = m_places[at];
    const std::uint64_t records = place.records;
    place = {};
    place.records = records;
    place.next = offset;
    place.own = true;
    m_index.clear(); // places that were not known may be now
}

Place* Places::find(int topic, const std::string& topic_name, int partition) {
    const auto number = static_cast<std::size_t>(topic);
    const auto column = static_cast<std::size_t>(partition);
    if (m_index.size() <= number) {
        m_index.resize(number + 1);
    }
    auto& row = m_index[number];
    if (row.size() <= column) {
        row.resize(column + 1);
    }
    if (row[column] == nullptr) {
        row[column] = find({topic_name, partition});
    }
    return row[column];
}

Place* Places::find(const kafka::TopicPartition& at) {
    const auto found = m_places.find(at);
    return found == m_places.end() ? nullptr : &found->second;
}

bool Places::at_ends() const {
    return std::all_of(m_places.begin(), m_places.end(), [](const auto& entry) {
        return !entry.second.own || entry.second.at_end || entry.second.past_until;
    });
}

std::int64_t Places::count_own() const {
    return std::count_if(m_places.begin(), m_places.end(),
                         [](const auto& entry) { return entry.second.own; });
}

kafka::Offsets Places::positions() const {
    kafka::Offsets out;
    for (const auto& [at, place] : m_places) {
        if (place.own) {
            out[at] = place.position();
        }
    }
    return out;
}

std::string Places::lowest_order() const {
    std::string lowest;
    std::string highest;
    for (const auto& [at, place] : m_places) {
        if (!place.own || place.order.empty()) {
            continue;
        }
        highest = std::max(highest, place.order);
        if (!place.at_end && (lowest.empty() || place.order < lowest)) {
            lowest = place.order;
        }
    }
    return lowest.empty() ? highest : lowest;
}

} // namespace cdc::consume
