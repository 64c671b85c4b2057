#ifndef CDC_CONSUME_MARKS_HPP
#define CDC_CONSUME_MARKS_HPP

#include "cdc-consume/places.hpp"
#include "event/order.hpp"
#include "kafka/cut_mark.hpp"
#include "kafka/offsets.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::consume {

/// The last mark of each stream of a topic of marks: how far its partitions may be read.
class Marks {
public:
    explicit Marks(std::string topic) : m_topic{std::move(topic)} {}

    const std::string& topic() const noexcept { return m_topic; }
    /// Gives the partitions that end before the place where the stream's last mark had them: their
    /// topics were made anew. Throws Error (bad_data) for what is no mark.
    std::vector<kafka::TopicPartition> take(std::string_view key, std::string_view value);

    /// A stream that has ended, or has another name now: its marks count no more.
    void forget(std::string_view key);

    /// Reading goes on behind the cut of this checkpoint; of several, behind the lowest.
    void go_on_behind(const event::Checkpoint& checkpoint);
    /// The marks are a cut that was written. Gives kStreamsMember of its checkpoint.
    nlohmann::ordered_json written();

    /// Behind the last record of the cut; 0 where no mark names the partition.
    std::int64_t limit(const kafka::TopicPartition& place) const;
    const kafka::Offsets& limits() const noexcept { return m_limits; }
    /// Whether nothing was read that is newer than the marks; see kafka/cut_mark.hpp. Marks below
    /// the last cut come from a publisher that goes on: what they say was so before it.
    bool are_exact(const Places& places) const { return !held_by(places); }
    struct Holder {
        std::string key;                            ///< of the stream's marks
        std::optional<kafka::TopicPartition> ahead; ///< none: the mark lies below the last cut
    };
    /// The first stream whose last mark is not exact.
    std::optional<Holder> held_by(const Places& places) const;
    /// All changes below it lie before the limits.
    event::Order order() const;
    std::int64_t commit_ts_ms() const;
    /// What the mark says of the source's place and transactions, where there is one stream, and
    /// its changes have the source's orders.
    std::optional<event::Checkpoint> source() const;

private:
    std::string highest_output(const kafka::TopicPartition& at) const;

    std::string m_topic;
    std::map<std::string, kafka::CutMark, std::less<>> m_marks; ///< by the record's key
    std::map<std::string, event::Order, std::less<>> m_cut;     ///< orders of the last cut
    kafka::Offsets m_limits;
};

} // namespace cdc::consume

#endif
