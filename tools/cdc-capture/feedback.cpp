#include "base/time.hpp"
#include "cdc-capture/capture.hpp"

#include <algorithm>

/// The part of Capture that says how far the work is: checkpoint lines to the next stage, positions
/// to the server, figures to people.
namespace cdc::capture {

void Capture::emit_due_checkpoint() {
    const auto news = m_stream.news();
    if (!news) {
        return;
    }
    const std::int64_t since = m_clocks.since_checkpoint();
    const bool quiet = m_drained && m_clocks.now() - m_stream.last_data_ms() >= kQuietMs;
    const bool due = (news->moved || news->lines) &&
                     (since >= m_options.checkpoint_interval_ms || (quiet && news->lines));
    if ((due || news->first || since >= m_options.heartbeat_ms) && m_writer.ready()) {
        emit_checkpoint();
    }
}

void Capture::emit_checkpoint() {
    const event::Checkpoint checkpoint = m_stream.checkpoint();
    m_positions.checkpoint(checkpoint.order);
    std::string& out = m_writer.buffer();
    out += checkpoint.encode();
    out += '\n';
    m_ack.emitted(checkpoint.order, m_writer.submitted() + out.size());
    m_acknowledged.emitted(checkpoint.order, m_clocks.now());
    m_checkpointed_place = checkpoint.position;
    m_clocks.count_checkpoint();
}

void Capture::submit() {
    m_writer.submit();
    m_clocks.count_submit();
}

void Capture::submit_if_worthwhile() {
    const bool waited =
        m_state == State::holding ||
        (m_drained && (!m_stream.in_transaction() || m_clocks.since_submit() >= kSubmitMs));
    if ((waited || m_writer.full()) && !m_writer.buffer().empty() && m_writer.ready()) {
        submit();
    }
}

void Capture::confirm() {
    // A file that is gone, or older than it was, takes nothing back.
    const event::Order flushed = m_options.peek ? event::Order{} : m_ack.position();
    m_positions.confirm(std::max(flushed, m_positions.confirmed()));
    m_stream.confirm(m_positions.confirmed(), m_clocks.now());
}

void Capture::poll_acknowledgement() {
    if (!m_clocks.poll_due(kAckPollMs)) {
        return;
    }
    m_ack.poll_files();
    m_ack.written(m_writer.written());
    if (m_ack.lowest()) {
        m_acknowledged.returned(m_ack.lowest()->order, m_clocks.now());
    }
    show_figures();
}

void Capture::show_figures(bool last) {
    if (m_stream.is_open()) {
        const source::ChangeStream::Figures figures = m_stream.figures();
        m_figures.changes.set(static_cast<std::int64_t>(m_stream.changes()));
        m_figures.stale.set(static_cast<std::int64_t>(figures.marks));
        m_figures.read.set(static_cast<std::int64_t>(figures.read_bytes));
        m_figures.spool.set(static_cast<std::int64_t>(figures.spooled_bytes));
        m_figures.position.set(static_cast<std::int64_t>(figures.position));
        m_figures.confirmed.set(static_cast<std::int64_t>(figures.confirmed));
        const std::int64_t commit =
            figures.commit_ts_ms != 0 ? figures.commit_ts_ms : cli::Metric::kUnknown;
        m_figures.commit_time.set(commit);
        m_figures.behind.set(m_drained || m_end ? 0 : commit);
        m_figures.count_tables(m_stream.changes_by_table(), last);
    }
    m_figures.bytes.set(static_cast<std::int64_t>(m_writer.written()));
    m_figures.show();
}

} // namespace cdc::capture
