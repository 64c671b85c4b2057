#include "base/time.hpp"
#include "cdc-capture/capture.hpp"
#include "event/order.hpp"

#include <algorithm>

/// The part of Capture that says how far the work is: checkpoint lines to the next stage, positions
/// to the server, figures to people.
namespace cdc::capture {

using postgres::format_lsn;
using postgres::Lsn;

void Capture::emit_due_checkpoint() {
    const std::int64_t since = m_now - m_last_checkpoint;
    const bool quiet = m_drained && m_now - m_last_data >= kQuietMs;
    const bool news = m_position > m_checkpointed || m_lines_since_checkpoint;
    const bool due =
        news && (since >= m_options.checkpoint_interval_ms || (quiet && m_lines_since_checkpoint));
    if ((due || since >= m_options.heartbeat_ms) && m_writer.ready()) {
        emit_checkpoint();
    }
}

void Capture::emit_checkpoint() {
    const ResumePoint& start = m_session->start;
    event::Checkpoint checkpoint;
    checkpoint.kind = "postgres";
    checkpoint.server = m_session->system.identifier;
    checkpoint.database = m_session->plain.database();
    checkpoint.slot = m_options.slot;
    checkpoint.position = format_lsn(m_position);
    checkpoint.order =
        event::Order::make(m_session->system.timelines.at(m_position), m_position, 0);
    checkpoint.commit_ts_ms = m_commit_ts_ms;
    checkpoint.snapshot = start.snapshot;
    checkpoint.extra = start.extra;
    add_facts_members(checkpoint.extra);
    checkpoint.ts_ms = base::now_ms();
    std::string& out = m_writer.buffer();
    out += checkpoint.encode();
    out += '\n';
    m_ack.emitted(m_position, m_writer.submitted() + out.size());
    m_acknowledged.emitted(checkpoint.order, m_now);
    m_checkpointed = m_position;
    m_last_checkpoint = m_now;
    m_lines_since_checkpoint = false;
}

void Capture::submit_if_worthwhile() {
    const bool waited =
        m_drained && (!m_session->builder.in_transaction() || m_now - m_last_submit >= kSubmitMs);
    if ((waited || m_writer.full()) && !m_writer.buffer().empty() && m_writer.ready()) {
        m_writer.submit();
        m_last_submit = m_now;
    }
}

void Capture::poll_acknowledgement() {
    if (m_now - m_last_poll < kAckPollMs) {
        return;
    }
    m_last_poll = m_now;
    m_ack.poll_files();
    m_ack.written(m_writer.written());
    if (m_ack.lowest()) {
        m_acknowledged.returned(m_ack.lowest()->order, m_now);
    }
    show_figures();
}

void Capture::show_figures(bool last) {
    if (m_session != nullptr) {
        m_figures.changes.set(
            static_cast<std::int64_t>(m_changes_before + m_session->builder.changes()));
        m_figures.stale.set(
            static_cast<std::int64_t>(m_marks_before + m_facts.marks + m_session->builder.marks()));
        m_figures.count_tables(m_session->builder.changes_by_table(), last);
    }
    m_figures.bytes.set(static_cast<std::int64_t>(m_writer.written()));
    m_figures.spool.set(static_cast<std::int64_t>(m_open.bytes()));
    m_figures.position.set(static_cast<std::int64_t>(m_position));
    m_figures.confirmed.set(static_cast<std::int64_t>(m_confirmed));
    m_figures.commit_time.set(m_commit_ts_ms != 0 ? m_commit_ts_ms : cli::Metric::kUnknown);
    m_figures.behind.set(m_drained             ? 0
                         : m_commit_ts_ms != 0 ? m_commit_ts_ms
                                               : cli::Metric::kUnknown);
    m_figures.show();
}

void Capture::send_status(bool want_reply) {
    const Lsn flushed = m_options.peek ? 0 : m_ack.position();
    m_session->stream.send_status(std::max(m_received, flushed), flushed, want_reply);
    m_confirmed = flushed;
    m_last_status = m_now;
}

void Capture::send_status_if_due() {
    if (m_now - m_last_status >= m_status_interval ||
        (!m_options.peek && m_ack.position() > m_confirmed)) {
        send_status();
    }
}

} // namespace cdc::capture
