#ifndef CDC_LAG_KAFKA_HOPS_HPP
#define CDC_LAG_KAFKA_HOPS_HPP

#include "cdc-lag/hop.hpp"
#include "cdc-lag/options.hpp"
#include "kafka/group_lag.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::lag {

/// A group in all, then its partitions one by one. Pure. A figure of the whole that some partition
/// does not tell is not known.
void add_group(std::vector<Hop>& hops, const std::string& group, const kafka::GroupLag& lag,
               std::int64_t now_ms);

/// Groups against the ends of now, and how fast topics grow.
class KafkaHops {
public:
    /// Topics' rates are those since the last look. At the first one they are measured over a
    /// second with `rates_at_once`, else they are not known.
    KafkaHops(const Options& options, bool rates_at_once)
        : m_options{options}, m_rates_at_once{rates_at_once} {}

    void look(std::vector<Hop>& hops);

private:
    using Ends = std::map<kafka::TopicPartition, kafka::Bounds>;
    void add_topics(std::vector<Hop>& hops, const std::vector<std::string>& topics);

    const Options& m_options;
    bool m_rates_at_once;
    std::unique_ptr<kafka::LagReader> m_reader;
    Ends m_last;
    std::int64_t m_last_ms = 0; ///< steady clock; 0: no look yet
};

} // namespace cdc::lag

#endif
