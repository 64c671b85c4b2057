#ifndef CDC_KAFKA_WATERMARKS_HPP
#define CDC_KAFKA_WATERMARKS_HPP

#include "kafka/offsets.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

struct rd_kafka_s;

namespace cdc::kafka {

/// First offset kept, and the one behind the last record. Asks again until `timeout_ms` is over.
/// Throws Error.
std::pair<std::int64_t, std::int64_t> watermarks(rd_kafka_s* client, const TopicPartition& place,
                                                 int timeout_ms);

/// The one behind the last record, committed or not, as the last answer with records had it. Asks
/// nobody. Nothing where none has come.
std::optional<std::int64_t> known_end(rd_kafka_s* client, const TopicPartition& place);

/// The first offset of a record at or after the time; the end where there is none. Throws Error.
Offsets offsets_by_time(rd_kafka_s* client, const std::vector<TopicPartition>& places,
                        std::int64_t time_ms, int timeout_ms);

} // namespace cdc::kafka

#endif
