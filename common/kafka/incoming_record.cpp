#include "kafka/incoming_record.hpp"

#include <librdkafka/rdkafka.h>

#include <cstring>

namespace cdc::kafka {

namespace {

std::optional<std::string_view> view(const void* data, std::size_t size) {
    if (data == nullptr) {
        return std::nullopt;
    }
    return std::string_view{static_cast<const char*>(data), size};
}

/// What stands between two values or keys of one fetch is no more than this.
constexpr std::uintptr_t kMostBetween = 192;

constexpr std::string_view kVersionHead{"\x04\x22"
                                        "cdc.table-version\x20"};
constexpr std::string_view kOrderHead{"\x12"
                                      "cdc.order\x40"};
constexpr std::size_t kVersionBytes = 16;
constexpr std::size_t kOrderBytes = 32;

/// rd_kafka_message_headers() makes a list of allocated copies, at the price of everything else
/// that happens to a record. The records of one fetch lie behind each other as the broker sent
/// them, a value followed by its headers and those by the next record. What lies between this
/// value and the next key is looked at, and believed only if it is our headers byte for byte.
bool headers_between(const rd_kafka_message_t* message, const rd_kafka_message_t* next,
                     IncomingRecord& record) {
    if (next == nullptr || message->payload == nullptr || next->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    const char* from = static_cast<const char*>(message->payload) + message->len;
    const void* to = next->key != nullptr ? next->key : next->payload;
    const auto between = reinterpret_cast<std::uintptr_t>(to) - // wraps where it is not behind
                         reinterpret_cast<std::uintptr_t>(from);
    return to != nullptr && between <= kMostBetween && read_own_headers(from, between, record);
}

} // namespace

bool read_own_headers(const char* bytes, std::size_t size, IncomingRecord& record) {
    const std::size_t order_at = kVersionHead.size() + kVersionBytes;
    if (size < order_at + kOrderHead.size() + kOrderBytes ||
        std::memcmp(bytes, kVersionHead.data(), kVersionHead.size()) != 0 ||
        std::memcmp(bytes + order_at, kOrderHead.data(), kOrderHead.size()) != 0) {
        return false;
    }
    record.table_version = {bytes + kVersionHead.size(), kVersionBytes};
    record.order = {bytes + order_at + kOrderHead.size(), kOrderBytes};
    return true;
}

IncomingRecord record_of(rd_kafka_message_t* message, const rd_kafka_message_t* next) {
    IncomingRecord record;
    record.partition = message->partition;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message, nullptr);
    record.key = view(message->key, message->key_len);
    record.value = view(message->payload, message->len);
    record.handle = message;
    if (headers_between(message, next, record)) {
        return record;
    }
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return record;
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
        }
    }
    return record;
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
