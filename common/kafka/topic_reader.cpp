#include "kafka/topic_reader.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/topics.hpp"
#include "kafka/watermarks.hpp"

#include <algorithm>
#include <map>

namespace cdc::kafka {

using base::in_quotes;
namespace log = base::log;

namespace {

/// Behind the last record there can be tombstones, and ends of transactions.
constexpr std::int64_t kLast = 10;
/// More than brokers let a transaction be open (transaction.max.timeout.ms), and look for such.
constexpr std::int64_t kOpenMs = 16 * 60'000;
constexpr std::int64_t kTellOpenMs = 2'000;

enum class Extent { visible, past_open, last };

} // namespace

struct TopicReader::Implementation {
    ClientState state;
    std::string topic;
    std::map<int, std::int64_t> next; ///< offset to go on at, by partition
    ClientHandle client;

    void read(const Handler& handler, int timeout_ms, Extent extent);
};

TopicReader::TopicReader(const Settings& settings, std::string topic, int connect_timeout_ms)
    : m{std::make_unique<Implementation>()} {
    m->topic = std::move(topic);
    m->state.set_without_group();
    Settings own = settings;
    own.set("group.id", "cdc-toolkit-reader");  // wanted by the client, joined by nobody
    own.set_default("fetch.wait.max.ms", "20"); // ends are told by an answer without records
    own.set_default_where_known("fetch.queue.backoff.ms", "10");
    own.set_connect_defaults();
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
    m->read(handler, timeout_ms, Extent::visible);
}

void TopicReader::read_past_open(const Handler& handler, int timeout_ms) {
    m->read(handler, timeout_ms, Extent::past_open);
}

void TopicReader::read_last(const Handler& handler, int timeout_ms) {
    m->next.clear();
    m->read(handler, timeout_ms, Extent::last);
    m->next.clear();
}

void TopicReader::Implementation::read(const Handler& handler, int timeout_ms, Extent extent) {
    const bool past_open = extent == Extent::past_open;
    std::int64_t deadline = base::steady_ms() + timeout_ms;
    std::int64_t open_ms = -1; ///< when an open transaction was met; -1: none, 0: said
    const auto topics = list_topics(client.get(), timeout_ms);
    const auto found = topics.find(topic);
    if (found == topics.end()) {
        return;
    }
    const PartitionList partitions{rd_kafka_topic_partition_list_new(found->second)};
    std::map<int, std::int64_t> reading; ///< ends, by partition; below 0: not told yet
    for (int partition = 0; partition < found->second; ++partition) {
        // An offset by its number: the client asks for a named one ("beginning") only half a second
        // after it missed the partition's leader.
        const auto [low, high] = watermarks(client.get(), {topic, partition}, timeout_ms);
        const auto at = next.find(partition);
        std::int64_t from = at == next.end() ? low : at->second;
        if (extent == Extent::last) {
            from = std::max(low, high - kLast);
        }
        if (from >= high && !past_open) { // `high` is where the first open transaction begins
            continue;
        }
        rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), partition)->offset =
            from;
        reading[partition] = past_open ? -1 : high;
    }
    // Assigned anew each time: only then is an end that was reached before told again.
    rd_kafka_assign(client.get(), partitions.get());
    while (!reading.empty()) {
        const MessageHandle message{rd_kafka_consumer_poll(client.get(), 200)};
        state.check();
        if (io::stop_signal::give_up()) {
            throw io::Stopped{"reading topic " + in_quotes(topic)};
        }
        if (open_ms > 0 && base::steady_ms() - open_ms > kTellOpenMs) {
            open_ms = 0;
            log::warning("waiting for an open transaction in topic {}, which hides what others "
                         "committed behind its beginning",
                         in_quotes(topic));
        }
        if (!message) {
            if (base::steady_ms() > deadline) {
                throw make_error(RD_KAFKA_RESP_ERR__TIMED_OUT,
                                 "cannot read topic " + in_quotes(topic));
            }
            continue;
        }
        const auto at = reading.find(message->partition);
        const bool end_reached = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if ((end_reached || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) && at != reading.end() &&
            at->second < 0) {
            at->second = known_end(client.get(), {topic, at->first}).value_or(-1);
        }
        if (end_reached) {
            if (at != reading.end() && message->offset < at->second && past_open) {
                open_ms = open_ms < 0 ? base::steady_ms() : open_ms;
                deadline = std::max(deadline, base::steady_ms() + kOpenMs);
            } else {
                reading.erase(message->partition);
            }
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            const auto view = [](const void* data, std::size_t size) {
                return data == nullptr
                           ? std::nullopt
                           : std::optional{std::string_view{static_cast<const char*>(data), size}};
            };
            next[message->partition] = message->offset + 1;
            handler(view(message->key, message->key_len), view(message->payload, message->len));
            // Behind the last record the end of a transaction may stand, which is no record.
            if (at != reading.end() && at->second >= 0 && message->offset + 1 >= at->second) {
                reading.erase(at);
            }
        } else if (!is_transient(message->err) && !state.passes_over(message->err)) {
            throw make_error(message->err, "cannot read topic " + in_quotes(topic),
                             rd_kafka_message_errstr(message.get()));
        }
    }
    rd_kafka_assign(client.get(), nullptr);
}

} // namespace cdc::kafka
