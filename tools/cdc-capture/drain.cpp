#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-capture/capture.hpp"
#include "io/stop_signal.hpp"

#include <functional>

#include <poll.h>
#include <unistd.h>

/// The part of Capture behind the end of the stream.
namespace cdc::capture {

using base::ExitCode;
using base::in_quotes;
using source::ServerError;

namespace {

constexpr int kStepMs = 50;
constexpr int kFinishMs = 5000;
constexpr int kLastMs = 1000; ///< the same, when --drain is over

} // namespace

/// Runs feedback until done() or the deadline. A connection lost now costs nothing: what the
/// checkpoint file holds is confirmed at the next start.
bool Capture::wait_until(std::int64_t deadline, const std::function<bool()>& done) {
    while (true) {
        m_clocks.set_now(base::steady_ms());
        m_clocks.poll_at_once();
        poll_acknowledgement();
        if (m_stream.is_open()) {
            try {
                confirm();
            } catch (const ServerError& error) {
                base::log::warning("{}", error.what());
                m_stream.close();
            }
        }
        if (done()) {
            return true;
        }
        if (m_clocks.now() >= deadline) {
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
    m_clocks.set_now(base::steady_ms());
    m_clocks.stop(m_options.drain_ms);
    if (m_stream.is_open()) {
        const auto news = m_stream.news();
        if (news && (news->moved || news->lines || news->first)) {
            emit_checkpoint();
        }
    }
    m_writer.submit();
    if (!wait_until(m_clocks.stop_by(),
                    [this] { return m_writer.written() == m_writer.submitted(); })) {
        base::log::warning("the output took not all lines within --drain");
        enter(State::ended);
        return static_cast<int>(ExitCode::failed);
    }
    ::close(m_output);
    enter(State::awaiting);
    const bool acknowledged =
        m_options.peek || wait_until(m_clocks.stop_by(), [this] { return m_ack.complete(); });
    confirm_and_leave();
    enter(State::ended);
    if (!acknowledged) {
        base::log::warning("checkpoint file {} did not reach {} within --drain; what is missing "
                           "will be sent again",
                           in_quotes(m_ack.lowest_file()), m_checkpointed_place);
        return static_cast<int>(ExitCode::failed);
    }
    return static_cast<int>(ExitCode::ok);
}

void Capture::confirm_and_leave() {
    if (!m_stream.is_open()) {
        return;
    }
    try {
        m_clocks.set_now(base::steady_ms());
        confirm();
        m_stream.leave(io::stop_signal::give_up() ? kLastMs : kFinishMs);
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
        m_clocks.set_now(base::steady_ms());
        m_clocks.poll_at_once();
        poll_acknowledgement();
        if (m_stream.is_open()) {
            confirm();
        }
    } catch (const std::exception& error) {
        base::log::debug("while stopping: {}", error.what());
    }
}

} // namespace cdc::capture
