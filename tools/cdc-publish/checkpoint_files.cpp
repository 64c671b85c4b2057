#include "cdc-publish/checkpoint_files.hpp"

#include "base/time.hpp"
#include "checkpoints/file.hpp"
#include "event/checkpoint.hpp"

namespace cdc::publish {

namespace {
constexpr std::int64_t kIntervalMs = 100;
}

void CheckpointFiles::durable(std::string line) {
    m_pending = std::move(line);
    write_due();
}

void CheckpointFiles::write_due(bool now) {
    if (!m_pending || (!now && base::steady_ms() - m_written_ms < kIntervalMs)) {
        return;
    }
    checkpoints::write(m_paths, *m_pending);
    const event::Checkpoint checkpoint = event::parse_checkpoint(*m_pending, "checkpoint line");
    m_durable_ts_ms = checkpoint.ts_ms;
    m_durable_position = checkpoint.order.position();
    m_pending.reset();
    m_written_ms = base::steady_ms();
}

} // namespace cdc::publish
