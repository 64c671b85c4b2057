#include "cdc-capture/postgres_changes.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "postgres/preflight.hpp"

#include <algorithm>
#include <utility>

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::format_lsn;
using postgres::Lsn;
using Kind = postgres::ReplicationStream::Message::Kind;

namespace {

constexpr std::int64_t kMaxStatusMs = 10000;
constexpr std::int64_t kQuestionMs = 100; ///< between two questions whether the end is reached
constexpr int kReadOutAtOnce = 4096;
constexpr std::size_t kLargeMessage = std::size_t{1} << 20;

} // namespace

checkpoints::Watch::Check postgres_check(const std::string& slot) {
    return [slot](const std::string& path, const event::Checkpoint& checkpoint) {
        checkpoints::check_kind(path, checkpoint, {"postgres"});
        checkpoints::check_slot(path, checkpoint, slot);
        const auto position = postgres::parse_lsn(checkpoint.position);
        if (!position) {
            fail(ExitCode::bad_data, "checkpoint file {} has a broken position {}", in_quotes(path),
                 in_quotes(checkpoint.position));
        }
        checkpoints::check_order(path, checkpoint,
                                 event::Order::make(checkpoint.order.epoch(), *position, 0));
    };
}

PostgresChanges::PostgresChanges(const Options& options)
    : m_options{options}, m_filter{options.tables, options.exclude}, m_unseen{m_filter},
      m_labels{m_filter, options.edits}, m_edited{options.edits}, m_open{options.spool,
                                                                         options.spool_limit} {}

bool PostgresChanges::open(const std::optional<event::Checkpoint>& resume, const std::string& file,
                           std::string& out, OnWait on_wait) {
    m_out = &out;
    m_on_wait = std::move(on_wait);
    m_begin_again = false;
    const bool first = !m_resume;
    if (first && resume) {
        m_resume = resume_point(*resume, file);
        m_checkpointed = m_resume->position;
    }
    m_session = open_session(m_options, in_progress_memory(), m_resume, m_filter, m_held);
    if (!m_session) {
        if (first) {
            m_resume.reset();
        }
        return false;
    }
    m_held = {};
    if (first) {
        postgres::tell_of_lists(m_session->plain, m_options.publication, m_filter);
    }
    m_standby = postgres::in_recovery(m_session->plain);
    m_timeline_known = false;
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
    m_last_status = 0;
    m_drained = false;
    const std::int64_t timeout = m_session->sender_timeout_ms;
    m_status_interval = timeout == 0 ? kMaxStatusMs : std::min(kMaxStatusMs, timeout / 3);
    m_session->plain.set_on_wait(m_on_wait);
    m_session->builder.watch(m_edited);
    begin_looks();
    if (m_options.until_position) {
        const Lsn until = postgres::parse_lsn(*m_options.until_position).value_or(0);
        m_until = m_until == 0 ? until : std::min(m_until, until);
    }
    base::log::info("streaming from slot {} of database {} at {}", in_quotes(m_options.slot),
                    m_session->plain.description(), format_lsn(m_position));
    return true;
}

void PostgresChanges::leave(int timeout_ms) {
    send_status();
    m_session->stream.finish(timeout_ms);
}

/// What comes next begins where the lines end.
void PostgresChanges::close() {
    m_changes_before += m_session->builder.changes();
    m_marks_before += m_session->builder.marks();
    m_resume->position = m_position;
    m_resume->epoch = m_session->system.timelines.at(m_position);
    m_resume->where = "this stream";
    m_resume->commit_ts_ms = m_commit_ts_ms;
    m_session.reset();
    m_open.clear();
    m_read_out.reset();
}

void PostgresChanges::emit_heartbeat() {
    const std::int64_t every = m_options.emit_heartbeat_ms;
    if (every == 0 || m_now - std::max(m_last_heartbeat, m_last_data) < every) {
        return;
    }
    m_last_heartbeat = m_now;
    // Of a transaction: a message alone stays in the server's memory until something else is
    // flushed.
    m_session->plain.query("SELECT pg_logical_emit_message(true, 'cdc-heartbeat', '')");
}

void PostgresChanges::receive(bool more) {
    m_session->builder.set_time(base::now_ms());
    if (!more) {
        m_session->stream.receive();
        m_timeline_known = false;
        m_drained = false;
    }
}

source::ChangeStream::Taken PostgresChanges::take(std::size_t limit, std::int64_t now) {
    m_now = now;
    for (int read_out = 0; !begin_again_due();) {
        if (m_out->size() >= limit) {
            return Taken::full;
        }
        if (m_read_out) {
            if (++read_out > kReadOutAtOnce) {
                return Taken::part; // feedback is due now and then
            }
            read_out_next();
        } else {
            const StreamMessage message = next_message();
            if (message.kind == Kind::none) {
                return Taken::all;
            }
            handle(message);
        }
        if (m_end) {
            return Taken::end;
        }
        if (std::exchange(m_committed, false)) {
            return Taken::transaction;
        }
    }
    return Taken::part;
}

void PostgresChanges::work(std::int64_t now, bool drained) {
    m_now = now;
    m_drained = drained;
    take_look();
    emit_heartbeat();
}

void PostgresChanges::handle(const StreamMessage& message) {
    if (m_standby && !m_timeline_known) {
        learn_timeline();
    }
    m_received = std::max(m_received, message.lsn);
    if (message.kind == Kind::data) {
        handle_data(message);
        return;
    }
    // While the server looks for its place it also names positions that we have passed long ago.
    if (!in_transaction()) {
        m_position = std::max(m_position, message.lsn);
    }
    if (message.reply_wanted) {
        send_status();
    }
}

void PostgresChanges::handle_data(const StreamMessage& message) {
    m_read_bytes += message.payload.size();
    if (!take_in_progress(message)) {
        make_room(message.payload);
        take(m_decoder.decode(message.payload), message.lsn);
    }
}

/// A large value's line grows in one step: in several it would stand in memory twice.
void PostgresChanges::make_room(std::string_view message) {
    if (message.size() < kLargeMessage) {
        return;
    }
    const auto escapes = std::count_if(message.begin(), message.end(), [](char c) {
        return c == '"' || c == '\\' || c == '\n' || c == '\t' || c == '\r';
    });
    m_out->reserve(m_out->size() + message.size() + static_cast<std::size_t>(escapes) +
                   message.size() / 16);
}

/// A message that stands beside transactions is written where it is read, which may be ahead of the
/// place where a new connection begins: there it comes again.
bool PostgresChanges::is_repeated(const postgres::pgoutput::Message& decoded, Lsn lsn) {
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

void PostgresChanges::take(const postgres::pgoutput::Message& decoded, Lsn lsn) {
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
            m_end = true;
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
    m_session->builder.apply(decoded, lsn, *m_out);
    m_lines_in_transaction |= m_session->builder.changes() != changes;
    if (decoded.type == Type::message && !decoded.transactional) {
        m_lines_since_checkpoint |= m_lines_in_transaction;
        m_lines_in_transaction = false;
    } else if (decoded.type == Type::commit) {
        end_transaction(decoded);
    }
}

void PostgresChanges::end_transaction(const postgres::pgoutput::Message& commit) {
    m_position = std::max(m_position, commit.end_lsn);
    m_received = std::max(m_received, m_position);
    m_commit_ts_ms = m_session->builder.commit_ts_ms();
    m_lines_since_checkpoint |= m_lines_in_transaction;
    m_lines_in_transaction = false;
    m_committed = true;
    pass_looks(m_position);
}

/// A transaction whose commit record begins exactly at the wanted position belongs to it; the
/// server tells whether there is one.
bool PostgresChanges::at_end(std::int64_t now, bool drained) {
    const bool look_needed = m_options.exit_at_end && !first_look_passed();
    if (m_until == 0 || !drained || in_transaction() || look_needed) {
        return false;
    }
    if (m_position > m_until) {
        return true;
    }
    if (now - m_last_question < kQuestionMs) {
        return false;
    }
    m_last_question = now;
    if (m_position == m_until && postgres::end_of_log(m_session->plain) <= m_until) {
        return true;
    }
    m_now = now;
    send_status(true);
    return false;
}

std::optional<source::ChangeStream::News> PostgresChanges::news() const {
    if (in_transaction()) {
        return std::nullopt;
    }
    return News{m_position > m_checkpointed, m_lines_since_checkpoint};
}

event::Checkpoint PostgresChanges::checkpoint() {
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
    m_checkpointed = m_position;
    m_lines_since_checkpoint = false;
    return checkpoint;
}

void PostgresChanges::confirm(event::Order flushed, std::int64_t now) {
    m_flushed = flushed.position();
    m_now = now;
    send_status_if_due();
}

void PostgresChanges::send_status(bool want_reply) {
    m_session->stream.send_status(std::max(m_received, m_flushed), m_flushed, want_reply);
    m_confirmed = m_flushed;
    m_last_status = m_now;
}

void PostgresChanges::send_status_if_due() {
    if (m_now - m_last_status >= m_status_interval || m_flushed > m_confirmed) {
        send_status();
    }
}

std::uint64_t PostgresChanges::changes() const {
    return m_changes_before + (m_session == nullptr ? 0 : m_session->builder.changes());
}

source::ChangeStream::Figures PostgresChanges::figures() const {
    Figures out;
    out.marks = m_marks_before + m_facts.marks + m_session->builder.marks();
    out.read_bytes = m_read_bytes;
    out.spooled_bytes = m_open.bytes();
    out.position = m_position;
    out.confirmed = m_confirmed;
    out.commit_ts_ms = m_commit_ts_ms;
    return out;
}

std::string PostgresChanges::way_past() const {
    return "If the server cannot decode its log there, only a new slot leads past it: cdc-capture "
           "--drop, then cdc-snapshot --create, which finds what the target lacks.";
}

} // namespace cdc::capture
