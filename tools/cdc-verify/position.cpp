#include "cdc-verify/position.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "postgres/slot.hpp"

namespace cdc::verify {

using base::ExitCode;
using base::in_quotes;

namespace {

constexpr int kLookMs = 100;
constexpr std::int64_t kStandStillMs = 3000;
constexpr std::int64_t kLongStandStillMs = 15'000; ///< longer than heartbeats are apart, mostly

constexpr char kKafka[] = "kafka";

} // namespace

Position::Position(const Options& options, Source& source, Target& target, Activity& activity,
                   std::string server)
    : m_options{options}, m_source{source}, m_target{target}, m_activity{activity},
      m_server{std::move(server)}, m_database{source.connection().database()} {}

std::optional<event::Checkpoint> Position::read() {
    if (!m_options.checkpoint.empty()) {
        auto found = event::read_checkpoint_file(m_options.checkpoint);
        if (!found) {
            m_why = fmt::format("the checkpoint file {} is missing or empty",
                                in_quotes(m_options.checkpoint));
        }
        return found;
    }
    std::optional<event::Checkpoint> found;
    for (const auto& source : clickhouse::read_target_state(m_target.transport()).sources) {
        auto checkpoint = event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
        const bool kafka = checkpoint.kind == kKafka;
        if (!kafka && (checkpoint.kind != "postgres" || checkpoint.database != m_database ||
                       (!m_server.empty() && checkpoint.server != m_server))) {
            continue;
        }
        if (!m_options.slot.empty() && checkpoint.slot != m_options.slot) {
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
        m_why = "the target holds no position of this source";
    }
    return found;
}

std::optional<postgres::Lsn> Position::now() {
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
        return found->order.position();
    }
    m_slot = found->slot;
    const auto lsn = postgres::parse_lsn(found->position);
    if (!lsn || (!m_server.empty() && found->server != m_server)) {
        base::fail(ExitCode::refused, "the checkpoint at {} is none of this source",
                   in_quotes(found->position));
    }
    return lsn;
}

/// Once, to those who wait: for what, and what to do.
void Position::explain_stall(std::int64_t unmoved_ms) {
    if (!m_stall.empty() || unmoved_ms < kStandStillMs) {
        return;
    }
    std::optional<postgres::SlotState> slot;
    const bool known = !m_slot.empty() && !m_source.is_standby();
    if (known) {
        slot = postgres::inspect_slot(m_source.connection(), m_slot);
    }
    if (known && !slot) {
        m_stall = fmt::format("the source has no slot {}, so that no cdc-capture fills the target",
                              in_quotes(m_slot));
    } else if (known && slot->active_pid == 0) {
        m_stall =
            fmt::format("nothing reads the slot {}: cdc-capture does not run", in_quotes(m_slot));
    } else if (unmoved_ms >= kLongStandStillMs) {
        m_stall = known ? "it does not move: cdc-load may not run"
                        : "it does not move: cdc-capture, cdc-consume or cdc-load may not run";
    } else {
        return;
    }
    base::log::warning("waiting for the target: {}. Start the pipe; or compare as both sides stand "
                       "now, with --no-wait",
                       m_stall);
}

bool Position::wait(postgres::Lsn lsn, std::int64_t deadline) {
    std::optional<postgres::Lsn> before;
    std::int64_t moved_ms = base::steady_ms();
    while (true) {
        const auto reached = now();
        if (reached && *reached >= lsn) {
            m_stalled = false;
            return true;
        }
        const std::int64_t time = base::steady_ms();
        if (reached != before) {
            before = reached;
            moved_ms = time;
        }
        if (reached) {
            m_why = fmt::format("the target stands at {}, {} bytes of log before {}",
                                postgres::format_lsn(*reached), lsn - *reached,
                                postgres::format_lsn(lsn));
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
