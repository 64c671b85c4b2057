#ifndef CDC_PUBLISH_CHECKPOINT_FILES_HPP
#define CDC_PUBLISH_CHECKPOINT_FILES_HPP

#include "checkpoints/by_input.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::publish {

/// Writes durable checkpoint lines to their files (and to stdout for "-"), at most every 100 ms.
class CheckpointFiles {
public:
    explicit CheckpointFiles(const std::vector<std::string>& texts) : m_files{texts} {}

    /// Everything before these lines is durable. Throws Error (failed; usage: no file is for one).
    void durable(const checkpoints::LastLines& lines);
    /// Writes what waits for its time; with `now`, at once.
    void write_due(bool now = false);
    bool pending() const noexcept { return !m_pending.empty(); }
    /// When the last durable line was made; 0 before the first.
    std::int64_t durable_ts_ms() const noexcept { return m_durable_ts_ms; }

    /// Of its order; 0 before the first.
    std::uint64_t durable_position() const noexcept { return m_durable_position; }

private:
    checkpoints::Writer m_files;
    checkpoints::LastLines m_pending;
    std::int64_t m_written_ms = 0;
    std::int64_t m_durable_ts_ms = 0;
    std::uint64_t m_durable_position = 0;
};

} // namespace cdc::publish

#endif
