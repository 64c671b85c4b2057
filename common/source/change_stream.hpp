#ifndef CDC_SOURCE_CHANGE_STREAM_HPP
#define CDC_SOURCE_CHANGE_STREAM_HPP

#include "event/change_counts.hpp"
#include "event/checkpoint.hpp"
#include "event/order.hpp"
#include "source/server_error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace cdc::source {

/// The log of a database as lines of cdc-event(5), over one connection after the other. One thread
/// calls it. Times are those of the monotonic clock, in milliseconds. Virtual calls are per read or
/// transaction, never per row.
class ChangeStream {
public:
    virtual ~ChangeStream() = default;

    /// Called while open() or take() wait for the server; it may throw.
    using OnWait = std::function<void()>;

    /// Connects. The first connection begins behind `resume`, the checkpoint of `file`; without one
    /// where the source says; each later one behind emitted(). Until close(), lines are appended to
    /// `out`. False: another session was at work, and the checkpoint files may have gone on since
    /// they were read; it is to be called again, with what they hold now. Throws ServerError,
    /// io::Stopped, Error.
    virtual bool open(const std::optional<event::Checkpoint>& resume, const std::string& file,
                      std::string& out, OnWait on_wait) = 0;
    virtual bool is_open() const = 0;
    /// Tells the server what is confirmed and ends the connection in good order, within
    /// `timeout_ms`. Throws ServerError.
    virtual void leave(int timeout_ms) = 0;
    virtual void close() = 0;

    // All below: while it is open.

    /// Readable when there may be something to receive().
    virtual int wake_fd() const = 0;
    /// Before take(). `more`: the last take() did not take all that has come; else what has come
    /// since is received, without waiting. Throws ServerError.
    virtual void receive(bool more) = 0;

    enum class Taken {
        all,         ///< nothing more has come
        transaction, ///< the end of a transaction was put out
        full,        ///< `limit` bytes are there
        part,        ///< there is more, and other work is due
        barrier,     ///< a checkpoint must go out here, whenever the last one did, and nothing is
                     ///< taken before every checkpoint file holds it
        end,         ///< the log has passed the end that was asked for: nothing more is taken
    };
    /// Takes what has come, until one of the above. Throws ServerError, Error.
    virtual Taken take(std::size_t limit, std::int64_t now) = 0;
    /// Once a turn: what is due beside the log. `drained`: all that the server sent was taken.
    virtual void work(std::int64_t now, bool drained) = 0;
    /// Whether another connection must take the place of this one, which is well.
    virtual bool wants_reopening() const = 0;

    virtual bool in_transaction() const = 0;
    /// The highest position that the server named.
    virtual event::Order received() const = 0;
    /// Everything before it was put out whole.
    virtual event::Order emitted() const = 0;
    /// The same in the source's own words, for messages.
    virtual std::string place() const = 0;

    /// Since the last checkpoint().
    struct News {
        bool moved = false; ///< emitted() has risen
        bool lines = false; ///< lines were put out, which end before emitted()
        bool first = false; ///< there was none, nor one to resume from: one is due at once
    };
    /// Nothing: no checkpoint() can be made now, within a transaction or before the log has said
    /// what it is.
    virtual std::optional<News> news() const = 0;
    /// Of emitted(). Only where there are news().
    virtual event::Checkpoint checkpoint() = 0;
    /// Everything before `flushed` is durable: the server may forget it, and is told when that is
    /// due. Throws ServerError.
    virtual void confirm(event::Order flushed, std::int64_t now) = 0;
    /// When the server must hear of us at the latest.
    virtual std::int64_t confirm_due_ms() const = 0;

    /// Whether the end that was asked for is reached. May ask the server.
    virtual bool at_end(std::int64_t now, bool drained) = 0;
    /// Whether a stream that is idle may end: nothing is awaited beside the log.
    virtual bool settled() const = 0;
    /// When a message of the log came last, or the connection was made.
    virtual std::int64_t last_data_ms() const = 0;

    /// Change lines, over all connections; also when it is closed.
    virtual std::uint64_t changes() const = 0;
    struct Figures {
        std::uint64_t marks = 0; ///< mark lines, over all connections
        std::uint64_t read_bytes = 0;
        std::uint64_t spooled_bytes = 0;
        std::uint64_t position = 0;    ///< of emitted(), as the source counts
        std::uint64_t confirmed = 0;   ///< told to the server, likewise
        std::int64_t commit_ts_ms = 0; ///< of the last transaction; 0: there was none
    };
    virtual Figures figures() const = 0;
    virtual event::ChangeCounts& changes_by_table() = 0;

    /// Whether another try may succeed where one ended so.
    virtual bool may_come_back(const ServerError& error) const = 0;
    /// A way out where the stream fails at the same place each time; "": none is known.
    virtual std::string way_past() const = 0;
};

} // namespace cdc::source

#endif
