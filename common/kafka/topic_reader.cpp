#include "kafka/topic_reader.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/topics.hpp"
#include "kafka/watermarks.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cdc::kafka {

using base::in_quotes;

namespace {

/// Behind the last record there can be tombstones, and ends of transactions.
constexpr std::int64_t kLast = 10;

} // namespace

struct TopicReader::Implementation {
    ClientState state;
    std::string topic;
    std::map<int, std::int64_t> next; ///< offset to go on at, by partition
    ClientHandle client;

    void read(const Handler& handler, int timeout_ms, bool last_only);
};

TopicReader::TopicReader(const Settings& settings, std::string topic, int connect_timeout_ms)
    : m{std::make_unique<Implementation>()} {
    m->topic = std::move(topic);
    Settings own = settings;
    own.set("group.id", "cdc-toolkit-reader");  // wanted by the client, joined by nobody
    own.set_default("fetch.wait.max.ms", "20"); // ends are told by an answer without records
    own.set_default_where_known("fetch.queue.backoff.ms", "10");
    own.set_default("reconnect.backoff.max.ms", "1000");
    auto insisted = insisted_of_consumers();
    for (Insisted& must : insisted) {
        if (must.names.front() == "auto.offset.reset") {
            must.value = "earliest";
        }
    }
    m->client = make_client(RD_KAFKA_CONSUMER, make_conf(own, insisted, m->state));
    wait_for_broker(m->client.get(), m->state, connect_timeout_ms);
    rd_kafka_poll_set_consumer(m->client.get());
}

TopicReader::~TopicReader() {
    rd_kafka_consumer_close(m->client.get());
}

void TopicReader::read(const Handler& handler, int timeout_ms) {
    m->read(handler, timeout_ms, false);
}

void TopicReader::read_last(const Handler& handler, int timeout_ms) {
    m->next.clear();
    m->read(handler, timeout_ms, true);
    m->next.clear();
}

void TopicReader::Implementation::read(const Handler& handler, int timeout_ms, bool last_only) {
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    const auto topics = list_topics(client.get(), timeout_ms);
    const auto found = topics.find(topic);
    if (found == topics.end()) {
        return;
    }
    const PartitionList partitions{rd_kafka_topic_partition_list_new(found->second)};
    std::set<int> reading;
    for (int partition = 0; partition < found->second; ++partition) {
        // An offset by its number: the client asks for a named one ("beginning") only half a second
        // after it missed the partition's leader.
        const auto [low, high] = watermarks(client.get(), {topic, partition}, timeout_ms);
        const auto at = next.find(partition);
        std::int64_t from = at == next.end() ? low : at->second;
        if (last_only) {
            from = std::max(low, high - kLast);
        }
        if (from >= high) {
            continue;
        }
        rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), partition)->offset =
            from;
        reading.insert(partition);
    }
    // Assigned anew each time: only then is an end that was reached before told again.
    rd_kafka_assign(client.get(), partitions.get());
    while (!reading.empty()) {
        const MessageHandle message{rd_kafka_consumer_poll(client.get(), 200)};
        state.check();
        if (io::stop_signal::give_up()) {
            throw io::Stopped{"reading topic " + in_quotes(topic)};
        }
        if (!message) {
            if (base::steady_ms() > deadline) {
                throw make_error(RD_KAFKA_RESP_ERR__TIMED_OUT,
                                 "cannot read topic " + in_quotes(topic));
            }
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            reading.erase(message->partition);
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            const auto view = [](const void* data, std::size_t size) {
                return data == nullptr
                           ? std::nullopt
                           : std::optional{std::string_view{static_cast<const char*>(data), size}};
            };
            next[message->partition] = message->offset + 1;
            handler(view(message->key, message->key_len), view(message->payload, message->len));
        } else if (!is_transient(message->err)) {
            throw make_error(message->err, "cannot read topic " + in_quotes(topic),
                             rd_kafka_message_errstr(message.get()));
        }
    }
    rd_kafka_assign(client.get(), nullptr);
}

} // namespace cdc::kafka
