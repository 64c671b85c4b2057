#ifndef CDC_KAFKA_ACKNOWLEDGEMENTS_HPP
#define CDC_KAFKA_ACKNOWLEDGEMENTS_HPP

#include "checkpoints/by_input.hpp"

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace cdc::kafka {

/// Which checkpoints are durable: records between two checkpoints form a group, and a checkpoint
/// counts when all groups up to it are acknowledged, in whatever order that happened.
/// Memory: at most kMaxGroups groups; beyond that, checkpoints are joined.
class Acknowledgements {
public:
    /// The offset behind the last acknowledged record, by the producer's number of the topic and
    /// by partition; 0: none.
    using Ends = std::vector<std::vector<std::int64_t>>;

    struct Group {
        std::uint64_t outstanding = 0;
        bool closed = false;
        checkpoints::LastLines checkpoints; ///< what closed it
        Ends ends;
    };
    static constexpr std::size_t kMaxGroups = 4096;

    Acknowledgements() { m_groups.emplace_back(); }

    /// The group of the next record; stays in place until it is taken.
    Group* sent() {
        ++m_groups.back().outstanding;
        ++m_outstanding;
        return &m_groups.back();
    }
    void acknowledged(Group* group) {
        --group->outstanding;
        --m_outstanding;
    }
    /// Where the brokers put a record of the group.
    static void stored(Group* group, std::size_t topic, std::size_t partition, std::int64_t offset);
    /// A record that sent() counted and that the client did not take.
    void not_sent(Group* group) { acknowledged(group); }

    /// Everything sent so far lies before this checkpoint.
    void checkpoint(std::string_view line);
    /// The newest checkpoints that have become durable since the last call.
    checkpoints::LastLines take_durable();

    /// Of all records up to what take_durable() gave last.
    const Ends& ends() const noexcept { return m_ends; }

    std::uint64_t outstanding() const noexcept { return m_outstanding; }
    /// Whether a checkpoint waits for its records.
    bool waiting() const noexcept { return m_groups.front().closed || m_groups.size() > 1; }

private:
    std::deque<Group> m_groups; ///< never empty; the last one takes new records
    Ends m_ends;
    std::uint64_t m_outstanding = 0;
};

} // namespace cdc::kafka

#endif
