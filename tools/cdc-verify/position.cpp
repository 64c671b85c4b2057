#include "cdc-verify/position.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "event/checkpoint.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

namespace cdc::verify {

using base::ExitCode;
using base::in_quotes;

namespace {

constexpr int kLookMs = 100;

} // namespace

Position::Position(const Options& options, Target& target, std::string server, std::string database)
    : m_options{options}, m_target{&target}, m_server{std::move(server)}, m_database{std::move(
                                                                              database)} {}

std::optional<postgres::Lsn> Position::now() {
    std::optional<event::Checkpoint> found;
    if (!m_options.checkpoint.empty()) {
        found = event::read_checkpoint_file(m_options.checkpoint);
        if (!found) {
            m_why = fmt::format("the checkpoint file {} is missing or empty",
                                in_quotes(m_options.checkpoint));
            return std::nullopt;
        }
    } else {
        for (const auto& source : clickhouse::read_target_state(m_target->transport()).sources) {
            auto checkpoint = event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
            if (checkpoint.kind != "postgres" || checkpoint.database != m_database ||
                (!m_server.empty() && checkpoint.server != m_server) ||
                (!m_options.slot.empty() && checkpoint.slot != m_options.slot)) {
                continue;
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
            return std::nullopt;
        }
    }
    const auto lsn = postgres::parse_lsn(found->position);
    if (!lsn || (!m_server.empty() && found->server != m_server)) {
        base::fail(ExitCode::refused, "the checkpoint at {} is none of this source",
                   in_quotes(found->position));
    }
    return lsn;
}

bool Position::wait(postgres::Lsn lsn, std::int64_t deadline) {
    while (true) {
        const auto reached = now();
        if (reached && *reached >= lsn) {
            m_stalled = false;
            return true;
        }
        if (reached) {
            m_why = fmt::format("the target stands at {}, {} bytes of log before {}",
                                postgres::format_lsn(*reached), lsn - *reached,
                                postgres::format_lsn(lsn));
        }
        if (m_stalled || !reached || base::steady_ms() >= deadline) {
            m_stalled = true;
            return false;
        }
        if (io::stop_signal::requested()) {
            base::fail(ExitCode::failed, "stopped");
        }
        io::wait_readable(io::stop_signal::wake_fd(), kLookMs);
    }
}

} // namespace cdc::verify
