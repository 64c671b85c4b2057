#include "kafka/topics.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "kafka/admin.hpp"
#include "kafka/errors.hpp"
#include "kafka/in_steps.hpp"

#include <memory>

namespace cdc::kafka {

using base::in_quotes;

namespace {

constexpr std::uint64_t kDefaultMaxMessageBytes = 1048588;

MetadataHandle get_metadata(rd_kafka_t* client, const std::string& topic, int timeout_ms) {
    const TopicHandle handle{topic.empty() ? nullptr
                                           : rd_kafka_topic_new(client, topic.c_str(), nullptr)};
    const rd_kafka_metadata_t* raw = nullptr;
    const auto error = in_steps(timeout_ms, "a Kafka broker looked for topics", [&](int step_ms) {
        return rd_kafka_metadata(client, topic.empty() ? 1 : 0, handle.get(), &raw, step_ms);
    });
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw make_error(error, topic.empty() ? "cannot list topics"
                                              : "cannot look at topic " + in_quotes(topic));
    }
    return MetadataHandle{raw};
}

EventHandle describe_config(rd_kafka_t* client, const std::string& topic, int timeout_ms) {
    const ConfigResourceHandle resource{
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
    return ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms,
               [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                   rd_kafka_ConfigResource_t* list[] = {resource.get()};
                   rd_kafka_DescribeConfigs(client, list, 1, options, queue);
               });
}

std::map<std::string, std::string> get_config(rd_kafka_t* client, const std::string& topic,
                                              int timeout_ms) {
    const EventHandle event = describe_config(client, topic, timeout_ms);
    std::map<std::string, std::string> config;
    if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return config;
    }
    std::size_t count = 0;
    const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
    const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t entries = 0;
        const auto** entry = rd_kafka_ConfigResource_configs(resources[i], &entries);
        for (std::size_t j = 0; j < entries; ++j) {
            const char* value = rd_kafka_ConfigEntry_value(entry[j]);
            config[rd_kafka_ConfigEntry_name(entry[j])] = value == nullptr ? "" : value;
        }
    }
    return config;
}

} // namespace

std::uint64_t TopicFacts::max_message_bytes() const {
    const auto found = config.find("max.message.bytes");
    const auto number =
        found == config.end() ? std::nullopt : base::parse_integer<std::uint64_t>(found->second);
    return number.value_or(kDefaultMaxMessageBytes);
}

bool TopicFacts::is_compacted() const {
    const auto found = config.find("cleanup.policy");
    return found != config.end() && found->second.find("compact") != std::string::npos;
}

std::int64_t TopicFacts::retention_ms() const {
    const auto value = [this](const char* name) {
        const auto found = config.find(name);
        return found == config.end() ? std::string{} : found->second;
    };
    if (value("cleanup.policy").find("delete") == std::string::npos ||
        value("message.timestamp.type") == "LogAppendTime") {
        return 0;
    }
    const auto ms = base::parse_integer<std::int64_t>(value("retention.ms"));
    return std::max<std::int64_t>(ms.value_or(0), 0);
}

std::optional<TopicFacts> describe_topic(rd_kafka_t* client, const std::string& topic,
                                         int timeout_ms) {
    TopicFacts facts;
    {
        // All topics, since asking for one by name would make it where brokers make topics
        // by themselves.
        const MetadataHandle metadata = get_metadata(client, {}, timeout_ms);
        const rd_kafka_metadata_topic_t* found = nullptr;
        for (int i = 0; i < metadata->topic_cnt; ++i) {
            if (topic == metadata->topics[i].topic) {
                found = &metadata->topics[i];
            }
        }
        if (found == nullptr) {
            return std::nullopt;
        }
        if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
            found->err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
            throw make_error(found->err, "cannot use topic " + in_quotes(topic));
        }
        facts.partitions = found->partition_cnt;
        for (int i = 0; i < found->partition_cnt; ++i) {
            facts.replication = std::max(facts.replication, found->partitions[i].replica_cnt);
        }
    }
    facts.config = get_config(client, topic, timeout_ms);
    return facts;
}

TopicFacts create_topic(rd_kafka_t* client, const std::string& topic, const TopicSpec& spec,
                        int timeout_ms) {
    char text[512] = "";
    const std::string what = "cannot create topic " + in_quotes(topic);
    const NewTopicHandle wanted{rd_kafka_NewTopic_new(topic.c_str(), spec.partitions,
                                                      spec.replication, text, sizeof(text))};
    if (!wanted) {
        throw make_error(RD_KAFKA_RESP_ERR__INVALID_ARG, what, text);
    }
    for (const auto& [name, value] : spec.config) {
        rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
    }
    const EventHandle event = ask(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms,
                                  [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                      rd_kafka_NewTopic_t* list[] = {wanted.get()};
                                      rd_kafka_CreateTopics(client, list, 1, options, queue);
                                  });
    if (!event) {
        throw make_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
    }
    if (const auto error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw make_error(error, what, rd_kafka_event_error_string(event.get()));
    }
    std::size_t count = 0;
    const auto** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto error = rd_kafka_topic_result_error(results[i]);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR &&
            error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            const char* words = rd_kafka_topic_result_error_string(results[i]);
            throw make_error(error, what, words == nullptr ? "" : words);
        }
    }
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    while (true) {
        if (auto facts = describe_topic(client, topic, timeout_ms)) {
            return *facts;
        }
        if (base::steady_ms() > deadline) {
            throw make_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
        }
        if (!io::sleep_ms(20)) {
            throw io::Stopped{"waiting for topic " + in_quotes(topic)};
        }
    }
}

std::vector<std::string> differences(const TopicSpec& asked, const TopicFacts& facts) {
    std::vector<std::string> out;
    if (asked.partitions > 0 && asked.partitions != facts.partitions) {
        out.push_back(fmt::format("{} partitions, not {}", facts.partitions, asked.partitions));
    }
    if (asked.replication > 0 && asked.replication != facts.replication) {
        out.push_back(fmt::format("replication {}, not {}", facts.replication, asked.replication));
    }
    for (const auto& [name, value] : asked.config) {
        const auto found = facts.config.find(name);
        if (found != facts.config.end() && found->second != value) {
            out.push_back(fmt::format("{} {}, not {}", name, found->second, value));
        }
    }
    return out;
}

std::map<std::string, int> list_topics(rd_kafka_t* client, int timeout_ms) {
    const MetadataHandle metadata = get_metadata(client, {}, timeout_ms);
    std::map<std::string, int> out;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
        out[metadata->topics[i].topic] = metadata->topics[i].partition_cnt;
    }
    return out;
}

void refuse_hidden_topic(rd_kafka_t* client, const std::string& topic, int timeout_ms) {
    const EventHandle event = describe_config(client, topic, timeout_ms);
    if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    std::size_t count = 0;
    const auto** resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    if (count == 1 && rd_kafka_ConfigResource_error(resources[0]) ==
                          RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        throw make_error(
            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            fmt::format("there is no topic {} that this user may see", in_quotes(topic)));
    }
}

std::map<std::string, TopicIdentity>
topic_identities([[maybe_unused]] rd_kafka_t* client,
                 [[maybe_unused]] const std::set<std::string>& topics,
                 [[maybe_unused]] int timeout_ms) {
    std::map<std::string, TopicIdentity> out;
#if RD_KAFKA_VERSION >= 0x020300ff
    constexpr std::string_view kNone = "AAAAAAAAAAAAAAAAAAAAAA"; // of brokers that have no ids
    if (topics.empty()) {
        return out;
    }
    std::vector<const char*> names;
    for (const std::string& topic : topics) {
        names.push_back(topic.c_str());
    }
    const std::unique_ptr<rd_kafka_TopicCollection_t, Deleter<rd_kafka_TopicCollection_destroy>>
        wanted{rd_kafka_TopicCollection_of_topic_names(names.data(), names.size())};
    const EventHandle event = ask(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout_ms,
                                  [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                      rd_kafka_DescribeTopics(client, wanted.get(), options, queue);
                                  });
    if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return out;
    }
    std::size_t count = 0;
    const auto** described = rd_kafka_DescribeTopics_result_topics(
        rd_kafka_event_DescribeTopics_result(event.get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto* error = rd_kafka_TopicDescription_error(described[i]);
        const rd_kafka_Uuid_t* id = rd_kafka_TopicDescription_topic_id(described[i]);
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR || id == nullptr) {
            continue;
        }
        if (const char* text = rd_kafka_Uuid_base64str(id); text != nullptr && text != kNone) {
            std::size_t partitions = 0;
            rd_kafka_TopicDescription_partitions(described[i], &partitions);
            out[rd_kafka_TopicDescription_name(described[i])] = {text,
                                                                 static_cast<int>(partitions)};
        }
    }
#endif
    return out;
}

std::string cluster_id(rd_kafka_t* client, int timeout_ms) {
    constexpr int kStepMs = 200;
    char* id = nullptr;
    for (int left = timeout_ms; id == nullptr && left > 0; left -= kStepMs) {
        id = rd_kafka_clusterid(client, kStepMs);
        if (id == nullptr && io::stop_signal::give_up()) {
            throw io::Stopped{"asking for the cluster's id"};
        }
    }
    std::string out = id == nullptr ? "" : id;
    rd_kafka_mem_free(client, id);
    return out;
}

} // namespace cdc::kafka
