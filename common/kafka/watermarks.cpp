#include "kafka/watermarks.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "kafka/errors.hpp"
#include "kafka/in_steps.hpp"
#include "kafka/partition_list.hpp"
#include "kafka/topics.hpp"

namespace cdc::kafka {

using base::in_quotes;

namespace {
constexpr int kStepMs = 2000;
} // namespace

std::pair<std::int64_t, std::int64_t> watermarks(rd_kafka_t* client, const TopicPartition& place,
                                                 int timeout_ms) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    while (true) {
        const auto error = rd_kafka_query_watermark_offsets(client, place.topic.c_str(),
                                                            place.partition, &low, &high, kStepMs);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return {low, high};
        }
        if (io::stop_signal::give_up()) {
            throw io::Stopped{"a Kafka broker looked for offsets"};
        }
        if (!is_transient(error) || base::steady_ms() > deadline) {
            throw make_error(error, fmt::format("cannot look at topic {} partition {}",
                                                in_quotes(place.topic), place.partition));
        }
        list_topics(client, timeout_ms); // only new metadata tell the client of a new leader
    }
}

std::optional<std::int64_t> known_end(rd_kafka_t* client, const TopicPartition& place) {
    std::int64_t low = 0;
    std::int64_t high = -1;
    const auto error =
        rd_kafka_get_watermark_offsets(client, place.topic.c_str(), place.partition, &low, &high);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? std::optional{high} : std::nullopt;
}

Offsets offsets_by_time(rd_kafka_t* client, const std::vector<TopicPartition>& places,
                        std::int64_t time_ms, int timeout_ms) {
    const PartitionList list = list_of(places);
    for (int i = 0; i < list->cnt; ++i) {
        list->elems[i].offset = time_ms;
    }
    if (const auto error = in_steps(
            timeout_ms, "a Kafka broker looked for offsets",
            [&](int step_ms) { return rd_kafka_offsets_for_times(client, list.get(), step_ms); });
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw make_error(error, "cannot find offsets by time");
    }
    Offsets out;
    for (int i = 0; i < list->cnt; ++i) {
        const auto& entry = list->elems[i];
        const TopicPartition place{entry.topic, entry.partition};
        out[place] =
            entry.offset >= 0 ? entry.offset : watermarks(client, place, timeout_ms).second;
    }
    return out;
}

} // namespace cdc::kafka
