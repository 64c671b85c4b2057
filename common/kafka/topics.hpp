#ifndef CDC_KAFKA_TOPICS_HPP
#define CDC_KAFKA_TOPICS_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

struct rd_kafka_s;

namespace cdc::kafka {

/// What a topic should be like; -1 and absent: as the brokers' defaults say.
struct TopicSpec {
    int partitions = -1;
    int replication = -1;
    std::map<std::string, std::string> config; ///< "retention.ms" and so on
};

/// What a topic is like.
struct TopicFacts {
    int partitions = 0;
    int replication = 0;
    /// Empty when the user may not describe configurations.
    std::map<std::string, std::string> config;

    /// Bytes of the largest record that the topic takes.
    std::uint64_t max_message_bytes() const;
    /// Whether old records go by key, so that each must have one.
    bool is_compacted() const;
    /// How old, by their own time, records may get; 0: for ever, or not known.
    std::int64_t retention_ms() const;
};

/// Nothing when there is no such topic. Throws Error.
std::optional<TopicFacts> describe_topic(rd_kafka_s* client, const std::string& topic,
                                         int timeout_ms);

/// Makes the topic, and waits until the brokers know it; one that is there by now is as good.
/// Throws Error.
TopicFacts create_topic(rd_kafka_s* client, const std::string& topic, const TopicSpec& spec,
                        int timeout_ms);

/// What is asked for and is not so, in words ("3 partitions, not 6"); empty when all is as asked.
std::vector<std::string> differences(const TopicSpec& asked, const TopicFacts& facts);

/// Names and partition counts of all topics of the cluster. Throws Error.
std::map<std::string, int> list_topics(rd_kafka_s* client, int timeout_ms);

/// Brokers hide topics from who may not see them. Throws Error (refused) when this one is hidden,
/// or may be.
void refuse_hidden_topic(rd_kafka_s* client, const std::string& topic, int timeout_ms);

/// Which topic of its name it is: one that is made anew has another id.
struct TopicIdentity {
    std::string id;
    int partitions = 0;
};

/// Of these topics. Left out: where brokers or librdkafka know no ids.
std::map<std::string, TopicIdentity>
topic_identities(rd_kafka_s* client, const std::set<std::string>& topics, int timeout_ms);

/// The cluster's id; empty when no broker tells it in time.
std::string cluster_id(rd_kafka_s* client, int timeout_ms);

} // namespace cdc::kafka

#endif
