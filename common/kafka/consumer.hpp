#ifndef CDC_KAFKA_CONSUMER_HPP
#define CDC_KAFKA_CONSUMER_HPP

#include "kafka/incoming_record.hpp"
#include "kafka/offsets.hpp"
#include "kafka/settings.hpp"
#include "kafka/topics.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cdc::kafka {

/// What a consumer tells. Calls come from poll() and close(), never from another thread.
class ConsumerHandler {
public:
    virtual ~ConsumerHandler() = default;

    /// Whether record() may be called; after false, poll() returns and keeps what is left.
    virtual bool can_take() = 0;
    virtual void record(const IncomingRecord& record) = 0;
    /// Nothing is left in the partition before `offset`; told again after later records.
    virtual void reached_end(const TopicPartition& place, std::int64_t offset) = 0;
    /// Partitions were given to us; `committed` holds the group's offsets, where there are any.
    /// Gives the offset to start at for each.
    virtual Offsets assigned(const std::vector<TopicPartition>& places,
                             const Offsets& committed) = 0;
    /// The group wants these back: no more records of them come. Call Consumer::release() when
    /// they may go; the group waits for that. With `lost` they belong to others already.
    virtual void revoked(const std::vector<TopicPartition>& places, bool lost) = 0;
};

/// Reads committed records, as a member of a group (cooperative-sticky) or alone. Nothing is
/// committed but by commit(). One thread uses it.
class Consumer {
public:
    /// `group` empty: no group. Connects. Throws Error.
    Consumer(const Settings& settings, const std::string& group, int connect_timeout_ms,
             ConsumerHandler& handler);
    ~Consumer();
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    /// Names, and patterns that begin with '^'; as a member of the group.
    void subscribe(const std::vector<std::string>& topics);
    /// Without a group: all partitions of the topics that match. Later calls add topics and
    /// partitions that are new, and wait at most `timeout_ms` for the brokers.
    void assign(const std::vector<std::string>& topics, int timeout_ms = 30'000);

    /// Partitions assigned from now on give no records to poll(), but to the calls below.
    void separate();
    /// Hands over records of the partition below `limit` that are there, waiting up to `timeout_ms`
    /// for the first. Returns their number. Throws Error.
    int read_before(const TopicPartition& place, std::int64_t limit, int timeout_ms);
    /// The same for one record, whatever its offset.
    int read_one(const TopicPartition& place, int timeout_ms);
    /// Whether the partition's next record is known and not below `limit`.
    bool holds_from(const TopicPartition& place, std::int64_t limit) const;

    /// The partition's topic was made anew: it is assigned again, from where assigned() says.
    void start_again(const TopicPartition& place);

    /// Hands over what is there, waiting up to `timeout_ms` for the first. Throws Error.
    /// Returns the number of records handed over.
    int poll(int timeout_ms);
    /// The end of a partition that is read, as the last fetch told it; nothing: none did. Asks
    /// nobody.
    std::optional<std::int64_t> known_end(const TopicPartition& place) const;
    /// While paused, poll() gives no records but keeps the group going.
    void pause();
    void resume();

    /// Throws Error with `wait`; without it, a failure is told at the next call.
    void commit(const Offsets& offsets, bool wait);
    void release(const std::vector<TopicPartition>& places);
    /// How long the group takes, at most, to give away what a killed member had, if that had our
    /// settings.
    std::int64_t patience_ms() const;
    /// Leaves the group.
    void close();

    const std::string& topic_name(int topic) const;
    std::string cluster();
    /// First offset kept, and the one behind the last record. Throws Error.
    std::pair<std::int64_t, std::int64_t> bounds(const TopicPartition& place);
    /// The first offset of a record at or after the time; the end where there is none.
    Offsets offsets_at(const std::vector<TopicPartition>& places, std::int64_t time_ms);
    std::vector<std::string> topics();
    /// See topics.hpp.
    std::map<std::string, TopicIdentity> topic_identities(const std::set<std::string>& topics,
                                                          int timeout_ms);
    /// See topics.hpp.
    void refuse_hidden_topic(const std::string& topic);
    /// How many partitions the topics have that match. Throws Error.
    std::size_t count_partitions(const std::vector<std::string>& wanted, int timeout_ms);

private:
    struct Implementation;
    std::unique_ptr<Implementation> m;
};

} // namespace cdc::kafka

#endif
