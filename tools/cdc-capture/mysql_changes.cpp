#include "cdc-capture/mysql_changes.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

#include <utility>

namespace cdc::capture {

using base::ExitCode;
using base::in_quotes;
using mysql::ServerError;

namespace {

constexpr std::int64_t kTakeMs = 20;
constexpr unsigned kClockEvery = 64;        ///< events
constexpr std::int64_t kTellEveryMs = 1000; ///< in a busy stream

} // namespace

MysqlChanges::MysqlChanges(const Options& options)
    : m_options{options}, m_filter{options.tables, options.exclude} {}

bool MysqlChanges::open(const std::optional<event::Checkpoint>& resume, const std::string& file,
                        std::string& out, OnWait /*on_wait*/) {
    m_out = &out;
    if (!m_resume && resume) {
        m_resume = MysqlResume::from(*resume, file);
        m_checkpointed = resume->order;
    }
    m_session = open_mysql_session(m_options, m_resume, m_filter);
    m_first = m_first || !m_resume;
    m_new_history = m_new_history || m_session->new_history;
    m_resume = m_session->start;
    m_history_checked = false;
    m_transactions = 0;
    m_changes_at_commit = 0;
    m_last_data = base::steady_ms();
    learn_until();
    base::log::info("streaming from {} at {}", m_session->plain.description(),
                    m_resume->position.text());
    return true;
}

void MysqlChanges::learn_until() {
    if (m_options.until_position) {
        m_until = mysql::Position::parse(*m_options.until_position);
    }
    if (m_options.exit_at_end && !m_until) {
        m_until = m_session->end.position;
        if (m_session->start.gtids) {
            m_until_gtids = m_session->end.gtids;
        }
    }
}

/// What comes next begins where the lines end.
void MysqlChanges::close() {
    m_resume = here();
    m_resume->where = "this stream";
    m_changes_before += m_session->builder.changes();
    m_marks_before += m_session->builder.stale_tables();
    m_session.reset();
}

void MysqlChanges::receive(bool more) {
    if (!more) {
        m_session->stream.clear_wake();
    }
    m_session->builder.set_time(base::now_ms());
    m_take_until = base::steady_ms() + kTakeMs;
    m_taken = 0;
}

source::ChangeStream::Taken MysqlChanges::take(std::size_t limit, std::int64_t now) {
    mysql::ChangeBuilder& builder = m_session->builder;
    while (true) {
        if (m_out->size() >= limit) {
            return Taken::full;
        }
        if (++m_taken % kClockEvery == 0 && base::steady_ms() >= m_take_until) {
            return Taken::part;
        }
        if (builder.has_more()) {
            builder.apply_more(*m_out);
        } else {
            if (past_until()) {
                return Taken::end;
            }
            const auto event = m_session->stream.next();
            if (!event) {
                return Taken::all;
            }
            m_last_data = now;
            m_read_bytes += event->size();
            builder.apply(*event, *m_out);
            if (!m_history_checked) {
                check_history();
                if (m_history_checked && std::exchange(m_new_history, false)) {
                    return Taken::barrier;
                }
            }
        }
        if (builder.transactions() != m_transactions && !in_transaction()) {
            end_transaction();
            return Taken::transaction;
        }
    }
}

void MysqlChanges::work(std::int64_t now, bool drained) {
    if (!m_session->builder.has_to_tell() || !m_history_checked || m_new_history ||
        in_transaction()) {
        return;
    }
    const bool may_ask = drained || past_until() || now - m_told >= kTellEveryMs;
    m_told = may_ask ? now : m_told;
    const std::size_t before = m_out->size();
    m_session->builder.tell_columns(may_ask, *m_out);
    m_lines_since_checkpoint |= m_out->size() != before;
}

/// The first events describe the file, and the history; they stand before every end.
bool MysqlChanges::past_until() const {
    return m_until && m_history_checked && !in_transaction() &&
           !(m_session->builder.position() < *m_until);
}

void MysqlChanges::end_transaction() {
    const mysql::ChangeBuilder& builder = m_session->builder;
    m_transactions = builder.transactions();
    m_lines_since_checkpoint |= builder.changes() != m_changes_at_commit;
    m_changes_at_commit = builder.changes();
}

/// A log that was made anew can have a file of the same name and length, made at another time. It
/// was asked about before the stream began; this is the file that the stream really has.
void MysqlChanges::check_history() {
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
}

bool MysqlChanges::in_transaction() const {
    return m_session->builder.in_transaction() || m_session->builder.has_more();
}

event::Order MysqlChanges::emitted() const {
    return event::Order::make(m_session->start.epoch, m_session->builder.emitted(), 0);
}

std::string MysqlChanges::place() const {
    return is_open() ? m_session->builder.resume_point().position.text()
                     : m_resume->position.text();
}

std::optional<source::ChangeStream::News> MysqlChanges::news() const {
    if (!m_history_checked || in_transaction()) {
        return std::nullopt;
    }
    return News{m_lines_since_checkpoint || emitted() > m_checkpointed, m_lines_since_checkpoint,
                m_first};
}

MysqlResume MysqlChanges::here() const {
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

event::Checkpoint MysqlChanges::checkpoint() {
    event::Checkpoint out = here().checkpoint(m_session->plain.is_mariadb());
    m_checkpointed = out.order;
    m_lines_since_checkpoint = false;
    m_first = false;
    return out;
}

bool MysqlChanges::at_end(std::int64_t /*now*/, bool drained) {
    return past_until() || (m_until_gtids && drained && m_history_checked && !in_transaction() &&
                            m_session->builder.executed(*m_until_gtids));
}

std::uint64_t MysqlChanges::changes() const {
    return m_changes_before + (m_session == nullptr ? 0 : m_session->builder.changes());
}

source::ChangeStream::Figures MysqlChanges::figures() const {
    const mysql::ChangeBuilder& builder = m_session->builder;
    Figures out;
    out.marks = m_marks_before + builder.stale_tables();
    out.read_bytes = m_read_bytes;
    out.position = builder.position().order_position();
    out.commit_ts_ms = builder.commit_ts_ms();
    return out;
}

/// A password that was changed may yet come to its file.
bool MysqlChanges::may_come_back(const source::ServerError& error) const {
    const auto* of_mysql = dynamic_cast<const ServerError*>(&error);
    return error.code() == ExitCode::failed ||
           (of_mysql != nullptr && of_mysql->number() == mysql::kAccessDenied);
}

} // namespace cdc::capture
