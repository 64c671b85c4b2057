#include "kafka/consumer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/partition_list.hpp"
#include "kafka/topics.hpp"
#include "kafka/watermarks.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

namespace cdc::kafka {

using base::Error;
using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

constexpr int kRequestTimeoutMs = 30'000;
constexpr std::size_t kBatch = 1024;
constexpr std::size_t kSeparateBatch = 256;

/// A partition that is read by itself.
struct SeparatePartition {
    QueueHandle queue;
    std::vector<MessageHandle> batch; ///< in hand, from `next` on
    std::size_t next = 0;

    const rd_kafka_message_t* front() const {
        return next < batch.size() ? batch[next].get() : nullptr;
    }
    bool fill(int timeout_ms) {
        std::array<rd_kafka_message_t*, kSeparateBatch> taken{};
        const auto count =
            rd_kafka_consume_batch_queue(queue.get(), timeout_ms, taken.data(), taken.size());
        batch.clear();
        next = 0;
        for (ssize_t i = 0; i < count; ++i) {
            batch.emplace_back(taken[static_cast<std::size_t>(i)]);
        }
        return count > 0;
    }
};

} // namespace

struct Consumer::Implementation : ClientState {
    explicit Implementation(ConsumerHandler& h) : handler{h} {}

    ConsumerHandler& handler;
    ClientHandle client;
    QueueHandle queue;
    bool grouped = false;
    std::int64_t session_timeout_ms = 45'000; ///< librdkafka's defaults
    std::int64_t heartbeat_ms = 3'000;
    bool paused = false;
    bool closing = false;
    bool closed = false;
    bool ever_assigned = false;
    std::set<TopicPartition> own;
    std::vector<std::string> names;
    std::unordered_map<const void*, int> numbers; ///< of topics, by the client's handle
    const void* last_topic = nullptr;
    int last_number = 0;
    std::array<rd_kafka_message_t*, kBatch> batch{};
    std::size_t batch_size = 0;
    std::size_t batch_next = 0;
    bool separate = false;
    std::map<TopicPartition, SeparatePartition> parts; ///< with `separate`

    int number_of(const rd_kafka_topic_t* topic) {
        if (topic == last_topic) {
            return last_number;
        }
        const std::string name = rd_kafka_topic_name(topic);
        auto found = numbers.find(topic);
        if (found == numbers.end() || names[static_cast<std::size_t>(found->second)] != name) {
            const auto known = std::find(names.begin(), names.end(), name);
            const auto number = static_cast<int>(known - names.begin());
            if (known == names.end()) {
                names.push_back(name);
            }
            found = numbers.insert_or_assign(topic, number).first;
        }
        last_topic = topic;
        last_number = found->second;
        return last_number;
    }

    void hand_over(rd_kafka_message_t* message) {
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            handler.reached_end({rd_kafka_topic_name(message->rkt), message->partition},
                                message->offset);
            return;
        }
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            on_message_error(message);
            return;
        }
        IncomingRecord record = record_of(message);
        record.topic = number_of(message->rkt);
        handler.record(record);
    }

    void on_message_error(const rd_kafka_message_t* message) {
        const char* words = rd_kafka_message_errstr(message);
        std::string where = "cannot read";
        if (message->rkt != nullptr) {
            where = fmt::format("cannot read topic {} partition {} at offset {}",
                                in_quotes(rd_kafka_topic_name(message->rkt)), message->partition,
                                message->offset);
        }
        if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && grouped) {
            log::warning("{}: {}", where, words); // it may come yet
            return;
        }
        if (is_transient(message->err) || passes_over(message->err)) {
            log::debug("{}: {}", where, words);
            return;
        }
        const Error error = make_error(message->err, where, words);
        if (error.code() == ExitCode::position_lost) {
            throw Error{
                error.code(), error.what(),
                "Its records there are gone, or the topic was made anew. Go on with what is "
                "there by --begin-again, and bring what is missing by cdc-verify --repair"};
        }
        throw error;
    }

    void drop_batch() {
        while (batch_next < batch_size) {
            rd_kafka_message_destroy(batch[batch_next++]);
        }
        batch_next = batch_size = 0;
    }

    /// The client's thread wrote a record's bytes, and this one's cache does not have them yet.
    static void touch(const rd_kafka_message_t& message) {
        for (std::size_t at = 0; at < std::min<std::size_t>(message.len, 256); at += 64) {
            __builtin_prefetch(static_cast<const char*>(message.payload) + at);
        }
        __builtin_prefetch(message.key);
    }

    /// Hands over what is left of the batch; false: the handler takes no more.
    bool serve_batch(int& count) {
        while (batch_next < batch_size) {
            if (!handler.can_take()) {
                return false;
            }
            const MessageHandle message{batch[batch_next++]};
            if (batch_next + 1 < batch_size) {
                touch(*batch[batch_next + 1]);
            }
            hand_over(message.get());
            ++count;
        }
        batch_next = batch_size = 0;
        return true;
    }

    /// Messages from `limit` on stay in hand.
    int read_part(const TopicPartition& place, std::int64_t limit, std::size_t most,
                  int timeout_ms) {
        SeparatePartition& part = parts.at(place);
        int count = 0;
        while (handler.can_take() && static_cast<std::size_t>(count) < most) {
            if (part.front() == nullptr && !part.fill(count == 0 ? timeout_ms : 0)) {
                break;
            }
            const rd_kafka_message_t& front = *part.front();
            const bool is_record = front.err == RD_KAFKA_RESP_ERR_NO_ERROR;
            if (is_record && front.offset >= limit) {
                break;
            }
            const MessageHandle message = std::move(part.batch[part.next++]);
            hand_over(message.get());
            count += is_record ? 1 : 0;
        }
        check();
        return count;
    }

    bool cooperative() const {
        const char* protocol = rd_kafka_rebalance_protocol(client.get());
        return protocol != nullptr && std::strcmp(protocol, "COOPERATIVE") == 0;
    }

    Offsets committed(const std::vector<TopicPartition>& places) {
        const PartitionList list = list_of(places);
        const std::int64_t deadline = base::steady_ms() + kRequestTimeoutMs;
        while (true) {
            const auto error = rd_kafka_committed(client.get(), list.get(), 2000);
            if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
                break;
            }
            if (io::stop_signal::give_up()) {
                throw io::Stopped{"a Kafka broker looked for the group's offsets"};
            }
            if (!is_transient(error) || base::steady_ms() > deadline) {
                throw make_error(error, "cannot read the group's offsets");
            }
        }
        Offsets out;
        for (int i = 0; i < list->cnt; ++i) {
            if (list->elems[i].offset >= 0) {
                out[{list->elems[i].topic, list->elems[i].partition}] = list->elems[i].offset;
            }
        }
        return out;
    }

    void start(const std::vector<TopicPartition>& places, bool add) {
        const Offsets starts = handler.assigned(places, grouped ? committed(places) : Offsets{});
        own.insert(places.begin(), places.end());
        const PartitionList list = list_of(starts);
        for (const TopicPartition& place : places) {
            if (separate) { // before its first record can come
                QueueHandle own_queue{rd_kafka_queue_get_partition(
                    client.get(), place.topic.c_str(), place.partition)};
                rd_kafka_queue_forward(own_queue.get(), nullptr);
                parts[place].queue = std::move(own_queue);
            }
        }
        if (add) {
            const ErrorHandle error{rd_kafka_incremental_assign(client.get(), list.get())};
            if (error) {
                throw make_error(rd_kafka_error_code(error.get()), "cannot take partitions",
                                 rd_kafka_error_string(error.get()));
            }
        } else if (const auto error = rd_kafka_assign(client.get(), list.get());
                   error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            throw make_error(error, "cannot take partitions");
        }
        if (paused) {
            rd_kafka_pause_partitions(client.get(), list.get());
        }
    }

    void give_back(const std::vector<TopicPartition>& places) {
        for (const TopicPartition& place : places) {
            own.erase(place);
        }
        if (cooperative()) {
            const PartitionList list = list_of(places);
            const ErrorHandle ignored{rd_kafka_incremental_unassign(client.get(), list.get())};
        } else {
            own.clear();
            rd_kafka_assign(client.get(), nullptr);
        }
    }

    /// Called by librdkafka, whose C code no exception may cross.
    void on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list) {
        const auto places = places_of(list);
        try {
            if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                ever_assigned = true;
                start(places, cooperative());
                return;
            }
            if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
                const bool lost = rd_kafka_assignment_lost(client.get()) != 0;
                if (!closing) {
                    handler.revoked(places, lost);
                    if (!lost) {
                        rd_kafka_pause_partitions(client.get(), list);
                        return; // until release()
                    }
                }
                give_back(places);
                return;
            }
            rd_kafka_assign(client.get(), nullptr);
            throw make_error(what, "cannot join the group");
        } catch (const Error& error) {
            stop_with(error);
        } catch (const std::exception& error) {
            stop_with(Error{ExitCode::failed, error.what()});
        }
    }

    static void rebalance_callback(rd_kafka_t* /*client*/, rd_kafka_resp_err_t what,
                                   rd_kafka_topic_partition_list_t* list, void* opaque) {
        static_cast<Implementation*>(static_cast<ClientState*>(opaque))->on_rebalance(what, list);
    }
};

Consumer::Consumer(const Settings& settings, const std::string& group, int connect_timeout_ms,
                   ConsumerHandler& handler)
    : m{std::make_unique<Implementation>(handler)} {
    Settings own = settings;
    m->grouped = !group.empty();
    own.set("group.id", m->grouped ? group : "cdc-consume"); // wanted even where none is joined
    own.set_default("partition.assignment.strategy", "cooperative-sticky");
    own.set_default("queued.max.messages.kbytes", "16384");
    own.set_default("fetch.wait.max.ms", "100");
    // A second without a fetch, each time the queue was full, is its default: compressed topics are
    // read several times slower than they come.
    own.set_default_where_known("fetch.queue.backoff.ms", "10");
    own.set_default("fetch.error.backoff.ms", "100");
    own.set_default("check.crcs", "true");
    own.set_connect_defaults();
    const auto number = [&own](const char* name, std::int64_t& value) {
        if (own.has(name)) {
            value = base::parse_integer<std::int64_t>(own.get(name)).value_or(value);
        }
    };
    number("session.timeout.ms", m->session_timeout_ms);
    number("heartbeat.interval.ms", m->heartbeat_ms);
    ConfHandle conf = make_conf(own, insisted_of_consumers(), *m);
    if (m->grouped) {
        rd_kafka_conf_set_rebalance_cb(conf.get(), Implementation::rebalance_callback);
    } else {
        m->set_without_group();
    }
    m->client = make_client(RD_KAFKA_CONSUMER, std::move(conf));
    wait_for_broker(m->client.get(), *m, connect_timeout_ms);
    rd_kafka_poll_set_consumer(m->client.get());
    m->queue.reset(rd_kafka_queue_get_consumer(m->client.get()));
}

Consumer::~Consumer() {
    close();
}

void Consumer::subscribe(const std::vector<std::string>& topics) {
    const PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(topics.size()))};
    for (const std::string& topic : topics) {
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    }
    if (const auto error = rd_kafka_subscribe(m->client.get(), list.get());
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw make_error(error, "cannot subscribe");
    }
}

void Consumer::assign(const std::vector<std::string>& wanted, int timeout_ms) {
    const auto known = list_topics(m->client.get(), timeout_ms);
    std::vector<TopicPartition> places = matching_partitions(known, wanted);
    places.erase(std::remove_if(places.begin(), places.end(),
                                [&](const auto& place) { return m->own.count(place) > 0; }),
                 places.end());
    if (!places.empty()) {
        m->start(places, true);
    }
}

void Consumer::separate() {
    m->separate = true;
}

int Consumer::read_before(const TopicPartition& place, std::int64_t limit, int timeout_ms) {
    return m->read_part(place, limit, kSeparateBatch, timeout_ms);
}

int Consumer::read_one(const TopicPartition& place, int timeout_ms) {
    return m->read_part(place, std::numeric_limits<std::int64_t>::max(), 1, timeout_ms);
}

bool Consumer::holds_from(const TopicPartition& place, std::int64_t limit) const {
    const rd_kafka_message_t* front = m->parts.at(place).front();
    return front != nullptr && front->err == RD_KAFKA_RESP_ERR_NO_ERROR && front->offset >= limit;
}

void Consumer::start_again(const TopicPartition& place) {
    m->own.erase(place);
    m->parts.erase(place);
    const PartitionList list = list_of(std::vector<TopicPartition>{place});
    const ErrorHandle error{rd_kafka_incremental_unassign(m->client.get(), list.get())};
    if (error) {
        throw make_error(rd_kafka_error_code(error.get()), "cannot give a partition back",
                         rd_kafka_error_string(error.get()));
    }
    m->start({place}, true);
}

int Consumer::poll(int timeout_ms) {
    int count = 0;
    if (!m->paused) {
        m->serve_batch(count);
    }
    // First one record, for which it may wait; then all that is there without waiting.
    const bool room = m->batch_size == 0;
    if (room || m->paused) {
        rd_kafka_message_t* first = rd_kafka_consumer_poll(m->client.get(), timeout_ms);
        if (first != nullptr) {
            if (!room) { // paused with records in hand: only an event can have come
                const MessageHandle message{first};
                if (first->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                    m->hand_over(first);
                }
            } else {
                m->batch[0] = first;
                m->batch_size = 1;
                const auto more = rd_kafka_consume_batch_queue(m->queue.get(), 0,
                                                               m->batch.data() + 1, kBatch - 1);
                m->batch_size += more > 0 ? static_cast<std::size_t>(more) : 0;
            }
        }
        if (!m->paused) {
            m->serve_batch(count);
        }
    }
    m->check();
    return count;
}

std::optional<std::int64_t> Consumer::known_end(const TopicPartition& place) const {
    return kafka::known_end(m->client.get(), place);
}

void Consumer::pause() {
    if (!m->paused) {
        m->paused = true;
        const PartitionList list =
            list_of(std::vector<TopicPartition>{m->own.begin(), m->own.end()});
        rd_kafka_pause_partitions(m->client.get(), list.get());
    }
}

void Consumer::resume() {
    if (m->paused) {
        m->paused = false;
        const PartitionList list =
            list_of(std::vector<TopicPartition>{m->own.begin(), m->own.end()});
        rd_kafka_resume_partitions(m->client.get(), list.get());
    }
}

void Consumer::commit(const Offsets& offsets, bool wait) {
    if (!m->grouped || offsets.empty()) {
        return;
    }
    const PartitionList list = list_of(offsets);
    const auto error = rd_kafka_commit(m->client.get(), list.get(), wait ? 0 : 1);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && wait) {
        throw make_error(error, "cannot commit offsets");
    }
}

std::int64_t Consumer::patience_ms() const {
    return m->session_timeout_ms + 2 * m->heartbeat_ms;
}

void Consumer::release(const std::vector<TopicPartition>& places) {
    m->give_back(places);
}

void Consumer::close() {
    if (m->closed) {
        return;
    }
    m->closed = m->closing = true;
    m->drop_batch();
    m->parts.clear();
    rd_kafka_consumer_close(m->client.get());
    if (m->grouped && !m->ever_assigned) {
        // librdkafka 2.0.2 aborts in the sticky assignor when a member is destroyed between its
        // joining and its first assignment. The group knows that it left; the process ends anyway.
        m->queue.reset();
        static_cast<void>(m->client.release());
    }
}

const std::string& Consumer::topic_name(int topic) const {
    return m->names[static_cast<std::size_t>(topic)];
}

std::string Consumer::cluster() {
    return cluster_id(m->client.get(), kRequestTimeoutMs);
}

std::pair<std::int64_t, std::int64_t> Consumer::bounds(const TopicPartition& place) {
    return watermarks(m->client.get(), place, kRequestTimeoutMs);
}

Offsets Consumer::offsets_at(const std::vector<TopicPartition>& places, std::int64_t time_ms) {
    return offsets_by_time(m->client.get(), places, time_ms, kRequestTimeoutMs);
}

std::size_t Consumer::count_partitions(const std::vector<std::string>& wanted, int timeout_ms) {
    return matching_partitions(list_topics(m->client.get(), timeout_ms), wanted).size();
}

void Consumer::refuse_hidden_topic(const std::string& topic) {
    kafka::refuse_hidden_topic(m->client.get(), topic, kRequestTimeoutMs);
}

std::map<std::string, TopicIdentity> Consumer::topic_identities(const std::set<std::string>& topics,
                                                                int timeout_ms) {
    return kafka::topic_identities(m->client.get(), topics, timeout_ms);
}

std::vector<std::string> Consumer::topics() {
    std::vector<std::string> out;
    for (const auto& [topic, partitions] : list_topics(m->client.get(), kRequestTimeoutMs)) {
        out.push_back(topic);
    }
    return out;
}

} // namespace cdc::kafka
