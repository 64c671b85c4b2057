#ifndef CDC_KAFKA_INCOMING_RECORD_HPP
#define CDC_KAFKA_INCOMING_RECORD_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct rd_kafka_message_s;

namespace cdc::kafka {

/// A record as it came; views are valid during the call that hands it over.
struct IncomingRecord {
    int topic = 0; ///< a small number; Consumer::topic_name() has the name
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::string_view table_version; ///< header cdc.table-version, or empty
    std::string_view order;         ///< header cdc.order, or empty
    rd_kafka_message_s* handle = nullptr;
};

/// All members but `topic`. `next` is the message that came behind it, or nullptr.
IncomingRecord record_of(rd_kafka_message_s* message, const rd_kafka_message_s* next);

/// Our two headers, where the bytes behind a record's value are exactly them as version 2 of the
/// record format writes them:
///
///     headers    count 2
///     header     length 17 "cdc.table-version" length 16, 16 bytes
///     header     length 9 "cdc.order" length 32, 32 bytes
///
/// all numbers as zigzag varints of one byte. False when they are anything else, and when `size`
/// is too little.
bool read_own_headers(const char* bytes, std::size_t size, IncomingRecord& record);

/// All headers, in order; a value may be null.
std::vector<std::pair<std::string, std::optional<std::string>>>
headers_of(const IncomingRecord& record);

} // namespace cdc::kafka

#endif
