#include "kafka/producer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/watermarks.hpp"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::kafka {

using base::Error;
using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

constexpr int kTransactionCallMs = 2'000;
constexpr int kAskAgainMs = 200;
constexpr std::int64_t kTellEveryMs = 10'000;
/// The client's own limit; those of the topics count.
constexpr std::uint64_t kLargestRecord = 100'000'000;

/// The callbacks' view of the producer.
struct Callbacks : ClientState {
    Acknowledgements* acknowledgements = nullptr;
    std::function<void(std::int64_t us)> on_delivered;
    bool transactional = false;
    bool keep_ends = false;
    bool must_abort = false;
    bool purged = false;
    std::uint64_t waiting_bytes = 0; ///< of keys and values that are not acknowledged
};

std::string describe_record(const rd_kafka_message_t* message) {
    const std::string_view key{static_cast<const char*>(message->key), message->key_len};
    return fmt::format("a record of {} bytes with key {} to topic {}", message->len,
                       message->key == nullptr ? "null" : in_quotes(key),
                       in_quotes(rd_kafka_topic_name(message->rkt)));
}

void keep_end(Callbacks& callbacks, Acknowledgements::Group* group,
              const rd_kafka_message_t* message) {
    if (message->offset < 0) { // a retry whose first try had arrived
        callbacks.stop_with(Error{
            ExitCode::failed, "the brokers do not say where they put " + describe_record(message),
            "Start again: what was not acknowledged comes again"});
        return;
    }
    const auto number = reinterpret_cast<std::uintptr_t>(rd_kafka_topic_opaque(message->rkt));
    Acknowledgements::stored(group, number, static_cast<std::size_t>(message->partition),
                             message->offset);
}

void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque) {
    auto& callbacks = *static_cast<Callbacks*>(static_cast<ClientState*>(opaque));
    auto* group = static_cast<Acknowledgements::Group*>(message->_private);
    callbacks.waiting_bytes -= message->len + message->key_len;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        callbacks.acknowledgements->acknowledged(group);
        if (callbacks.keep_ends) {
            keep_end(callbacks, group, message);
        }
        if (callbacks.on_delivered) {
            callbacks.on_delivered(rd_kafka_message_latency(message));
        }
        return;
    }
    if (callbacks.transactional && exit_code_of(message->err) == ExitCode::failed) {
        callbacks.acknowledgements->acknowledged(group);
        callbacks.must_abort = true;
        // The client drops what waits when the transaction can only be aborted.
        callbacks.purged = callbacks.purged || message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE;
        return;
    }
    auto error = message->err;
    std::string words;
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        char text[512] = "";
        error = rd_kafka_fatal_error(client, text, sizeof(text));
        words = text;
    }
    callbacks.stop_with(make_error(error, "cannot deliver " + describe_record(message), words));
}

void add_header(rd_kafka_headers_t* headers, const char* name, std::string_view value) {
    rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
}

} // namespace

struct Producer::Implementation {
    Callbacks callbacks;
    io::FileDescriptor wake_read;
    io::FileDescriptor wake_write;
    ClientHandle client;
    QueueHandle events;
    std::vector<TopicHandle> topics; ///< destroyed before the client
    std::vector<std::string> topic_names;

    std::uint64_t queue_bytes = 0;
    std::int64_t drain_ms = -1;
    int admin_timeout_ms = 0;
    std::int64_t drain_until_ms = 0; ///< 0: no signal was seen yet
    bool in_transaction = false;

    void check_drain() {
        if (drain_ms < 0 || !io::stop_signal::requested()) {
            return;
        }
        const std::int64_t now = base::steady_ms();
        if (drain_until_ms == 0) {
            drain_until_ms = now + drain_ms;
        }
        if (now >= drain_until_ms || io::stop_signal::count() >= 2) {
            base::fail(ExitCode::failed, "{} records were not acknowledged within --drain",
                       callbacks.acknowledgements->outstanding());
        }
    }

    /// Asks the brokers until they answer, as records are sent until they arrive. Throws the Error
    /// of what a second try cannot mend.
    template<typename Call>
    auto retried(Call&& call) {
        std::int64_t told_ms = base::steady_ms();
        while (true) {
            try {
                return call();
            } catch (const Error& error) {
                callbacks.check();
                if (error.code() != ExitCode::failed) {
                    throw;
                }
                if (base::steady_ms() - told_ms >= kTellEveryMs) {
                    told_ms = base::steady_ms();
                    log::warning("{}; again", error.what());
                }
            }
            check_drain();
            rd_kafka_poll(client.get(), kAskAgainMs);
        }
    }

    /// What the brokers do not allow, another transaction does not change.
    static void check_refused(const rd_kafka_error_t* error) {
        const auto code = rd_kafka_error_code(error);
        if (exit_code_of(code) == ExitCode::refused) {
            throw make_error(code, "Kafka aborts the transaction", rd_kafka_error_string(error));
        }
    }

    /// Only of a transaction that can only be aborted: the call that would commit it tells why.
    void check_reason() const {
        const ErrorHandle reason{rd_kafka_commit_transaction(client.get(), kTransactionCallMs)};
        if (reason && rd_kafka_error_txn_requires_abort(reason.get()) != 0) {
            check_refused(reason.get());
        }
    }

    /// Runs a transaction call until it succeeds. False: abort. Throws Error otherwise.
    template<typename Call>
    bool transaction_call(const char* what, Call&& call) {
        while (true) {
            const ErrorHandle error{call()};
            rd_kafka_poll(client.get(), 0);
            if (!error) {
                return true;
            }
            if (rd_kafka_error_txn_requires_abort(error.get()) != 0) {
                check_refused(error.get());
                log::warning("Kafka aborts the transaction: {}",
                             rd_kafka_error_string(error.get()));
                return false;
            }
            if (rd_kafka_error_is_retriable(error.get()) == 0) {
                callbacks.check();
                throw make_error(rd_kafka_error_code(error.get()), fmt::format("cannot {}", what),
                                 rd_kafka_error_string(error.get()));
            }
            callbacks.check();
            check_drain();
            log::debug("{} again: {}", what, rd_kafka_error_string(error.get()));
        }
    }
};

Producer::Producer(const Options& options, Acknowledgements& acknowledgements)
    : m{std::make_unique<Implementation>()} {
    Settings settings = options.settings;
    auto insisted = insisted_of_producers();
    m->callbacks.acknowledgements = &acknowledgements;
    m->callbacks.on_delivered = options.on_delivered;
    m->callbacks.keep_ends = options.keep_ends;
    m->queue_bytes = options.queue_bytes;
    m->drain_ms = options.drain_ms;
    m->admin_timeout_ms = options.admin_timeout_ms;
    if (!options.transactional_id.empty()) {
        m->callbacks.transactional = true;
        settings.set("transactional.id", options.transactional_id);
        settings.set_default("transaction.timeout.ms",
                             std::to_string(options.transaction_timeout_ms));
        // A record cannot outlive its transaction; what an aborted one held is sent again.
        for (Insisted& must : insisted) {
            if (must.names.front() == "message.timeout.ms") {
                must.value = settings.get("transaction.timeout.ms");
            }
        }
    }
    // The client never takes a record that is larger than its queue, which send() bounds itself.
    settings.set_default(
        "queue.buffering.max.kbytes",
        std::to_string((std::max<std::uint64_t>(options.queue_bytes, kLargestRecord) >> 10) + 1));
    // Each waiting record costs the client some 300 bytes beside its own.
    settings.set_default("queue.buffering.max.messages",
                         std::to_string(std::max<std::uint64_t>(options.queue_bytes >> 8, 1000)));
    settings.set_default("message.max.bytes", std::to_string(kLargestRecord));
    settings.set_default("partitioner", "murmur2_random"); // Java's
    // One that is deleted meanwhile would come again with the brokers' defaults, and with no word.
    settings.set_default("allow.auto.create.topics", "false");
    settings.set_connect_defaults();
    ConfHandle conf = make_conf(settings, insisted, m->callbacks);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
    m->client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        base::fail(ExitCode::failed, "cannot make a pipe");
    }
    m->wake_read = io::FileDescriptor{ends[0]};
    m->wake_write = io::FileDescriptor{ends[1]};
    m->events.reset(rd_kafka_queue_get_main(m->client.get()));
    rd_kafka_queue_io_event_enable(m->events.get(), ends[1], "", 1);
    wait_for_broker(m->client.get(), m->callbacks, options.connect_timeout_ms);
    if (m->callbacks.transactional) {
        m->transaction_call("start transactions", [&] {
            return rd_kafka_init_transactions(m->client.get(), kTransactionCallMs);
        });
    }
}

Producer::~Producer() {
    if (m->in_transaction) {
        // An open transaction would hold up every reader of committed records until it times out.
        const ErrorHandle error{rd_kafka_abort_transaction(m->client.get(), kTransactionCallMs)};
        if (error) {
            // librdkafka 2.0.2 fails an assertion when a client goes while a partition is being
            // added to its transaction; the process ends anyway.
            log::debug("cannot abort the transaction: {}", rd_kafka_error_string(error.get()));
            for (TopicHandle& topic : m->topics) {
                static_cast<void>(topic.release());
            }
            static_cast<void>(m->events.release());
            static_cast<void>(m->client.release());
            return;
        }
    }
    m->topics.clear();
    if (rd_kafka_outq_len(m->client.get()) > 0) {
        rd_kafka_purge(m->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                            RD_KAFKA_PURGE_F_NON_BLOCKING);
    }
}

std::optional<TopicFacts> Producer::describe(const std::string& topic) {
    return m->retried([&] { return describe_topic(m->client.get(), topic, m->admin_timeout_ms); });
}

TopicFacts Producer::create(const std::string& topic, const TopicSpec& spec) {
    return m->retried(
        [&] { return create_topic(m->client.get(), topic, spec, m->admin_timeout_ms); });
}

int Producer::open_topic(const std::string& name) {
    const auto found = std::find(m->topic_names.begin(), m->topic_names.end(), name);
    if (found != m->topic_names.end()) {
        return static_cast<int>(found - m->topic_names.begin());
    }
    rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(m->client.get());
    rd_kafka_topic_conf_set_opaque(conf, reinterpret_cast<void*>(m->topics.size()));
    rd_kafka_topic_t* topic = rd_kafka_topic_new(m->client.get(), name.c_str(), conf);
    if (topic == nullptr) {
        throw make_error(rd_kafka_last_error(), "cannot open topic " + in_quotes(name));
    }
    m->topics.emplace_back(topic);
    m->topic_names.push_back(name);
    return static_cast<int>(m->topics.size()) - 1;
}

const std::string& Producer::topic_name(int topic) const {
    return m->topic_names[static_cast<std::size_t>(topic)];
}

std::string Producer::cluster() {
    return cluster_id(m->client.get(), m->admin_timeout_ms);
}

Offsets Producer::ends(const std::string& name_begin) {
    return m->retried([&] {
        Offsets out;
        for (const auto& [topic, partitions] : list_topics(m->client.get(), m->admin_timeout_ms)) {
            for (int partition = 0; topic.rfind(name_begin, 0) == 0 && partition < partitions;
                 ++partition) {
                const TopicPartition place{topic, partition};
                out[place] = watermarks(m->client.get(), place, m->admin_timeout_ms).second;
            }
        }
        return out;
    });
}

std::map<std::string, int> Producer::topics() {
    return m->retried([&] { return list_topics(m->client.get(), m->admin_timeout_ms); });
}

bool Producer::had_records(const std::string& topic, int partitions) {
    return m->retried([&] {
        int at = 0;
        while (at < partitions &&
               watermarks(m->client.get(), {topic, at}, m->admin_timeout_ms).second == 0) {
            ++at;
        }
        return at < partitions;
    });
}

bool Producer::send(const OutgoingRecord& record) {
    const std::uint64_t bytes_of_record =
        record.key.value_or("").size() + record.value.value_or("").size();
    std::uint64_t& waiting = m->callbacks.waiting_bytes;
    if (waiting > 0 && waiting + bytes_of_record > m->queue_bytes) {
        return false;
    }
    rd_kafka_vu_t parts[8];
    std::size_t count = 0;
    const auto bytes = [](std::string_view text) {
        // A null pointer would be Kafka's null, which the empty text is not.
        return const_cast<char*>(text.data() == nullptr ? "" : text.data());
    };
    parts[count].vtype = RD_KAFKA_VTYPE_RKT;
    parts[count++].u.rkt = m->topics[static_cast<std::size_t>(record.topic)].get();
    parts[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[count++].u.i = RD_KAFKA_MSG_F_COPY;
    if (record.key) {
        parts[count].vtype = RD_KAFKA_VTYPE_KEY;
        parts[count++].u.mem = {bytes(*record.key), record.key->size()};
    }
    if (record.value) {
        parts[count].vtype = RD_KAFKA_VTYPE_VALUE;
        parts[count++].u.mem = {bytes(*record.value), record.value->size()};
    }
    if (record.partition >= 0) {
        parts[count].vtype = RD_KAFKA_VTYPE_PARTITION;
        parts[count++].u.i32 = record.partition;
    }
    if (record.timestamp_ms > 0) {
        parts[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
        parts[count++].u.i64 = record.timestamp_ms;
    }
    HeadersHandle headers;
    if (!record.table_version.empty() || !record.order.empty()) {
        headers.reset(rd_kafka_headers_new(2));
        if (!record.table_version.empty()) {
            add_header(headers.get(), "cdc.table-version", record.table_version);
        }
        if (!record.order.empty()) {
            add_header(headers.get(), "cdc.order", record.order);
        }
        parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
        parts[count++].u.headers = headers.get();
    }
    Acknowledgements::Group* group = m->callbacks.acknowledgements->sent();
    parts[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    parts[count++].u.ptr = group;
    const ErrorHandle error{rd_kafka_produceva(m->client.get(), parts, count)};
    if (!error) {
        static_cast<void>(headers.release()); // the client owns them now
        waiting += bytes_of_record;
        return true;
    }
    m->callbacks.acknowledgements->not_sent(group);
    const auto code = rd_kafka_error_code(error.get());
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        if (m->callbacks.acknowledgements->outstanding() == 0) {
            base::fail(ExitCode::bad_data,
                       "a record of {} bytes to topic {} is larger than the client's queue: raise "
                       "-X queue.buffering.max.kbytes",
                       bytes_of_record, in_quotes(topic_name(record.topic)));
        }
        return false;
    }
    rd_kafka_poll(m->client.get(), 0);
    m->callbacks.check();
    if (m->callbacks.transactional && code == RD_KAFKA_RESP_ERR__STATE) {
        m->check_reason();
        throw TransactionAborted{ExitCode::failed, rd_kafka_error_string(error.get())};
    }
    throw make_error(code,
                     "cannot send to topic " +
                         in_quotes(m->topic_names[static_cast<std::size_t>(record.topic)]),
                     rd_kafka_error_string(error.get()));
}

void Producer::poll(int timeout_ms) {
    char scratch[64];
    while (::read(m->wake_read.get(), scratch, sizeof(scratch)) > 0) {
    }
    rd_kafka_poll(m->client.get(), timeout_ms);
    m->callbacks.check();
    if (timeout_ms > 0) {
        m->check_drain();
    }
}

bool Producer::flush(int timeout_ms) {
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    while (m->callbacks.acknowledgements->outstanding() > 0) {
        if (timeout_ms >= 0 && base::steady_ms() >= deadline) {
            return false;
        }
        // Lets the client send what waits for its linger time.
        rd_kafka_flush(m->client.get(), 0);
        poll(50);
    }
    return true;
}

int Producer::wake_fd() const {
    return m->wake_read.get();
}

void Producer::begin() {
    m->callbacks.must_abort = m->callbacks.purged = false;
    m->transaction_call("begin a transaction",
                        [&] { return rd_kafka_begin_transaction(m->client.get()); });
    m->in_transaction = true;
}

bool Producer::commit() {
    if (!flush(-1) || m->callbacks.must_abort) {
        if (m->callbacks.purged) {
            m->check_reason();
        }
        return false;
    }
    const bool committed = m->transaction_call("commit a transaction", [&] {
        return rd_kafka_commit_transaction(m->client.get(), kTransactionCallMs);
    });
    m->in_transaction = !committed;
    return committed;
}

void Producer::abort() {
    m->transaction_call("abort a transaction", [&] {
        return rd_kafka_abort_transaction(m->client.get(), kTransactionCallMs);
    });
    m->in_transaction = false;
    flush(-1);
    m->callbacks.must_abort = m->callbacks.purged = false;
}

} // namespace cdc::kafka
