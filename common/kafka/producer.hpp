#ifndef CDC_KAFKA_PRODUCER_HPP
#define CDC_KAFKA_PRODUCER_HPP

#include "base/error.hpp"
#include "kafka/acknowledgements.hpp"
#include "kafka/offsets.hpp"
#include "kafka/settings.hpp"
#include "kafka/topics.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// A record to send; the bytes are copied.
struct OutgoingRecord {
    int topic = 0;                       ///< from open_topic()
    std::optional<std::string_view> key; ///< nothing: Kafka's null
    std::optional<std::string_view> value;
    int partition = -1;             ///< -1: by the key, any where there is none
    std::int64_t timestamp_ms = 0;  ///< 0: now
    std::string_view table_version; ///< header cdc.table-version; empty: none
    std::string_view order;         ///< header cdc.order; empty: none
};

/// The open transaction can only be aborted; all of its records are to be sent again.
class TransactionAborted : public base::Error {
public:
    using Error::Error;
};

/// An idempotent producer with acks=all whose records are retried for as long as it takes.
/// One thread uses it. Memory: the queue's bytes and its count of records bound it.
class Producer {
public:
    struct Options {
        Settings settings;
        std::string transactional_id; ///< empty: no transactions
        int transaction_timeout_ms = 60'000;
        std::uint64_t queue_bytes = std::uint64_t{16} << 20;
        int connect_timeout_ms = 30'000;
        /// How long a wait for the brokers goes on after SIGINT or SIGTERM; -1: for ever.
        std::int64_t drain_ms = -1;
        int admin_timeout_ms = 30'000; ///< of one question about a topic
        bool keep_ends = false;        ///< Acknowledgements::ends() is wanted
        /// Told of each acknowledged record how long it took, in microseconds.
        std::function<void(std::int64_t us)> on_delivered{};
    };

    /// Connects. Throws Error: usage (settings), refused (login), failed (no broker).
    Producer(const Options& options, Acknowledgements& acknowledgements);
    /// Abandons what is not acknowledged.
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    std::optional<TopicFacts> describe(const std::string& topic);
    TopicFacts create(const std::string& topic, const TopicSpec& spec);
    /// A number for the topic, which must be there.
    int open_topic(const std::string& name);
    const std::string& topic_name(int topic) const;
    std::string cluster();
    /// The ends of all partitions of topics whose names begin so. Throws Error.
    Offsets ends(const std::string& name_begin);
    /// All topics, and how many partitions they have. Throws Error.
    std::map<std::string, int> topics();
    /// Whether one of the topic's partitions has had a committed record since it was made. Throws
    /// Error.
    bool had_records(const std::string& topic, int partitions);

    /// False: the queue is full, poll() and try again. Throws Error, with transactions also
    /// TransactionAborted.
    bool send(const OutgoingRecord& record);
    /// Takes acknowledgements in, waiting up to `timeout_ms` for the first. Throws the Error that
    /// ended the producer, or that a record met; and where it would wait, failed when drain_ms is
    /// over.
    void poll(int timeout_ms);
    /// Polls until nothing is outstanding; false when the time ran out (-1: never).
    bool flush(int timeout_ms);

    /// Readable when there is something to poll().
    int wake_fd() const;

    /// With a transactional id. Each retries what can be retried, while
    /// drain_ms allows, and throws Error; commit() gives
    /// false when the transaction had to be aborted: all its records are to be sent again.
    void begin();
    bool commit();
    void abort();

private:
    struct Implementation;
    std::unique_ptr<Implementation> m;
};

} // namespace cdc::kafka

#endif
