#ifndef CDC_KAFKA_GROUP_LAG_HPP
#define CDC_KAFKA_GROUP_LAG_HPP

#include "kafka/offsets.hpp"
#include "kafka/settings.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::kafka {

/// What a partition holds: the first offset kept, and the one behind the last record.
struct Bounds {
    std::int64_t first = 0;
    std::int64_t end = 0;
};

/// Where a group stands in one partition. What is not known is nullopt.
struct PartitionLag {
    TopicPartition place;
    std::optional<std::int64_t> committed; ///< nothing where the group never committed
    std::optional<Bounds> bounds;          ///< nothing while the partition has no leader
    /// Records from the committed offset (or the first one kept, if that is higher) to the end.
    /// Known without a commit only where there is nothing to read.
    std::optional<std::uint64_t> messages;
    /// Time of the first of them, in ms since 1970.
    std::optional<std::int64_t> first_unread_ms;
};

struct GroupLag {
    std::string state; ///< "Stable", "Empty": no member runs; "Dead": no such group
    std::size_t members = 0;
    std::vector<PartitionLag> partitions; ///< committed or assigned ones, in order
};

/// Pure: fills `messages` from the other two.
void count_messages(PartitionLag& lag);

/// Looks at groups and topics; joins nothing and commits nothing. Ends are those of now, of every
/// record that the brokers hold, in open transactions too.
class LagReader {
public:
    /// Connects. Throws Error.
    LagReader(const Settings& settings, int timeout_ms);
    ~LagReader();
    LagReader(const LagReader&) = delete;
    LagReader& operator=(const LagReader&) = delete;

    /// Throws Error.
    GroupLag look_at(const std::string& group);
    /// All partitions of topics that match: names, and patterns that begin with '^'. Those without
    /// a leader are left out. Throws Error.
    std::map<TopicPartition, Bounds> look_at_topics(const std::vector<std::string>& wanted);

private:
    struct Implementation;
    std::unique_ptr<Implementation> m;
};

} // namespace cdc::kafka

#endif
