#ifndef CDC_KAFKA_PARTITION_LIST_HPP
#define CDC_KAFKA_PARTITION_LIST_HPP

#include "kafka/handles.hpp"
#include "kafka/offsets.hpp"

#include <map>
#include <string>
#include <vector>

/// Between our offsets and librdkafka's lists. Only this folder's .cpp files include this header.
namespace cdc::kafka {

PartitionList list_of(const std::vector<TopicPartition>& places);
PartitionList list_of(const Offsets& offsets);
std::vector<TopicPartition> places_of(const rd_kafka_topic_partition_list_t* list);

/// The partitions of topics (name and count) that match: names, and patterns that begin with '^'.
/// In order, each once.
std::vector<TopicPartition> matching_partitions(const std::map<std::string, int>& topics,
                                                const std::vector<std::string>& wanted);

} // namespace cdc::kafka

#endif
