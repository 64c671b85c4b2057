#include "cdc-capture/mysql_capture.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

#include <poll.h>
#include <unistd.h>

namespace cdc::capture {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using mysql::ServerError;

namespace {

constexpr int kStepMs = 50;
constexpr int kFinishMs = 5000;

/// Of a connection that is to come back: a password that was changed may yet come to its file.
bool may_come_back(const ServerError& error) {
    return error.code() == ExitCode::failed || error.number() == mysql::kAccessDenied;
}

void stop_at_second_signal() {
    if (io::stop_signal::count() > 1) {
        fail(ExitCode::failed, "stopped at once by a second signal");
    }
}

void check_source(const std::string& path, const event::Checkpoint& checkpoint) {
    checkpoints::check_kind(path, checkpoint, {"mysql", "mariadb"});
}

} // namespace

MysqlCapture::MysqlCapture(const Options& options, int output)
    : m_options{options}, m_filter{options.tables, options.exclude},
      m_checkpoints{options.checkpoints, check_source}, m_writer{output}, m_output{output},
      m_figures{options.metrics} {}

int MysqlCapture::run() {
    connect();
    while (true) {
        try {
            stream();
            break;
        } catch (const ServerError& error) {
            if (error.code() != ExitCode::failed || m_options.retry_ms == 0) {
                m_writer.finish(kFinishMs);
                throw;
            }
            if (!reconnect(error)) {
                break;
            }
        } catch (const Error&) {
            m_writer.finish(io::stop_signal::requested() ? 0 : kFinishMs);
            throw;
        }
    }
    const int code = finish();
    show_figures(true);
    return code;
}

void MysqlCapture::connect() {
    if (!m_resume && m_checkpoints.lowest()) {
        m_resume = MysqlResume::from(*m_checkpoints.lowest(), m_checkpoints.lowest_path());
        m_checkpointed = m_checkpoints.lowest()->order;
    }
    m_session = open_mysql_session(m_options, m_resume, m_filter);
    m_figures.connections.add();
    m_transactions = 0;
    const bool first = !m_resume;
    m_resume = m_session->start;
    m_checkpointed_at = m_session->start.position;
    m_history_checked = false;
    m_awaits_history = false;
    m_now = base::steady_ms();
    m_last_data = m_now;
    m_last_checkpoint = m_now;
    if (m_options.until_position_text) {
        m_until = mysql::Position::parse(*m_options.until_position_text);
    }
    if (m_options.exit_at_end && !m_until) {
        m_until = m_session->end.position;
        if (m_session->start.gtids) {
            m_until_gtids = m_session->end.gtids;
        }
    }
    base::log::info("streaming from {} at {}", m_session->plain.description(),
                    m_resume->position.text());
    if (first) {
        // So that a place to begin at is kept even if nothing happens.
        m_last_checkpoint = m_now - m_options.heartbeat_ms;
    }
}

bool MysqlCapture::reconnect(const Error& cause) {
    const std::uint64_t failed_at = m_resume->emitted;
    m_resume = here();
    m_resume->where = "this stream";
    m_figures.retries.add();
    m_figures.count_tables(m_session->builder.changes_by_table(), true);
    m_changes_before += m_session->builder.changes();
    m_stale_before += m_session->builder.stale_tables();
    m_session.reset();
    if (m_failed_since == 0 || m_resume->emitted != failed_at) {
        m_failed_since = base::steady_ms();
    }
    const std::int64_t give_up = m_failed_since + m_options.retry_ms;
    if (base::steady_ms() > give_up) {
        fail(ExitCode::failed, "the stream fails at {} each time: {}", m_resume->position.text(),
             cause.what());
    }
    base::log::warning("{}; trying again", cause.what());
    for (std::int64_t pause = 1000;; pause = std::min<std::int64_t>(pause * 2, 30000)) {
        const std::int64_t until = base::steady_ms() + pause;
        while (base::steady_ms() < until) {
            if (io::stop_signal::requested()) {
                return false;
            }
            io::wait_readable(io::stop_signal::wake_fd(), static_cast<int>(kPollMs));
            m_writer.check();
        }
        try {
            connect();
            return true;
        } catch (const ServerError& error) {
            if (!may_come_back(error) || base::steady_ms() + pause > give_up) {
                throw;
            }
            m_figures.retries.add();
            base::log::warning("{}; trying again", error.what());
        }
    }
}

void MysqlCapture::stream() {
    while (true) {
        m_now = base::steady_ms();
        stop_at_second_signal();
        m_writer.check();
        if (m_now - m_last_poll >= kPollMs) {
            m_last_poll = m_now;
            m_checkpoints.poll();
            show_figures();
        }
        if (stop_wanted()) {
            return;
        }
        wait();
        read();
        emit_due_checkpoint();
        submit_if_worthwhile();
    }
}

void MysqlCapture::wait() {
    const bool can_read = !m_writer.full() || m_writer.ready();
    if (can_read && !m_drained && !m_awaits_history) {
        return;
    }
    pollfd fds[] = {{can_read && !m_awaits_history ? m_session->stream.wake_fd() : -1, POLLIN, 0},
                    {m_writer.wake_fd(), POLLIN, 0},
                    {io::stop_signal::requested() ? -1 : io::stop_signal::wake_fd(), POLLIN, 0},
                    {m_output, 0, 0}};
    const int ready = ::poll(fds, std::size(fds), next_timeout());
    m_now = base::steady_ms();
    if (ready <= 0) {
        return;
    }
    if (fds[0].revents != 0) {
        m_session->stream.clear_wake();
    }
    if (fds[1].revents != 0) {
        m_writer.clear_wake();
    }
    if ((fds[3].revents & (POLLERR | POLLNVAL)) != 0) {
        fail(ExitCode::failed, "cannot write output: its reader is gone");
    }
}

int MysqlCapture::next_timeout() const {
    std::int64_t timeout = kPollMs;
    const auto at_most = [&timeout](std::int64_t ms) {
        timeout = std::min(timeout, ms);
    };
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

/// Whether there is room for more lines.
bool MysqlCapture::make_room() {
    if (!m_writer.full()) {
        return true;
    }
    if (!m_writer.ready()) {
        return false;
    }
    m_writer.submit();
    m_last_submit = m_now;
    return true;
}

/// Takes what the stream holds, as far as the output has room for it.
void MysqlCapture::read() {
    if (m_awaits_history && !m_checkpoints.reached(m_checkpointed)) {
        return;
    }
    m_awaits_history = false;
    mysql::ChangeBuilder& builder = m_session->builder;
    builder.set_time(base::now_ms());
    std::string& out = m_writer.buffer();
    const std::uint64_t changes = builder.changes();
    const std::int64_t until = m_now + kSubmitMs;
    for (unsigned count = 0; make_room(); ++count) {
        if (builder.has_more()) {
            builder.apply_more(out);
        } else {
            // The first events describe the file, and the history; they stand before every end.
            if (m_history_checked && !builder.in_transaction() && m_until &&
                !(builder.position() < *m_until)) {
                break;
            }
            const auto event = m_session->stream.next();
            if (!event) {
                m_drained = true;
                break;
            }
            m_drained = false;
            m_last_data = m_now;
            m_figures.read.add(static_cast<std::int64_t>(event->size()));
            builder.apply(*event, out);
            if (!m_history_checked) {
                check_history();
                if (m_awaits_history) {
                    break;
                }
            }
        }
        if (builder.transactions() != m_transactions) {
            m_transactions = builder.transactions();
            m_figures.count_transaction(m_changes_before + builder.changes());
        }
        if (!builder.in_transaction() && m_options.max_events != 0 &&
            m_changes_before + builder.changes() >= m_options.max_events) {
            m_stop = true;
            break;
        }
        if (count % 64 == 63 && base::steady_ms() >= until) {
            break;
        }
    }
    m_lines_since_checkpoint |= builder.changes() != changes;
}

/// A log that was made anew can have a file of the same name and length, made at another time. It
/// was asked about before the stream began; this is the file that the stream really has.
void MysqlCapture::check_history() {
    const std::uint32_t created = m_session->builder.file_created();
    if (created == 0) {
        return;
    }
    m_history_checked = true;
    const MysqlResume& start = m_session->start;
    if (start.created != 0 && created != start.created &&
        m_session->builder.position().file == start.position.file) {
        throw ServerError{ExitCode::failed,
                          fmt::format("file {} of {} was made anew in this moment",
                                      in_quotes(start.position.file),
                                      m_session->plain.description()),
                          0};
    }
    if (m_session->new_history) {
        emit_checkpoint();
        m_awaits_history = !m_checkpoints.none() && !m_options.peek;
    }
}

bool MysqlCapture::end_reached() const {
    const mysql::ChangeBuilder& builder = m_session->builder;
    return m_until && m_history_checked && !m_awaits_history && !builder.in_transaction() &&
           !builder.has_more() &&
           (!(builder.position() < *m_until) ||
            (m_drained && m_until_gtids && builder.executed(*m_until_gtids)));
}

bool MysqlCapture::stop_wanted() {
    mysql::ChangeBuilder& builder = m_session->builder;
    const bool between = !builder.in_transaction() && !builder.has_more();
    const bool idle =
        m_options.until_idle_ms >= 0 && m_drained && m_now - m_last_data >= m_options.until_idle_ms;
    if (!m_stop && !idle && !end_reached() && !io::stop_signal::requested()) {
        return false;
    }
    if (m_stop_deadline == 0) {
        m_stop_deadline = m_now + m_options.drain_ms / 2;
    }
    if (between) {
        return true;
    }
    if (m_now < m_stop_deadline) {
        return false;
    }
    base::log::warning("stopped inside a transaction, which will be sent again");
    return true;
}

MysqlResume MysqlCapture::here() const {
    MysqlResume out = m_session->start;
    const mysql::ChangeBuilder& builder = m_session->builder;
    mysql::ResumePoint point = builder.resume_point();
    out.position = std::move(point.position);
    out.created = point.file_created != 0                               ? point.file_created
                  : out.position.file == m_session->start.position.file ? m_session->start.created
                                                                        : 0;
    out.gtids = std::move(point.gtids);
    out.emitted = builder.emitted();
    out.emitted_gtids = builder.emitted_gtids();
    out.effects = builder.effects();
    if (builder.transactions() != 0) {
        out.commit_ts_ms = builder.commit_ts_ms();
    }
    return out;
}

void MysqlCapture::emit_due_checkpoint() {
    const mysql::ChangeBuilder& builder = m_session->builder;
    if (builder.in_transaction() || builder.has_more() || !m_writer.ready() || !m_history_checked) {
        return;
    }
    const std::int64_t since = m_now - m_last_checkpoint;
    const bool quiet = m_drained && m_now - m_last_data >= kQuietMs;
    const bool moved = !(builder.position() == m_checkpointed_at);
    const bool due =
        moved && (since >= m_options.checkpoint_interval_ms || (quiet && m_lines_since_checkpoint));
    if (due || since >= m_options.heartbeat_ms) {
        emit_checkpoint();
    }
}

void MysqlCapture::emit_checkpoint() {
    m_resume = here();
    m_checkpointed_at = m_session->builder.position();
    const event::Checkpoint checkpoint = m_resume->checkpoint(m_session->plain.is_mariadb());
    m_writer.buffer() += checkpoint.encode();
    m_writer.buffer() += '\n';
    m_checkpointed = checkpoint.order;
    m_acknowledged.emitted(m_checkpointed, m_now);
    m_last_checkpoint = m_now;
    m_lines_since_checkpoint = false;
}

void MysqlCapture::submit_if_worthwhile() {
    const bool waited =
        m_awaits_history ||
        (m_drained && (!m_session->builder.in_transaction() || m_now - m_last_submit >= kSubmitMs));
    if ((waited || m_writer.full()) && !m_writer.buffer().empty() && m_writer.ready()) {
        m_writer.submit();
        m_last_submit = m_now;
    }
}

void MysqlCapture::show_figures(bool last) {
    if (m_checkpoints.lowest()) {
        m_acknowledged.returned(m_checkpoints.lowest()->order, base::steady_ms());
    }
    if (m_session == nullptr) {
        return;
    }
    mysql::ChangeBuilder& builder = m_session->builder;
    m_figures.changes.set(static_cast<std::int64_t>(m_changes_before + builder.changes()));
    m_figures.stale.set(static_cast<std::int64_t>(m_stale_before + builder.stale_tables()));
    m_figures.bytes.set(static_cast<std::int64_t>(m_writer.written()));
    m_figures.position.set(static_cast<std::int64_t>(builder.position().order_position()));
    const std::int64_t commit = builder.commit_ts_ms();
    m_figures.commit_time.set(commit != 0 ? commit : cli::Metric::kUnknown);
    m_figures.behind.set(m_drained || end_reached() ? 0
                         : commit != 0              ? commit
                                                    : cli::Metric::kUnknown);
    m_figures.count_tables(builder.changes_by_table(), last);
    m_figures.show();
}

bool MysqlCapture::wait_until(std::int64_t deadline, const std::function<bool()>& done) {
    while (true) {
        m_checkpoints.poll();
        if (done()) {
            return true;
        }
        if (base::steady_ms() >= deadline) {
            return false;
        }
        m_writer.check();
        stop_at_second_signal();
        pollfd writer{m_writer.wake_fd(), POLLIN, 0};
        ::poll(&writer, 1, kStepMs);
        m_writer.clear_wake();
    }
}

int MysqlCapture::finish() {
    m_now = base::steady_ms();
    const std::int64_t deadline =
        (m_stop_deadline != 0 ? m_stop_deadline - m_options.drain_ms / 2 : m_now) +
        m_options.drain_ms;
    const bool between = m_session != nullptr && !m_session->builder.in_transaction() &&
                         !m_session->builder.has_more();
    if (between && m_history_checked &&
        (m_lines_since_checkpoint || m_checkpointed == event::Order{} ||
         here().checkpoint(m_session->plain.is_mariadb()).order > m_checkpointed)) {
        emit_checkpoint();
    }
    m_writer.submit();
    if (!wait_until(deadline, [this] { return m_writer.written() == m_writer.submitted(); })) {
        base::log::warning("the output took not all lines within --drain");
        return static_cast<int>(ExitCode::failed);
    }
    ::close(m_output);
    if (m_options.peek || m_checkpoints.none() ||
        wait_until(deadline, [this] { return m_checkpoints.reached(m_checkpointed); })) {
        return static_cast<int>(ExitCode::ok);
    }
    base::log::warning(
        "checkpoint file {} did not reach {} within --drain; what is missing will be "
        "sent again",
        in_quotes(m_checkpoints.lowest_path()), m_resume->position.text());
    return static_cast<int>(ExitCode::failed);
}

} // namespace cdc::capture
