#include "kafka/acknowledgements.hpp"

#include <algorithm>

namespace cdc::kafka {

namespace {

void raise(Acknowledgements::Ends& ends, std::size_t topic, std::size_t partition,
           std::int64_t end) {
    if (ends.size() <= topic) {
        ends.resize(topic + 1);
    }
    if (ends[topic].size() <= partition) {
        ends[topic].resize(partition + 1);
    }
    ends[topic][partition] = std::max(ends[topic][partition], end);
}

} // namespace

void Acknowledgements::stored(Group* group, std::size_t topic, std::size_t partition,
                              std::int64_t offset) {
    raise(group->ends, topic, partition, offset + 1);
}

void Acknowledgements::checkpoint(std::string_view line) {
    Group& last = m_groups.back();
    last.closed = true;
    last.checkpoints.add(line);
    if (m_groups.size() < kMaxGroups) {
        m_groups.emplace_back();
        return;
    }
    // Records to come join this group, so that its checkpoint waits for them as well: late, but
    // never early.
}

checkpoints::LastLines Acknowledgements::take_durable() {
    checkpoints::LastLines newest;
    while (m_groups.front().closed && m_groups.front().outstanding == 0) {
        Group& group = m_groups.front();
        for (const std::string& line : group.checkpoints.lines()) {
            newest.add(line);
        }
        for (std::size_t topic = 0; topic < group.ends.size(); ++topic) {
            for (std::size_t partition = 0; partition < group.ends[topic].size(); ++partition) {
                raise(m_ends, topic, partition, group.ends[topic][partition]);
            }
        }
        m_groups.pop_front();
        if (m_groups.empty()) {
            m_groups.emplace_back();
        }
    }
    return newest;
}

} // namespace cdc::kafka
