#ifndef CDC_CONSUME_PLACES_HPP
#define CDC_CONSUME_PLACES_HPP

#include "kafka/offsets.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cdc::consume {

/// Where reading stands in one partition.
struct Place {
    std::int64_t next = 0; ///< offset of the next record
    std::int64_t end = 0;  ///< of the partition, when it came
    /// Of all records, when the end of the committed ones was reached first; below 0: not yet.
    std::int64_t whole_end = -1;
    std::uint64_t records = 0; ///< read
    bool own = false;
    bool leaving = false; ///< the group wants it back
    bool at_end = false;
    bool past_until = false;
    std::string order;       ///< of its last change
    std::string highest;     ///< order of its changes; with --marks, and without rows of snapshots
    std::int64_t begin = -1; ///< offset of the begin line of a snapshot that has not ended
    /// The same, where its rows have no key. A sink tells them apart by their places behind that
    /// line, so reading starts again with it.
    std::int64_t held = -1;

    /// Where reading starts again.
    std::int64_t position() const { return held >= 0 ? held : next; }

    /// Whether an open transaction may hide what others committed behind its beginning.
    bool hides() const { return next < whole_end; }

    /// Whether a record is to be written. What was fetched before the partition left, or came
    /// again, may still be in hand.
    bool takes(std::int64_t offset) const {
        return own && !leaving && !past_until && offset >= next;
    }
};

/// All partitions that were ever ours. A Place stays where it is.
class Places {
public:
    using Map = std::map<kafka::TopicPartition, Place>;

    /// A partition came, or came again.
    void start(const kafka::TopicPartition& at, std::int64_t offset);
    /// By the consumer's number of the topic, without a search after the first time. nullptr for
    /// one that never came.
    Place* find(int topic, const std::string& topic_name, int partition);
    Place* find(const kafka::TopicPartition& at);

    const Map& all() const noexcept { return m_places; }
    std::int64_t count_own() const;
    /// Whether nothing more was in any of ours when it was last looked at.
    bool at_ends() const;
    /// The position of each that is ours.
    kafka::Offsets positions() const;
    /// Everything at or below it has been written: partitions that are at their end do not hold it
    /// back. Empty before the first change.
    std::string lowest_order() const;

private:
    Map m_places;
    std::vector<std::vector<Place*>> m_index; ///< into m_places by topic number and partition
};

} // namespace cdc::consume

#endif
