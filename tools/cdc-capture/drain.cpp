#include "cdc-capture/capture.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <functional>

#include <poll.h>
#include <unistd.h>

namespace cdc::capture {

using base::ExitCode;
using base::in_quotes;
using postgres::format_lsn;
using postgres::ServerError;

namespace {

constexpr int kStepMs = 50;
constexpr int kFinishMs = 5000;
constexpr int kLastMs = 1000; ///< the same, when --drain is over

} // namespace

/// Runs feedback until done() or the deadline. A connection lost now costs nothing: what the
/// checkpoint file holds is confirmed at the next start.
bool Capture::wait_until(std::int64_t deadline, const std::function<bool()>& done) {
    while (true) {
        m_now = base::steady_ms();
        m_last_poll = 0;
        poll_acknowledgement();
        if (m_session != nullptr) {
            try {
                send_status_if_due();
            } catch (const ServerError& error) {
                base::log::warning("{}", error.what());
                m_session.reset();
            }
        }
        if (done()) {
            return true;
        }
        if (m_now >= deadline) {
            return false;
        }
        m_writer.check();
        stop_at_second_signal();
        pollfd writer{m_writer.wake_fd(), POLLIN, 0};
        ::poll(&writer, 1, kStepMs);
        m_writer.clear_wake();
    }
}

int Capture::finish() {
    const std::int64_t begun =
        m_stop_deadline != 0 ? m_stop_deadline - m_options.drain_ms / 2 : base::steady_ms();
    const std::int64_t deadline = begun + m_options.drain_ms;
    if (m_session != nullptr && !m_session->builder.in_transaction() &&
        (m_position > m_checkpointed || m_lines_since_checkpoint)) {
        emit_checkpoint();
    }
    m_writer.submit();
    if (!wait_until(deadline, [this] { return m_writer.written() == m_writer.submitted(); })) {
        base::log::warning("the output took not all lines within --drain");
        return static_cast<int>(ExitCode::failed);
    }
    ::close(m_output);
    const bool acknowledged =
        m_options.peek || wait_until(deadline, [this] { return m_ack.complete(); });
    confirm_and_leave();
    if (!acknowledged) {
        base::log::warning("checkpoint file {} did not reach {} within --drain; what is missing "
                           "will be sent again",
                           in_quotes(m_ack.lowest_file()), format_lsn(m_checkpointed));
        return static_cast<int>(ExitCode::failed);
    }
    return static_cast<int>(ExitCode::ok);
}

void Capture::confirm_and_leave() {
    if (m_session == nullptr) {
        return;
    }
    try {
        m_now = base::steady_ms();
        send_status();
        m_session->stream.finish(io::stop_signal::give_up() ? kLastMs : kFinishMs);
    } catch (const ServerError& error) {
        base::log::warning("{}", error.what());
    }
}

/// After an error: the lines before it go out, and what is durable by now is confirmed.
void Capture::leave_in_disorder() noexcept {
    try {
        m_writer.finish(io::stop_signal::requested() ? 0 : kFinishMs);
    } catch (const std::exception& error) {
        base::log::debug("while stopping: {}", error.what());
    }
    try {
        m_last_poll = 0;
        m_now = base::steady_ms();
        poll_acknowledgement();
        if (m_session != nullptr) {
            send_status();
        }
    } catch (const std::exception& error) {
        base::log::debug("while stopping: {}", error.what());
    }
}

} // namespace cdc::capture
