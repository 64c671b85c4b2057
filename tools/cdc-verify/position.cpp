#include "cdc-verify/position.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "checkpoints/file.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

namespace cdc::verify {

using base::ExitCode;
using base::in_quotes;

namespace {

constexpr int kLookMs = 100;
constexpr std::int64_t kStandStillMs = 3000;
constexpr std::int64_t kLongStandStillMs = 15'000; ///< longer than heartbeats are apart, mostly

constexpr char kKafka[] = "kafka";

} // namespace

Position::Position(const Options& options, Source& source, Target& target, Activity& activity)
    : m_options{options}, m_source{source}, m_target{target}, m_activity{activity} {}

std::optional<event::Checkpoint> Position::read() {
    if (!m_options.checkpoint.empty()) {
        auto found = checkpoints::read(m_options.checkpoint);
        if (!found) {
            m_why = fmt::format("the checkpoint file {} is missing or empty",
                                in_quotes(m_options.checkpoint));
        }
        return found;
    }
    std::optional<event::Checkpoint> found;
    std::string others;
    for (const auto& source : clickhouse::read_target_state(m_target.transport()).sources) {
        auto checkpoint = event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
        const bool kafka = checkpoint.kind == kKafka;
        if (!kafka && !m_source.owns(checkpoint)) {
            continue;
        }
        if (!m_options.slot.empty() && checkpoint.slot != m_options.slot) {
            if (!checkpoint.slot.empty()) {
                others += (others.empty() ? "" : ", ") + in_quotes(checkpoint.slot);
            }
            continue;
        }
        // Kafka's does not say which server its records are of: the stream's own counts before it.
        if (found && kafka != (found->kind == kKafka)) {
            if (kafka) {
                continue;
            }
            found.reset();
        }
        if (found) {
            throw base::Error{ExitCode::refused,
                              fmt::format("the slots {} and {} both fill the target",
                                          in_quotes(found->slot), in_quotes(checkpoint.slot)),
                              "--slot says whose position counts."};
        }
        found = std::move(checkpoint);
    }
    if (!found) {
        m_why = m_options.slot.empty()
                    ? "the target holds no position of this source"
                    : fmt::format("the target holds no position of slot {} of this source{}",
                                  in_quotes(m_options.slot),
                                  others.empty() ? "" : ", but of " + others);
    }
    return found;
}

std::optional<LogPosition> Position::now() {
    const auto found = read();
    if (!found) {
        return std::nullopt;
    }
    if (found->kind == kKafka) {
        m_slot.clear();
        if (found->order == event::Order{}) {
            m_why = "the target's position in Kafka says nothing of the source's log";
            return std::nullopt;
        }
        if (event::has_some_partitions(*found)) {
            m_why = "the target's position in Kafka is that of one of several readers of the "
                    "group, and says nothing of the others";
            return std::nullopt;
        }
        return found->order.position();
    }
    m_slot = found->slot;
    const auto position = m_source.position_of(*found);
    if (!position) {
        base::fail(ExitCode::refused, "the checkpoint at {} is none of this source",
                   in_quotes(found->position));
    }
    return position;
}

/// Once, to those who wait: for what, and what to do.
void Position::explain_stall(std::int64_t unmoved_ms) {
    if (!m_stall.empty() || unmoved_ms < kStandStillMs) {
        return;
    }
    const auto unread = m_source.why_unread(m_slot);
    if (unread && !unread->empty()) {
        m_stall = *unread;
    } else if (unmoved_ms >= kLongStandStillMs) {
        m_stall = unread ? "it does not move: cdc-load may not run"
                         : "it does not move: cdc-capture, cdc-consume or cdc-load may not run";
    } else {
        return;
    }
    base::log::warning("waiting for the target: {}. Start the pipe; or compare as both sides stand "
                       "now, with --no-wait",
                       m_stall);
}

bool Position::wait(LogPosition position, std::int64_t deadline) {
    std::optional<LogPosition> before;
    std::int64_t moved_ms = base::steady_ms();
    while (true) {
        const auto reached = now();
        if (reached && *reached >= position) {
            m_stalled = false;
            return true;
        }
        const std::int64_t time = base::steady_ms();
        if (reached != before) {
            before = reached;
            moved_ms = time;
        }
        if (reached) {
            m_why = "the target stands at " + m_source.behind_text(*reached, position);
            explain_stall(time - moved_ms);
            m_why += m_stall.empty() ? "" : "; " + m_stall;
            m_activity.set_step("waiting", m_why);
        }
        if (m_stalled || !reached || time >= deadline) {
            m_stalled = true;
            return false;
        }
        if (io::stop_signal::requested()) {
            throw io::Stopped{"the target was behind"};
        }
        io::wait_readable(io::stop_signal::wake_fd(), kLookMs);
    }
}

} // namespace cdc::verify
