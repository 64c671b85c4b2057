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
    std::string_view table_version; ///< header cdc.table-version; empty: none, or not read
    std::string_view order;         ///< header cdc.order; empty: none, or not read
    /// Headers that name a schema of a registry, see record/framing.hpp; nothing: none, or not
    /// read.
    std::optional<std::string_view> key_schema;
    std::optional<std::string_view> value_schema;
    rd_kafka_message_s* handle = nullptr;
};

/// All members but `topic`, and without headers.
IncomingRecord record_of(rd_kafka_message_s* message);

/// Fills in the headers. librdkafka copies all headers of the record at this call, which costs
/// as much as everything else that happens to a record.
void read_headers(IncomingRecord& record);

/// All headers, in order; a value may be null.
std::vector<std::pair<std::string, std::optional<std::string>>>
headers_of(const IncomingRecord& record);

} // namespace cdc::kafka

#endif
