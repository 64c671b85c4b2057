#include "kafka/acknowledgements.hpp"

namespace cdc::kafka {

void Acknowledgements::checkpoint(std::string_view line) {
    Group& last = m_groups.back();
    last.closed = true;
    last.checkpoint.assign(line);
    if (m_groups.size() < kMaxGroups) {
        m_groups.emplace_back();
        return;
    }
    // Records to come join this group, so that its checkpoint waits for them as well: late, but
    // never early.
}

std::optional<std::string> Acknowledgements::take_durable() {
    std::optional<std::string> newest;
    while (m_groups.front().closed && m_groups.front().outstanding == 0) {
        newest = std::move(m_groups.front().checkpoint);
        m_groups.pop_front();
        if (m_groups.empty()) {
            m_groups.emplace_back();
        }
    }
    return newest;
}

} // namespace cdc::kafka
