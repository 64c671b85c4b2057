#ifndef CDC_CONSUME_ACKNOWLEDGED_HPP
#define CDC_CONSUME_ACKNOWLEDGED_HPP

#include "cdc-consume/options.hpp"
#include "checkpoints/watch.hpp"
#include "kafka/offsets.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace cdc::consume {

/// How far the last stages of the pipe have come: the lowest of the checkpoint files, or, with
/// --ack on-write, what left this process.
class Acknowledged {
public:
    /// Reads the files. Throws Error: refused when one is of another kind, cluster or group.
    Acknowledged(const Options& options, std::string cluster);

    /// Looks again; `written` is how many bytes have left. True when something rose.
    bool look(std::uint64_t written);
    /// A checkpoint line with these offsets ends at this byte of the output.
    void emitted(std::uint64_t bytes, const kafka::Offsets& offsets);

    /// Whether anything is ever acknowledged.
    bool used() const { return m_on_write || !m_files.none(); }
    const kafka::Offsets& offsets() const noexcept { return m_offsets; }
    /// What the files hold; nothing when one is missing.
    std::vector<event::Checkpoint> held() const;
    /// What the files say of a place now is of records that are gone: it counts when it has
    /// changed.
    void forget(const kafka::TopicPartition& place);
    /// Whether all of these are acknowledged.
    bool covers(const kafka::Offsets& offsets) const;

private:
    kafka::Offsets held_by_files() const;
    bool raise(kafka::Offsets now);

    bool m_on_write;
    checkpoints::Watch m_files;
    std::deque<std::pair<std::uint64_t, kafka::Offsets>> m_emitted;
    kafka::Offsets m_offsets;
    kafka::Offsets m_forgotten;
};

} // namespace cdc::consume

#endif
