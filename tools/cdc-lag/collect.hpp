#ifndef CDC_LAG_COLLECT_HPP
#define CDC_LAG_COLLECT_HPP

#include "cdc-lag/hop.hpp"
#include "cdc-lag/kafka_hops.hpp"
#include "cdc-lag/options.hpp"
#include "event/checkpoint.hpp"
#include "source/lag_source.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::clickhouse {
class Transport;
}
namespace cdc::lag {

/// Adds bytes, time and details of a checkpoint, wherever it was found. Pure.
///
/// Time: 0 when nothing is in the log behind the position. Otherwise it is at most the age of the
/// last commit before the position; and, while the reader waits for more log, at most the
/// age of the checkpoint line, which a heartbeat keeps low on an idle database.
void describe_checkpoint(Hop& hop, const event::Checkpoint& checkpoint,
                         const std::optional<source::LogDistance>& distance, std::int64_t now_ms);

/// Looks at everything that the options name. Connections are kept from look to look, and made anew
/// after an error. What cannot be told becomes a hop that says so; nothing is thrown for it.
class Collector {
public:
    explicit Collector(const Options& options);
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    std::vector<Hop> look();

private:
    void look_at_source(std::vector<Hop>& hops);
    void look_at_checkpoints(std::vector<Hop>& hops);
    void look_at_target(std::vector<Hop>& hops);
    void describe(Hop& hop, const event::Checkpoint& checkpoint) const;

    const Options& m_options;
    std::unique_ptr<source::LagSource> m_source;
    bool m_source_known = false; ///< in this look
    std::unique_ptr<clickhouse::Transport> m_transport;
    KafkaHops m_kafka;
};

} // namespace cdc::lag

#endif
