#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-capture/capture.hpp"
#include "io/stop_signal.hpp"

#include <utility>

/// The part of Capture for transactions that the server sends while they run: they are kept, and
/// taken once they have committed as if they came then.
namespace cdc::capture {

using base::ExitCode;
using postgres::ServerError;

namespace {

/// What the server holds of transactions before it sends the largest of them. What it holds at the
/// commit is decoded then.
constexpr char kServerMemory[] = "16MB";
constexpr int kLeaveMs = 1000;

} // namespace

/// False: the message is one to be taken as it comes.
bool Capture::take_in_progress(const StreamMessage& message) {
    using Taken = postgres::OpenTransactions::Taken;
    Taken taken = Taken::yes;
    try {
        taken = m_open.take(message.lsn, message.payload);
    } catch (const base::Error& error) {
        if (error.code() != ExitCode::failed) {
            throw;
        }
        send_whole(error.what(), m_open.largest());
    }
    if (taken == Taken::committed) {
        begin_read_out(m_open.committed(message.lsn));
    } else if (taken == Taken::yes && m_open.beyond_limit()) {
        send_whole("the spools of open transactions have reached --spool-limit", m_open.largest());
    } else if (taken == Taken::unclear) {
        send_whole("a subtransaction was rolled back in a transaction with logical messages",
                   m_open.unclear());
    }
    return taken != Taken::no;
}

void Capture::begin_read_out(postgres::OpenTransactions::Committed transaction) {
    take(transaction.begin, transaction.lsn);
    if (!m_stop) {
        m_read_out.emplace(std::move(transaction));
    }
}

void Capture::read_out_next() {
    if (const auto message = m_read_out->messages.next(m_open.relations())) {
        make_room(message->bytes.size());
        take(m_decoder.decode(message->bytes), message->lsn);
        return;
    }
    take(m_read_out->end, m_read_out->lsn);
    m_read_out.reset();
    m_open.forget_relations();
}

/// What the server is asked for, see postgres::StreamSettings.
std::string Capture::in_progress_memory() const {
    return m_options.spool_limit == 0 || !m_whole_until.empty() ? "" : kServerMemory;
}

/// Transaction `xid` cannot be kept here. To wait with it would not help: its commit would not
/// come. The server keeps it, and all others, until their commits.
void Capture::send_whole(const std::string& why, std::uint32_t xid) {
    base::log::warning("{}; until transaction {} has ended, transactions are sent after their "
                       "commit",
                       why, xid);
    m_whole_until = std::to_string(xid);
    m_begin_again = true;
}

/// The stream has passed `look`.
void Capture::pass_whole(const postgres::Look& look) {
    if (!m_whole_until.empty() && look.moment.could_see(m_whole_until)) {
        base::log::info("transaction {} has ended: transactions are sent while they run again",
                        m_whole_until);
        m_whole_until.clear();
        m_begin_again = true;
    }
}

/// With another way of sending, in place of a connection that is well. False when a stop was asked
/// for meanwhile.
bool Capture::begin_again() {
    m_begin_again = false;
    try {
        m_session->stream.finish(kLeaveMs);
        leave_session();
        connect();
        return true;
    } catch (const io::Stopped&) {
        return false;
    } catch (const ServerError& error) {
        if (error.code() != ExitCode::failed || m_options.retry_ms == 0) {
            throw;
        }
        return reconnect(error);
    }
}

} // namespace cdc::capture
