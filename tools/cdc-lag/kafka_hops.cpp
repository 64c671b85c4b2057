#include "cdc-lag/kafka_hops.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "kafka/topic_pattern.hpp"

#include <algorithm>
#include <set>

namespace cdc::lag {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kRateMs = 1000;

Hop partition_hop(const std::string& group, const kafka::PartitionLag& lag, std::int64_t now_ms) {
    Hop hop;
    hop.kind = "partition";
    hop.name = fmt::format("{} {}:{}", group, lag.place.topic, lag.place.partition);
    hop.events = lag.messages;
    if (lag.committed) {
        hop.position = std::to_string(*lag.committed);
    }
    if (lag.messages == 0U) {
        hop.ms = 0;
    } else if (lag.first_unread_ms) {
        hop.ms = std::max<std::int64_t>(now_ms - *lag.first_unread_ms, 0);
    }
    const auto bound = [&](std::int64_t kafka::Bounds::*which) {
        return lag.bounds ? ordered_json((*lag.bounds).*which) : ordered_json(nullptr);
    };
    hop.details.emplace_back("first", bound(&kafka::Bounds::first));
    hop.details.emplace_back("end", bound(&kafka::Bounds::end));
    if (!lag.bounds) {
        hop.unknown = "the partition has no leader";
    } else if (!lag.messages) {
        hop.unknown = "the group has committed nothing here";
    } else if (lag.committed && *lag.committed < lag.bounds->first) {
        hop.broken = fmt::format("offsets {} to {} are gone, and the group never read them",
                                 *lag.committed, lag.bounds->first - 1);
    } else if (lag.committed && *lag.committed > lag.bounds->end) {
        hop.broken =
            fmt::format("the partition ends at {}: the topic was made anew", lag.bounds->end);
    }
    return hop;
}

} // namespace

void add_group(std::vector<Hop>& hops, const std::string& group, const kafka::GroupLag& lag,
               std::int64_t now_ms) {
    Hop whole;
    whole.kind = "group";
    whole.name = group;
    whole.events = 0;
    whole.passed = 0;
    whole.ms = 0;
    std::vector<Hop> parts;
    for (const kafka::PartitionLag& partition : lag.partitions) {
        parts.push_back(partition_hop(group, partition, now_ms));
        const Hop& part = parts.back();
        whole.events = whole.events && part.events ? std::optional{*whole.events + *part.events}
                                                   : std::nullopt;
        whole.passed =
            whole.passed && partition.committed
                ? std::optional{*whole.passed + static_cast<std::uint64_t>(*partition.committed)}
                : std::nullopt;
        whole.ms =
            whole.ms && part.ms ? std::optional{std::max(*whole.ms, *part.ms)} : std::nullopt;
    }
    if (parts.empty()) {
        whole.events.reset();
        whole.ms.reset();
        whole.unknown = lag.members == 0 ? "there is no such group, or it has committed nothing"
                                         : "no partition is assigned to the group yet";
    }
    whole.details.emplace_back("state", lag.state);
    whole.details.emplace_back("members", lag.members);
    whole.details.emplace_back("partitions", parts.size());
    hops.push_back(std::move(whole));
    std::move(parts.begin(), parts.end(), std::back_inserter(hops));
}

void KafkaHops::look(std::vector<Hop>& hops) {
    if (m_options.groups.empty() && m_options.topics.empty()) {
        return;
    }
    std::vector<std::string> topics = kafka::wanted_topics(kafka::parse_topics(m_options.topics));
    try {
        if (!m_reader) {
            m_reader = std::make_unique<kafka::LagReader>(
                kafka::make_settings(m_options.kafka.brokers, m_options.kafka.properties,
                                     m_options.kafka.config_file),
                static_cast<int>(m_options.kafka.connect_timeout_ms));
        }
        for (const std::string& group : m_options.groups) {
            const kafka::GroupLag lag = m_reader->look_at(group);
            add_group(hops, group, lag, base::now_ms());
            if (m_options.topics.empty()) {
                for (const kafka::PartitionLag& partition : lag.partitions) {
                    topics.push_back(partition.place.topic);
                }
            }
        }
        add_topics(hops, topics);
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        m_reader.reset();
        m_last_ms = 0;
        Hop hop;
        hop.kind = "kafka";
        hop.name = "kafka";
        hop.unknown = error.what();
        if (!error.hint().empty()) {
            hop.unknown += ". " + error.hint();
        }
        hops.push_back(std::move(hop));
    }
}

void KafkaHops::add_topics(std::vector<Hop>& hops, const std::vector<std::string>& topics) {
    if (topics.empty()) {
        return;
    }
    if (m_last_ms == 0 && m_rates_at_once) {
        m_last = m_reader->look_at_topics(topics);
        m_last_ms = base::steady_ms();
        if (!io::sleep_ms(kRateMs)) {
            throw io::Stopped{"measuring rates"};
        }
    }
    Ends now = m_reader->look_at_topics(topics);
    const std::int64_t now_ms = base::steady_ms();
    struct Sum {
        std::int64_t partitions = 0;
        std::int64_t records = 0;
        std::int64_t ends = 0;
        std::int64_t came = 0;
        bool known = true; ///< every partition was there at the last look as well
    };
    std::map<std::string, Sum> sums;
    for (const auto& [place, bounds] : now) {
        Sum& sum = sums[place.topic];
        ++sum.partitions;
        sum.records += bounds.end - bounds.first;
        sum.ends += bounds.end;
        const auto before = m_last.find(place);
        sum.known = sum.known && before != m_last.end() && before->second.end <= bounds.end;
        sum.came += sum.known ? bounds.end - before->second.end : 0;
    }
    for (const auto& [topic, sum] : sums) {
        Hop hop;
        hop.kind = "topic";
        hop.name = topic;
        hop.passed = static_cast<std::uint64_t>(sum.ends);
        hop.details.emplace_back("records_per_second",
                                 sum.known && now_ms > m_last_ms
                                     ? ordered_json(static_cast<double>(sum.came * 1000) /
                                                    static_cast<double>(now_ms - m_last_ms))
                                     : ordered_json(nullptr));
        hop.details.emplace_back("offsets", sum.records);
        hop.details.emplace_back("partitions", sum.partitions);
        hops.push_back(std::move(hop));
    }
    m_last = std::move(now);
    m_last_ms = now_ms;
    for (const kafka::TopicPattern& pattern : kafka::parse_topics(m_options.topics)) {
        const kafka::TopicMatcher matches{pattern.wanted};
        if (std::none_of(sums.begin(), sums.end(),
                         [&](const auto& sum) { return matches(sum.first); })) {
            Hop hop;
            hop.kind = "topic";
            hop.name = pattern.given;
            hop.unknown = "there is no such topic, or none of its partitions has a leader";
            hops.push_back(std::move(hop));
        }
    }
}

} // namespace cdc::lag
