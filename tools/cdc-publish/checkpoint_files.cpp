#include "cdc-publish/checkpoint_files.hpp"

#include "base/time.hpp"
#include "event/checkpoint.hpp"

namespace cdc::publish {

namespace {
constexpr std::int64_t kIntervalMs = 100;
}

void CheckpointFiles::durable(const checkpoints::LastLines& lines) {
    for (const std::string& line : lines.lines()) {
        m_pending.add(line);
    }
    write_due();
}

void CheckpointFiles::write_due(bool now) {
    if (m_pending.empty() || (!now && base::steady_ms() - m_written_ms < kIntervalMs)) {
        return;
    }
    m_files.write(m_pending);
    const event::Checkpoint checkpoint =
        event::parse_checkpoint(m_pending.newest(), "checkpoint line");
    m_durable_ts_ms = checkpoint.ts_ms;
    m_durable_position = checkpoint.order.position();
    m_pending.clear();
    m_written_ms = base::steady_ms();
}

} // namespace cdc::publish
