#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-capture/postgres_changes.hpp"

#include <utility>

/// The part of PostgresChanges for transactions that the server sends while they run: they are
/// kept, and taken once they have committed as if they came then.
namespace cdc::capture {

using base::ExitCode;

namespace {

/// What the server holds of transactions before it sends the largest of them. What it holds at the
/// commit is decoded then.
constexpr char kServerMemory[] = "16MB";
constexpr int kInProgressFrom = 140000;
constexpr char kInternalErrors[] = "XX"; ///< the first two letters of their SQLSTATEs

} // namespace

/// False: the message is one to be taken as it comes.
bool PostgresChanges::take_in_progress(const StreamMessage& message) {
    using Kept = postgres::OpenTransactions::Taken;
    Kept kept = Kept::yes;
    try {
        kept = m_open.take(message.lsn, message.payload);
    } catch (const base::Error& error) {
        if (error.code() != ExitCode::failed) {
            throw;
        }
        send_whole(error.what(), m_open.largest());
    }
    if (kept == Kept::committed) {
        begin_read_out(m_open.committed(message.lsn));
    } else if (kept == Kept::yes && m_open.beyond_limit()) {
        send_whole("the spools of open transactions have reached --spool-limit", m_open.largest());
    } else if (kept == Kept::unclear) {
        send_whole("a subtransaction was rolled back in a transaction with logical messages",
                   m_open.unclear());
    }
    return kept != Kept::no;
}

void PostgresChanges::begin_read_out(postgres::OpenTransactions::Committed transaction) {
    take(transaction.begin, transaction.lsn);
    if (!m_end) {
        m_read_out.emplace(std::move(transaction));
    }
}

void PostgresChanges::read_out_next() {
    if (const auto message = m_read_out->messages.next(m_open.relations())) {
        make_room(message->bytes);
        take(m_decoder.decode(message->bytes), message->lsn);
        return;
    }
    take(m_read_out->end, m_read_out->lsn);
    m_read_out.reset();
    m_open.forget_relations();
}

/// What the server is asked for, see postgres::StreamSettings.
std::string PostgresChanges::in_progress_memory() const {
    return m_options.spool_limit == 0 || !m_whole_until.empty() ? "" : kServerMemory;
}

/// Transaction `xid` cannot be kept here. To wait with it would not help: its commit would not
/// come. The server keeps it, and all others, until their commits.
void PostgresChanges::send_whole(const std::string& why, std::uint32_t xid) {
    base::log::warning("{}; until transaction {} has ended, transactions are sent after their "
                       "commit",
                       why, xid);
    m_whole_until = std::to_string(xid);
    m_begin_again = true;
}

/// Servers fail at some transactions that run, where the catalog changed in them, and decode the
/// same ones after their commit.
PostgresChanges::StreamMessage PostgresChanges::next_message() {
    try {
        return m_session->stream.next();
    } catch (const postgres::ServerError& error) {
        if (error.sqlstate().starts_with(kInternalErrors) && !in_progress_memory().empty() &&
            m_session->plain.server_version() >= kInProgressFrom) {
            const auto next = m_session->plain.query(
                "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint & 4294967295");
            send_whole(fmt::format("the server fails at a transaction that runs: {}", error.what()),
                       next.number<std::uint32_t>(0, 0));
            throw postgres::ServerError{
                error.code(), error.what(), error.sqlstate(),
                "--spool-limit 0 asks for transactions after their commit."};
        }
        throw;
    }
}

/// The stream has passed `look`.
void PostgresChanges::pass_whole(const postgres::Look& look) {
    if (!m_whole_until.empty() && look.moment.could_see(m_whole_until)) {
        base::log::info("transaction {} has ended: transactions are sent while they run again",
                        m_whole_until);
        m_whole_until.clear();
        m_begin_again = true;
    }
}

} // namespace cdc::capture
