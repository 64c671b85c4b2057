#ifndef CDC_LAG_COLLECT_HPP
#define CDC_LAG_COLLECT_HPP

#include "cdc-lag/hop.hpp"
#include "cdc-lag/kafka_hops.hpp"
#include "cdc-lag/options.hpp"
#include "event/checkpoint.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::clickhouse {
class Transport;
}
namespace cdc::postgres {
class Connection;
struct NamedSlot;
} // namespace cdc::postgres

namespace cdc::lag {

/// What the source said, for the hops behind it.
struct SourceView {
    std::string server; ///< "" when the role may not read it
    std::string database;
    std::uint64_t end = 0;              ///< of its log
    std::vector<std::string> streaming; ///< slots whose sender has nothing left to send
};

/// A slot against the end of the log. Pure. Time is not known where the server does not measure it
/// (no stream, or an idle one), unless nothing is left to read.
Hop slot_hop(const postgres::NamedSlot& slot, std::uint64_t end);

/// Adds bytes, time and details of a checkpoint, wherever it was found. Pure.
///
/// Time: 0 when the log does not go on behind the position. Otherwise it is at most the age of the
/// last commit before the position; and, while the slot's sender waits for more log, at most the
/// age of the checkpoint line, which a heartbeat keeps low on an idle database.
void describe_checkpoint(Hop& hop, const event::Checkpoint& checkpoint,
                         const std::optional<SourceView>& source, std::int64_t now_ms);

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

    const Options& m_options;
    std::unique_ptr<postgres::Connection> m_connection;
    std::unique_ptr<clickhouse::Transport> m_transport;
    std::optional<SourceView> m_source; ///< of this look
    KafkaHops m_kafka;
};

} // namespace cdc::lag

#endif
