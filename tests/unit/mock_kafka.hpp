#ifndef CDC_TESTS_UNIT_MOCK_KAFKA_HPP
#define CDC_TESTS_UNIT_MOCK_KAFKA_HPP

#include "kafka/handles.hpp"
#include "kafka/settings.hpp"

#include <doctest/doctest.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

/// librdkafka's brokers in this process. They keep the records of aborted transactions and show
/// them to every reader.
class MockKafka {
public:
    /// Requests by their number in the Kafka protocol.
    enum Request { produce = 0, init_producer = 22, add_partitions = 24, end_transaction = 26 };
    struct Record {
        std::optional<std::string> key;
        std::optional<std::string> value;
        std::string version; ///< header cdc.table-version

        friend bool operator==(const Record&, const Record&) = default;
        friend bool operator<(const Record& a, const Record& b) {
            return std::tie(a.key, a.value, a.version) < std::tie(b.key, b.value, b.version);
        }
    };

    explicit MockKafka(int brokers = 1) {
        char text[256];
        rd_kafka_conf_t* conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text));
        m_owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        m_cluster = rd_kafka_mock_cluster_new(m_owner, brokers);
    }
    ~MockKafka() {
        rd_kafka_mock_cluster_destroy(m_cluster);
        rd_kafka_destroy(m_owner);
    }
    MockKafka(const MockKafka&) = delete;
    MockKafka& operator=(const MockKafka&) = delete;

    cdc::kafka::Settings settings() const {
        return cdc::kafka::make_settings(rd_kafka_mock_cluster_bootstraps(m_cluster), {}, {});
    }
    void make_topic(const std::string& name) {
        rd_kafka_mock_topic_create(m_cluster, name.c_str(), 1, 1);
    }
    /// The next request of this kind gets the error in place of an answer.
    void fail_next(Request request, rd_kafka_resp_err_t error) {
        rd_kafka_mock_push_request_errors(m_cluster, request, 1, error);
    }
    rd_kafka_mock_cluster_t* cluster() { return m_cluster; }

    /// All records of the topic's one partition.
    std::vector<Record> records(const std::string& topic) const {
        using namespace cdc::kafka;
        char text[256] = "";
        rd_kafka_conf_t* conf = rd_kafka_conf_new();
        for (const auto& [name, value] : {std::pair{"group.id", "reader"},
                                          {"enable.partition.eof", "true"},
                                          {"fetch.wait.max.ms", "5"},
                                          {"log_level", "0"}}) {
            rd_kafka_conf_set(conf, name, value, text, sizeof(text));
        }
        rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(m_cluster),
                          text, sizeof(text));
        const ClientHandle client{rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text))};
        const PartitionList list{rd_kafka_topic_partition_list_new(1)};
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_assign(client.get(), list.get());
        std::vector<Record> out;
        while (true) {
            const MessageHandle message{rd_kafka_consumer_poll(client.get(), 10'000)};
            REQUIRE(message != nullptr);
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                break;
            }
            REQUIRE(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
            const auto bytes = [](const void* data, std::size_t size) {
                return data == nullptr
                           ? std::nullopt
                           : std::optional{std::string{static_cast<const char*>(data), size}};
            };
            Record record{bytes(message->key, message->key_len),
                          bytes(message->payload, message->len), ""};
            rd_kafka_headers_t* headers = nullptr;
            const void* value = nullptr;
            std::size_t size = 0;
            if (rd_kafka_message_headers(message.get(), &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
                rd_kafka_header_get_last(headers, "cdc.table-version", &value, &size) ==
                    RD_KAFKA_RESP_ERR_NO_ERROR) {
                record.version.assign(static_cast<const char*>(value), size);
            }
            out.push_back(std::move(record));
        }
        rd_kafka_consumer_close(client.get());
        return out;
    }

private:
    rd_kafka_t* m_owner = nullptr;
    rd_kafka_mock_cluster_t* m_cluster = nullptr;
};

#endif
