#include "kafka/group_lag.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "kafka/admin.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/in_steps.hpp"
#include "kafka/partition_list.hpp"
#include "kafka/topics.hpp"

#include <algorithm>
#include <set>

namespace cdc::kafka {

using base::in_quotes;

namespace {

/// Times that stand for places in the protocol's ListOffsets request.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kFirstRecordsMs = 10'000;
constexpr std::int64_t kCoordinatorMs = 10'000;

void throw_if_failed(rd_kafka_event_t* event, const std::string& what) {
    if (event == nullptr) {
        throw make_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
    }
    if (const auto error = rd_kafka_event_error(event); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw make_error(error, what, rd_kafka_event_error_string(event));
    }
}

void throw_if(const rd_kafka_error_t* error, const std::string& what) {
    if (error != nullptr) {
        throw make_error(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
    }
}

/// A coordinator that moves, or is not chosen yet, answers with an error for a while.
template<typename Call>
auto insist(Call&& call) {
    const std::int64_t deadline = base::steady_ms() + kCoordinatorMs;
    while (true) {
        try {
            return call();
        } catch (const io::Stopped&) {
            throw;
        } catch (const base::Error& error) {
            if (error.code() != base::ExitCode::failed || base::steady_ms() > deadline) {
                throw;
            }
        }
        if (!io::sleep_ms(200)) {
            throw io::Stopped{"waiting for the group's coordinator"};
        }
    }
}

} // namespace

struct LagReader::Implementation {
    ClientState state;
    int timeout_ms = 0;
    ClientHandle client;

    Offsets offsets_at(const std::vector<TopicPartition>& places, std::int64_t time) {
        Offsets out;
        if (places.empty()) {
            return out;
        }
        const PartitionList list = list_of(places);
        for (int i = 0; i < list->cnt; ++i) {
            list->elems[i].offset = time;
        }
        const auto error =
            in_steps(timeout_ms, "a Kafka broker looked for the ends of topics", [&](int step_ms) {
                return rd_kafka_offsets_for_times(client.get(), list.get(), step_ms);
            });
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR && !is_transient(error) &&
            error != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
            throw make_error(error, "cannot read the ends of topics");
        }
        for (int i = 0; i < list->cnt; ++i) {
            const auto& entry = list->elems[i];
            if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR && entry.offset >= 0) {
                out[{entry.topic, entry.partition}] = entry.offset;
            }
        }
        return out;
    }

    std::map<TopicPartition, Bounds> bounds_of(const std::vector<TopicPartition>& places) {
        const Offsets first = offsets_at(places, kEarliest);
        const Offsets end = offsets_at(places, kLatest);
        std::map<TopicPartition, Bounds> out;
        for (const auto& [place, offset] : end) {
            if (const auto found = first.find(place); found != first.end()) {
                out[place] = {found->second, offset};
            }
        }
        return out;
    }

    /// State, members, and what is assigned to them.
    void describe(const std::string& group, GroupLag& out, std::set<TopicPartition>& places) {
        const std::string what = "cannot look at group " + in_quotes(group);
        const EventHandle event =
            ask(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout_ms,
                [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                    const char* names[] = {group.c_str()};
                    rd_kafka_DescribeConsumerGroups(client.get(), names, 1, options, queue);
                });
        throw_if_failed(event.get(), what);
        std::size_t count = 0;
        const auto** groups = rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
        for (std::size_t i = 0; i < count; ++i) {
            throw_if(rd_kafka_ConsumerGroupDescription_error(groups[i]), what);
            out.state = rd_kafka_consumer_group_state_name(
                rd_kafka_ConsumerGroupDescription_state(groups[i]));
            out.members = rd_kafka_ConsumerGroupDescription_member_count(groups[i]);
            for (std::size_t j = 0; j < out.members; ++j) {
                const auto* member = rd_kafka_ConsumerGroupDescription_member(groups[i], j);
                const auto* assigned = rd_kafka_MemberAssignment_partitions(
                    rd_kafka_MemberDescription_assignment(member));
                for (const TopicPartition& place : places_of(assigned)) {
                    places.insert(place);
                }
            }
        }
    }

    /// A partition that a topic got since, and that no member has yet.
    void add_new_partitions(std::set<TopicPartition>& places) {
        if (places.empty()) {
            return;
        }
        const auto topics = list_topics(client.get(), timeout_ms);
        std::set<TopicPartition> all;
        for (const TopicPartition& place : places) {
            const auto found = topics.find(place.topic);
            for (int i = 0; found != topics.end() && i < found->second; ++i) {
                all.insert({place.topic, i});
            }
        }
        places.merge(all);
    }

    Offsets committed(const std::string& group) {
        const std::string what = "cannot read the offsets of group " + in_quotes(group);
        rd_kafka_ListConsumerGroupOffsets_t* wanted =
            rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr);
        const EventHandle event =
            ask(client.get(), RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout_ms,
                [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                    rd_kafka_ListConsumerGroupOffsets(client.get(), &wanted, 1, options, queue);
                });
        rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
        throw_if_failed(event.get(), what);
        std::size_t count = 0;
        const auto** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
        Offsets out;
        for (std::size_t i = 0; i < count; ++i) {
            throw_if(rd_kafka_group_result_error(groups[i]), what);
            const auto* list = rd_kafka_group_result_partitions(groups[i]);
            for (int j = 0; list != nullptr && j < list->cnt; ++j) {
                if (list->elems[j].offset >= 0) {
                    out[{list->elems[j].topic, list->elems[j].partition}] = list->elems[j].offset;
                }
            }
        }
        return out;
    }

    /// Times of the first records at these offsets, as far as they come in time.
    std::map<TopicPartition, std::int64_t> times_at(const Offsets& offsets) {
        std::map<TopicPartition, std::int64_t> out;
        if (offsets.empty()) {
            return out;
        }
        const PartitionList list = list_of(offsets);
        rd_kafka_assign(client.get(), list.get());
        // Those that the last look has paused are paused still.
        static_cast<void>(rd_kafka_resume_partitions(client.get(), list.get()));
        const std::int64_t deadline = base::steady_ms() + kFirstRecordsMs;
        std::set<TopicPartition> done;
        while (done.size() < offsets.size() && base::steady_ms() < deadline) {
            if (io::stop_signal::give_up()) {
                throw io::Stopped{"reading the first unread records"};
            }
            const MessageHandle message{rd_kafka_consumer_poll(client.get(), 100)};
            if (!message || message->rkt == nullptr) {
                continue;
            }
            const TopicPartition place{rd_kafka_topic_name(message->rkt), message->partition};
            if (!done.insert(place).second) {
                continue;
            }
            const PartitionList answered = list_of(std::vector{place});
            rd_kafka_pause_partitions(client.get(), answered.get());
            if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                continue;
            }
            rd_kafka_timestamp_type_t type{};
            const std::int64_t time = rd_kafka_message_timestamp(message.get(), &type);
            if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && time > 0) {
                out[place] = time;
            }
        }
        rd_kafka_assign(client.get(), nullptr);
        return out;
    }
};

void count_messages(PartitionLag& lag) {
    if (!lag.bounds) {
        return;
    }
    const auto [first, end] = *lag.bounds;
    if (lag.committed) {
        lag.messages = static_cast<std::uint64_t>(
            std::max<std::int64_t>(end - std::max(*lag.committed, first), 0));
    } else if (first == end) {
        lag.messages = 0;
    }
}

LagReader::LagReader(const Settings& settings, int timeout_ms)
    : m{std::make_unique<Implementation>()} {
    m->timeout_ms = timeout_ms;
    Settings own = settings;
    own.set("group.id", "cdc-lag");              // wanted by the client, joined by nobody
    own.set_default("queued.min.messages", "1"); // one record a partition is looked at
    own.set_default("queued.max.messages.kbytes", "16384");
    own.set_default("fetch.error.backoff.ms", "100");
    own.set_default("fetch.wait.max.ms", "100"); // so late is the end of a partition told
    own.set_connect_defaults();
    auto insisted = insisted_of_consumers();
    for (Insisted& must : insisted) {
        if (must.names.front() == "isolation.level") {
            must.value = "read_uncommitted";
        }
    }
    m->client = make_client(RD_KAFKA_CONSUMER, make_conf(own, insisted, m->state));
    wait_for_broker(m->client.get(), m->state, timeout_ms);
    rd_kafka_poll_set_consumer(m->client.get());
}

LagReader::~LagReader() {
    rd_kafka_consumer_close(m->client.get());
}

GroupLag LagReader::look_at(const std::string& group) {
    GroupLag out;
    std::set<TopicPartition> places;
    insist([&] { m->describe(group, out, places); });
    const Offsets committed = insist([&] { return m->committed(group); });
    for (const auto& [place, offset] : committed) {
        places.insert(place);
    }
    m->add_new_partitions(places);
    // The ends come last: a lag may be too large by what came meanwhile, and never too small.
    const auto bounds = m->bounds_of({places.begin(), places.end()});
    Offsets unread;
    for (const TopicPartition& place : places) {
        PartitionLag lag{place, {}, {}, {}, {}};
        if (const auto found = committed.find(place); found != committed.end()) {
            lag.committed = found->second;
        }
        if (const auto found = bounds.find(place); found != bounds.end()) {
            lag.bounds = found->second;
        }
        count_messages(lag);
        if (lag.committed && lag.messages && *lag.messages > 0) {
            unread[place] = std::max(*lag.committed, lag.bounds->first);
        }
        out.partitions.push_back(lag);
    }
    const auto times = m->times_at(unread);
    for (PartitionLag& lag : out.partitions) {
        if (const auto found = times.find(lag.place); found != times.end()) {
            lag.first_unread_ms = found->second;
        }
    }
    m->state.check();
    return out;
}

std::map<TopicPartition, Bounds> LagReader::look_at_topics(const std::vector<std::string>& wanted) {
    const auto known = list_topics(m->client.get(), m->timeout_ms);
    return m->bounds_of(matching_partitions(known, wanted));
}

} // namespace cdc::kafka
