#include "cdc-capture/capture.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <iterator>

#include <poll.h>

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using source::ServerError;
using Taken = source::ChangeStream::Taken;

namespace {

constexpr int kLeaveMs = 1000;

} // namespace

void Capture::stop_at_second_signal() {
    if (io::stop_signal::count() > 1) {
        fail(ExitCode::failed, "stopped at once by a second signal; nothing more was confirmed");
    }
}

Capture::Capture(const Options& options, source::ChangeStream& stream,
                 Acknowledgement& acknowledgement, int output)
    : m_options{options}, m_stream{stream}, m_ack{acknowledgement}, m_writer{output},
      m_output{output}, m_figures{options.metrics} {}

void Capture::enter(State state) {
    if (!may_follow(m_state, state)) {
        fail(ExitCode::failed, "internal error: {} after {}", name_of(state), name_of(m_state));
    }
    m_state = state;
    base::log::debug("{}", name_of(state));
}

int Capture::run() {
    while (m_state == State::streaming || m_state == State::holding ||
           m_state == State::reconnecting) {
        if (m_state == State::reconnecting) {
            reconnect();
        } else {
            stream();
        }
    }
    const int code = finish();
    show_figures(true);
    return code;
}

/// False: it is to be tried again at once, with what the checkpoint files hold now.
bool Capture::try_to_open(bool resumes) {
    if (resumes) {
        m_positions.resume(m_ack.lowest()->order);
        m_checkpointed_place = m_ack.lowest()->position;
    }
    return m_stream.open(m_ack.lowest(), m_ack.lowest_file(), m_writer.buffer(), [this] {
        m_clocks.set_now(base::steady_ms());
        poll_acknowledgement();
        confirm();
        stop_at_second_signal();
    });
}

void Capture::connect() {
    const bool first = m_positions.emitted() == event::Order{};
    while (!try_to_open(first && m_ack.lowest())) {
        if (first) {
            m_ack.read_again();
        }
    }
    const bool resumes = first && m_ack.lowest();
    m_figures.connections.add();
    if (resumes) {
        checkpoints::check_order(m_ack.lowest_file(), *m_ack.lowest(), m_stream.emitted());
    }
    m_positions.read(m_stream.received(), m_stream.emitted());
    m_clocks.set_now(base::steady_ms());
    m_clocks.count_checkpoint();
    // The first messages, or the server's error, may have come with the answer that began the
    // stream.
    m_more = true;
    // A barrier outlives the connection on which it came.
    enter(m_ack.position() >= m_barrier ? State::streaming : State::holding);
}

/// The states of a connection that is well.
void Capture::stream() {
    try {
        while (m_state == State::streaming || m_state == State::holding ||
               m_state == State::stopping) {
            turn();
        }
    } catch (const ServerError& error) {
        if (error.code() != ExitCode::failed || m_options.retry_ms == 0) {
            leave_in_disorder();
            throw;
        }
        lose(error);
    } catch (const base::Error&) {
        // A closed output, a second signal, a broken value: what is durable is confirmed still.
        leave_in_disorder();
        throw;
    }
}

void Capture::turn() {
    m_clocks.set_now(base::steady_ms());
    stop_at_second_signal();
    m_writer.check();
    poll_acknowledgement();
    confirm();
    release();
    stop_if_wanted();
    if (m_state == State::writing) {
        return;
    }
    if (wait()) {
        read();
    }
    m_stream.work(m_clocks.now(), m_drained);
    m_positions.read(m_stream.received(), m_stream.emitted());
    if (!m_end && !m_enough && m_stream.wants_reopening() && !m_stream.in_transaction()) {
        reopen();
        return;
    }
    emit_due_checkpoint();
    submit_if_worthwhile();
}

/// Waits for the server or for the next thing to do. True: there may be something to read.
bool Capture::wait() {
    const bool can_read = m_state != State::holding && (!m_writer.full() || m_writer.ready());
    if (can_read && m_more) {
        m_drained = false;
        return true;
    }
    const bool first_signal = io::stop_signal::requested();
    pollfd fds[] = {{can_read ? m_stream.wake_fd() : -1, POLLIN, 0},
                    {m_writer.wake_fd(), POLLIN, 0},
                    {first_signal ? -1 : io::stop_signal::wake_fd(), POLLIN, 0},
                    {m_output, 0, 0}};
    int ready = ::poll(fds, std::size(fds), 0);
    m_drained = can_read && fds[0].revents == 0;
    if (ready == 0 && !work_is_due()) {
        m_pause.before_wait();
        ready = ::poll(fds, std::size(fds), next_timeout());
        m_pause.after_wait(ready > 0 && fds[0].revents != 0);
    }
    m_clocks.set_now(base::steady_ms());
    if (ready <= 0) {
        return false;
    }
    if (fds[1].revents != 0) {
        m_writer.clear_wake();
    }
    if ((fds[3].revents & (POLLERR | POLLNVAL)) != 0) {
        throw io::ReaderGone{};
    }
    return fds[0].revents != 0;
}

bool Capture::work_is_due() const {
    // What has waited for the stream to be drained is handed on before we sleep.
    return m_drained && !m_writer.buffer().empty() && m_writer.ready() &&
           (!m_stream.in_transaction() || m_clocks.since_submit() >= kSubmitMs);
}

int Capture::next_timeout() const {
    const std::int64_t now = m_clocks.now();
    std::int64_t timeout = m_stream.confirm_due_ms() - now;
    const auto at_most = [&timeout](std::int64_t ms) {
        timeout = std::min(timeout, ms);
    };
    at_most(1000);
    if (m_ack.has_files() || m_ack.on_write() || m_options.until_position ||
        m_options.exit_at_end) {
        at_most(kAckPollMs);
    }
    if (!m_writer.buffer().empty()) {
        at_most(kSubmitMs);
    }
    if (const auto news = m_stream.news(); news && news->lines) {
        at_most(kQuietMs);
    }
    at_most(m_clocks.checkpoint() + m_options.heartbeat_ms - now);
    if (m_options.until_idle_ms >= 0) {
        at_most(m_stream.last_data_ms() + m_options.until_idle_ms - now);
    }
    return static_cast<int>(std::max<std::int64_t>(timeout, 1));
}

/// Takes what the stream has received, as far as the output has room for it.
void Capture::read() {
    m_stream.receive(m_more);
    m_more = true;
    while (!m_end && !m_enough && make_room()) {
        switch (m_stream.take(m_writer.chunk_bytes(), m_clocks.now())) {
        case Taken::all:
            m_more = false;
            return;
        case Taken::transaction:
            end_transaction();
            break;
        case Taken::full:
            break;
        case Taken::part:
            return;
        case Taken::barrier:
            hold();
            return;
        case Taken::end:
            m_end = true;
            break;
        }
    }
}

bool Capture::make_room() {
    if (!m_writer.full()) {
        return true;
    }
    if (!m_writer.ready()) {
        return false;
    }
    submit();
    return true;
}

void Capture::end_transaction() {
    m_positions.read(m_stream.received(), m_stream.emitted());
    const std::uint64_t changes = m_stream.changes();
    m_figures.count_transaction(changes);
    m_enough = m_options.max_events != 0 && changes >= m_options.max_events;
    emit_due_checkpoint();
}

/// Nothing waits where no file is awaited.
void Capture::hold() {
    m_positions.read(m_stream.received(), m_stream.emitted());
    emit_checkpoint();
    if (m_ack.has_files() && !m_options.peek) {
        m_barrier = m_positions.checkpointed();
        m_drained = false;
        enter(State::holding);
    }
}

void Capture::release() {
    if (m_state == State::holding && m_ack.position() >= m_barrier) {
        m_barrier = {};
        enter(State::streaming);
    }
}

bool Capture::stop_wanted() {
    if (m_state == State::holding) {
        return io::stop_signal::requested();
    }
    const bool idle = m_options.until_idle_ms >= 0 && m_drained && m_stream.settled() &&
                      m_clocks.now() - m_stream.last_data_ms() >= m_options.until_idle_ms;
    return m_end || m_enough || idle || io::stop_signal::requested() ||
           m_stream.at_end(m_clocks.now(), m_drained);
}

/// The stream is left at the end of a transaction, or when that takes too long.
void Capture::stop_if_wanted() {
    if (!stop_wanted()) {
        if (m_state == State::stopping) { // it was idle, and is so no more
            enter(State::streaming);
        }
        m_clocks.go_on();
        return;
    }
    if (m_state != State::stopping) {
        m_clocks.stop(m_options.drain_ms);
        enter(State::stopping);
    }
    if (!m_stream.in_transaction()) {
        enter(State::writing);
    } else if (m_clocks.transaction_time_is_over()) {
        base::log::warning("stopped inside a transaction, which will be sent again");
        enter(State::writing);
    }
}

void Capture::close_stream() {
    m_figures.count_tables(m_stream.changes_by_table(), true);
    m_stream.close();
    m_more = false;
    m_drained = false;
}

/// In place of a connection that is well. What fails meanwhile is as a connection that is lost.
void Capture::reopen() {
    enter(State::reconnecting);
    try {
        m_stream.leave(kLeaveMs);
        close_stream();
        connect();
    } catch (const io::Stopped&) {
        enter(State::writing);
    }
}

/// Throws Error when it makes no sense to try again.
void Capture::lose(const ServerError& cause) {
    m_figures.retries.add();
    if (m_state != State::reconnecting) {
        enter(State::reconnecting);
    }
    if (m_stream.is_open()) {
        close_stream();
    }
    const std::int64_t now = base::steady_ms();
    if (m_failed_since == 0 || m_positions.emitted() != m_failed_at) {
        m_failed_at = m_positions.emitted();
        m_failed_since = now;
    }
    // A connection that comes back only to fail at the same place is none.
    if (now > m_failed_since + m_options.retry_ms) {
        throw base::Error{
            ExitCode::failed,
            fmt::format("the stream fails at {} each time: {}", m_stream.place(), cause.what()),
            m_stream.way_past()};
    }
    base::log::warning("{}; trying again", cause.what());
}

/// Throws the last error when time is over.
void Capture::reconnect() {
    const std::int64_t give_up = m_failed_since + m_options.retry_ms;
    for (std::int64_t pause = 1000;; pause = std::min<std::int64_t>(pause * 2, 30000)) {
        const std::int64_t until = base::steady_ms() + pause;
        while (base::steady_ms() < until) {
            if (io::stop_signal::requested()) {
                enter(State::writing);
                return;
            }
            io::wait_readable(io::stop_signal::wake_fd(), static_cast<int>(kAckPollMs));
            m_writer.check();
        }
        try {
            connect();
            return;
        } catch (const io::Stopped&) {
            enter(State::writing);
            return;
        } catch (const ServerError& error) {
            if (!m_stream.may_come_back(error) || base::steady_ms() + pause > give_up) {
                throw;
            }
            m_figures.retries.add();
            base::log::warning("{}; trying again", error.what());
        }
    }
}

} // namespace cdc::capture
