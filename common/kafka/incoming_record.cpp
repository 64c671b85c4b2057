#include "kafka/incoming_record.hpp"

#include "record/framing.hpp"

#include <librdkafka/rdkafka.h>

namespace cdc::kafka {

namespace {

std::optional<std::string_view> view(const void* data, std::size_t size) {
    if (data == nullptr) {
        return std::nullopt;
    }
    return std::string_view{static_cast<const char*>(data), size};
}

} // namespace

IncomingRecord record_of(rd_kafka_message_t* message) {
    IncomingRecord record;
    record.partition = message->partition;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message, nullptr);
    record.key = view(message->key, message->key_len);
    record.value = view(message->payload, message->len);
    record.handle = message;
    return record;
}

void read_headers(IncomingRecord& record) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(record.handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
        const std::string_view spelled{name};
        if (spelled == "cdc.table-version") {
            record.table_version = view(value, size).value_or("");
        } else if (spelled == "cdc.order") {
            record.order = view(value, size).value_or("");
        } else if (spelled == record::kValueSchemaHeader) {
            record.value_schema = view(value, size);
        } else if (spelled == record::kKeySchemaHeader) {
            record.key_schema = view(value, size);
        }
    }
}

std::vector<std::pair<std::string, std::optional<std::string>>>
headers_of(const IncomingRecord& record) {
    std::vector<std::pair<std::string, std::optional<std::string>>> out;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(record.handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return out;
    }
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
        const auto bytes = view(value, size);
        out.emplace_back(name, bytes ? std::optional{std::string{*bytes}} : std::nullopt);
    }
    return out;
}

} // namespace cdc::kafka
