#include "cdc-capture/capture.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "event/order.hpp"
#include "io/file_descriptor.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

#include <poll.h>

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::format_lsn;
using postgres::Lsn;
using postgres::ServerError;
using Kind = postgres::ReplicationStream::Message::Kind;

namespace {

constexpr std::int64_t kMaxStatusMs = 10000;
constexpr int kReadOutAtOnce = 4096;
constexpr std::size_t kLargeMessage = std::size_t{1} << 20;

} // namespace

void Capture::stop_at_second_signal() {
    if (io::stop_signal::count() > 1) {
        fail(ExitCode::failed, "stopped at once by a second signal; nothing more was confirmed");
    }
}

Capture::Capture(const Options& options, Acknowledgement& acknowledgement, int output)
    : m_options{options}, m_ack{acknowledgement}, m_filter{options.tables, options.exclude},
      m_writer{output}, m_output{output}, m_figures{options.metrics}, m_unseen{m_filter},
      m_labels{m_filter, options.edits}, m_open{options.spool, options.spool_limit} {}

int Capture::run() {
    while (true) {
        try {
            if (stream() || !begin_again()) {
                break;
            }
        } catch (const ServerError& error) {
            if (error.code() != ExitCode::failed || m_options.retry_ms == 0) {
                leave_in_disorder();
                throw;
            }
            if (!reconnect(error)) {
                break;
            }
        } catch (const base::Error&) {
            // A closed output, a second signal, a broken value: what is durable is confirmed still.
            leave_in_disorder();
            throw;
        }
    }
    const int code = finish();
    show_figures(true);
    return code;
}

void Capture::connect() {
    if (!m_resume && m_ack.lowest()) {
        m_resume = resume_point(*m_ack.lowest(), m_ack.lowest_file());
        m_checkpointed = m_resume->position;
    }
    m_session = open_session(m_options, in_progress_memory(), m_resume, m_filter);
    // The first messages, or the server's error, may have come with the answer that began the
    // stream.
    m_unread = true;
    m_standby = postgres::in_recovery(m_session->plain);
    m_timeline_known = false;
    m_figures.connections.add();
    const ResumePoint& start = m_session->start;
    if (!m_resume) {
        m_resume = start;
    }
    m_position = start.position;
    m_received = std::max(m_received, m_position);
    m_commit_ts_ms = start.commit_ts_ms;
    m_confirmed = 0;
    m_now = base::steady_ms();
    m_last_data = m_now;
    m_last_checkpoint = m_now;
    m_last_status = 0;
    const std::int64_t timeout = m_session->sender_timeout_ms;
    m_status_interval = timeout == 0 ? kMaxStatusMs : std::min(kMaxStatusMs, timeout / 3);
    m_session->plain.set_on_wait([this] {
        m_now = base::steady_ms();
        poll_acknowledgement();
        send_status_if_due();
        stop_at_second_signal();
    });
    begin_looks();
    if (m_options.until_position) {
        m_until =
            m_until == 0 ? *m_options.until_position : std::min(m_until, *m_options.until_position);
    }
    base::log::info("streaming from slot {} of database {} at {}", in_quotes(m_options.slot),
                    m_session->plain.description(), format_lsn(m_position));
}

/// What comes next begins where the lines end.
void Capture::leave_session() {
    m_figures.count_tables(m_session->builder.changes_by_table(), true);
    m_changes_before += m_session->builder.changes();
    m_marks_before += m_session->builder.marks();
    m_resume->position = m_position;
    m_resume->epoch = m_session->system.timelines.at(m_position);
    m_resume->where = "this stream";
    m_resume->commit_ts_ms = m_commit_ts_ms;
    m_session.reset();
    m_open.clear();
    m_read_out.reset();
    m_unread = false;
    m_drained = false;
}

/// False when a stop was asked for meanwhile. Throws the last error when time is over.
bool Capture::reconnect(const ServerError& cause) {
    m_figures.retries.add();
    if (m_session != nullptr) {
        leave_session();
    }
    if (m_failed_since == 0 || m_position != m_failed_at) {
        m_failed_at = m_position;
        m_failed_since = base::steady_ms();
    }
    // A connection that comes back only to fail at the same place is none.
    const std::int64_t give_up = m_failed_since + m_options.retry_ms;
    if (base::steady_ms() > give_up) {
        throw ServerError{
            ExitCode::failed,
            fmt::format("the stream fails at {} each time: {}", format_lsn(m_position),
                        cause.what()),
            cause.sqlstate(),
            "If the server cannot decode its log there, only a new slot leads past it: cdc-capture "
            "--drop, then cdc-snapshot --create, which finds what the target lacks."};
    }
    base::log::warning("{}; trying again", cause.what());
    return connect_until(give_up);
}

bool Capture::connect_until(std::int64_t give_up) {
    for (std::int64_t pause = 1000;; pause = std::min<std::int64_t>(pause * 2, 30000)) {
        const std::int64_t until = base::steady_ms() + pause;
        while (base::steady_ms() < until) {
            if (io::stop_signal::requested()) {
                return false;
            }
            io::wait_readable(io::stop_signal::wake_fd(), static_cast<int>(kAckPollMs));
            m_writer.check();
        }
        try {
            connect();
            return true;
        } catch (const io::Stopped&) {
            return false;
        } catch (const ServerError& error) {
            if (error.code() != ExitCode::failed || base::steady_ms() + pause > give_up) {
                throw;
            }
            m_figures.retries.add();
            base::log::warning("{}; trying again", error.what());
        }
    }
}

bool Capture::stream() {
    while (true) {
        m_now = base::steady_ms();
        stop_at_second_signal();
        m_writer.check();
        poll_acknowledgement();
        send_status_if_due();
        if (stop_wanted()) {
            return true;
        }
        emit_heartbeat();
        if (wait()) {
            read();
        }
        take_look();
        if (begin_again_due() && !m_stop) {
            return false;
        }
        if (!m_session->builder.in_transaction()) {
            emit_due_checkpoint();
        }
        submit_if_worthwhile();
    }
}

void Capture::emit_heartbeat() {
    const std::int64_t every = m_options.emit_heartbeat_ms;
    if (every == 0 || m_now - std::max(m_last_heartbeat, m_last_data) < every) {
        return;
    }
    m_last_heartbeat = m_now;
    // Of a transaction: a message alone stays in the server's memory until something else is
    // flushed.
    m_session->plain.query("SELECT pg_logical_emit_message(true, 'cdc-heartbeat', '')");
}

/// Waits for the server or for the next thing to do. True: there may be something to read.
bool Capture::wait() {
    const bool can_read = !m_writer.full() || m_writer.ready();
    if (can_read && m_unread) {
        return true;
    }
    const bool first_signal = io::stop_signal::requested();
    pollfd fds[] = {{can_read ? m_session->stream.socket() : -1, POLLIN, 0},
                    {m_writer.wake_fd(), POLLIN, 0},
                    {first_signal ? -1 : io::stop_signal::wake_fd(), POLLIN, 0},
                    {m_output, 0, 0}};
    int ready = ::poll(fds, std::size(fds), 0);
    m_drained = can_read && fds[0].revents == 0;
    if (ready == 0 && !work_is_due()) {
        ready = ::poll(fds, std::size(fds), next_timeout());
    }
    m_now = base::steady_ms();
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
           (!m_session->builder.in_transaction() || m_now - m_last_submit >= kSubmitMs);
}

int Capture::next_timeout() const {
    std::int64_t timeout = m_last_status + m_status_interval - m_now;
    const auto at_most = [&timeout](std::int64_t ms) {
        timeout = std::min(timeout, ms);
    };
    at_most(1000);
    if (m_ack.has_files() || m_ack.on_write() || m_until != 0) {
        at_most(kAckPollMs);
    }
    if (!m_writer.buffer().empty()) {
        at_most(kSubmitMs);
    }
    if (m_lines_since_checkpoint) {
        at_most(kQuietMs);
    }
    at_most(m_last_checkpoint + m_options.heartbeat_ms - m_now);
    if (m_options.until_idle_ms >= 0) {
        at_most(m_last_data + m_options.until_idle_ms - m_now);
    }
    return static_cast<int>(std::max<std::int64_t>(timeout, 1));
}

/// Takes what the socket holds, as far as the output has room for it.
void Capture::read() {
    m_session->builder.set_time(base::now_ms());
    if (!m_unread) {
        m_session->stream.receive();
        m_timeline_known = false;
    }
    int read_out = 0;
    while (!m_stop && !begin_again_due()) {
        if (m_writer.full()) {
            if (!m_writer.ready()) {
                m_unread = true;
                return;
            }
            m_writer.submit();
            m_last_submit = m_now;
        }
        if (m_read_out) {
            if (++read_out > kReadOutAtOnce) {
                m_unread = true; // feedback is due now and then
                return;
            }
            read_out_next();
            continue;
        }
        const StreamMessage message = m_session->stream.next();
        if (message.kind == Kind::none) {
            m_unread = false;
            return;
        }
        handle(message);
    }
}

void Capture::handle(const StreamMessage& message) {
    if (m_standby && !m_timeline_known) {
        learn_timeline();
    }
    m_received = std::max(m_received, message.lsn);
    if (message.kind == Kind::data) {
        handle_data(message);
        return;
    }
    // While the server looks for its place it also names positions that we have passed long ago.
    if (!m_session->builder.in_transaction()) {
        m_position = std::max(m_position, message.lsn);
    }
    if (message.reply_wanted) {
        send_status();
    }
}

void Capture::handle_data(const StreamMessage& message) {
    m_figures.read.add(static_cast<std::int64_t>(message.payload.size()));
    if (!take_in_progress(message)) {
        make_room(message.payload.size());
        take(m_decoder.decode(message.payload), message.lsn);
    }
}

/// A large value's line grows in one step: in several it would stand in memory twice.
void Capture::make_room(std::size_t message_bytes) {
    if (message_bytes >= kLargeMessage) {
        m_writer.buffer().reserve(m_writer.buffer().size() + message_bytes + message_bytes / 16);
    }
}

/// A message that stands beside transactions is written where it is read, which may be ahead of the
/// place where a new connection begins: there it comes again.
bool Capture::is_repeated(const postgres::pgoutput::Message& decoded, Lsn lsn) {
    if (decoded.type != postgres::pgoutput::Type::message || decoded.transactional) {
        return false;
    }
    const event::Order order = m_session->builder.order_at(lsn);
    if (order <= m_last_message) {
        return true;
    }
    m_last_message = order;
    return false;
}

void Capture::take(const postgres::pgoutput::Message& decoded, Lsn lsn) {
    using postgres::pgoutput::Type;
    if (is_repeated(decoded, lsn)) {
        return;
    }
    if (decoded.type == Type::truncate) {
        m_facts.truncates.push_back(m_facts.running);
    } else if (decoded.type == Type::begin) {
        m_facts.running = {decoded.commit_lsn, std::to_string(decoded.xid)};
        pass_looks(decoded.commit_lsn); // transactions come in the order of their commits
        if (m_until != 0 && decoded.commit_lsn > m_until) {
            m_stop = true;
            return;
        }
    } else if (decoded.type == Type::relation) {
        m_session->looks.ask();
        if (decoded.relation.identity == 'f' || decoded.relation.identity == 'n') {
            await_first_look();
        }
    }
    m_last_data = m_now;
    m_unseen.take(decoded, m_facts.running.xid, m_facts.emitted.get());
    if (m_labels.take(decoded, m_facts.running.xid)) {
        m_session->looks.ask();
    }
    const std::uint64_t changes = m_session->builder.changes();
    m_session->builder.apply(decoded, lsn, m_writer.buffer());
    m_lines_in_transaction |= m_session->builder.changes() != changes;
    if (decoded.type == Type::message && !decoded.transactional) {
        m_lines_since_checkpoint |= m_lines_in_transaction;
        m_lines_in_transaction = false;
        return;
    }
    if (decoded.type != Type::commit) {
        return;
    }
    m_position = std::max(m_position, decoded.end_lsn);
    m_received = std::max(m_received, m_position);
    m_commit_ts_ms = m_session->builder.commit_ts_ms();
    m_figures.count_transaction(m_changes_before + m_session->builder.changes());
    m_lines_since_checkpoint |= m_lines_in_transaction;
    m_lines_in_transaction = false;
    pass_looks(m_position);
    m_stop = m_options.max_events != 0 &&
             m_changes_before + m_session->builder.changes() >= m_options.max_events;
    emit_due_checkpoint();
}

/// Whether to leave the stream now: at the end of a transaction, or when it takes too long.
bool Capture::stop_wanted() {
    const bool idle = m_options.until_idle_ms >= 0 && m_drained && first_look_passed() &&
                      m_now - m_last_data >= m_options.until_idle_ms;
    if (!m_stop && !idle && !io::stop_signal::requested() && !position_reached()) {
        return false;
    }
    if (m_stop_deadline == 0) {
        m_stop_deadline = m_now + m_options.drain_ms / 2;
    }
    if (!m_session->builder.in_transaction()) {
        return true;
    }
    if (m_now < m_stop_deadline) {
        return false;
    }
    base::log::warning("stopped inside a transaction, which will be sent again");
    return true;
}

/// A transaction whose commit record begins exactly at the wanted position belongs to it; the
/// server tells whether there is one.
bool Capture::position_reached() {
    const bool look_needed = m_options.exit_at_end && !first_look_passed();
    if (m_until == 0 || !m_drained || m_session->builder.in_transaction() || look_needed) {
        return false;
    }
    if (m_position > m_until) {
        return true;
    }
    if (m_now - m_last_question < kAckPollMs) {
        return false;
    }
    m_last_question = m_now;
    if (m_position == m_until && postgres::end_of_log(m_session->plain) <= m_until) {
        return true;
    }
    send_status(true);
    return false;
}

} // namespace cdc::capture
