#include "kafka/partition_list.hpp"

#include "kafka/topic_pattern.hpp"

#include <set>

namespace cdc::kafka {

PartitionList list_of(const std::vector<TopicPartition>& places) {
    PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(places.size()))};
    for (const TopicPartition& place : places) {
        rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition);
    }
    return list;
}

PartitionList list_of(const Offsets& offsets) {
    PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size()))};
    for (const auto& [place, offset] : offsets) {
        rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)
            ->offset = offset;
    }
    return list;
}

std::vector<TopicPartition> places_of(const rd_kafka_topic_partition_list_t* list) {
    std::vector<TopicPartition> places;
    for (int i = 0; list != nullptr && i < list->cnt; ++i) {
        places.push_back({list->elems[i].topic, list->elems[i].partition});
    }
    return places;
}

std::vector<TopicPartition> matching_partitions(const std::map<std::string, int>& topics,
                                                const std::vector<std::string>& wanted) {
    std::set<TopicPartition> places;
    for (const std::string& name : wanted) {
        const TopicMatcher matches{name};
        for (const auto& [topic, partitions] : topics) {
            if (matches(topic)) {
                for (int partition = 0; partition < partitions; ++partition) {
                    places.insert({topic, partition});
                }
            }
        }
    }
    return {places.begin(), places.end()};
}

} // namespace cdc::kafka
