#ifndef CDC_CAPTURE_PROGRESS_HPP
#define CDC_CAPTURE_PROGRESS_HPP

#include "event/order.hpp"

#include <cstdint>

namespace cdc::capture {

/// How far a capture is:
///
///     confirmed <= checkpointed <= emitted <= received
///
/// None of them ever falls. Each setter throws Error (failed) where that would not hold, before
/// anything relies on it: a wrong position must not reach a checkpoint or the server.
class Positions {
public:
    /// The first connection begins behind `checkpoint`, which the files hold.
    void resume(event::Order checkpoint) { m_checkpointed = checkpoint; }
    /// The server named positions up to `received`, and all before `emitted` was put out whole.
    void read(event::Order received, event::Order emitted);
    /// The last checkpoint line.
    void checkpoint(event::Order order);
    /// What the server may forget. Order{}: nothing.
    void confirm(event::Order order);

    event::Order received() const { return m_received; }
    event::Order emitted() const { return m_emitted; }
    event::Order checkpointed() const { return m_checkpointed; }
    event::Order confirmed() const { return m_confirmed; }

private:
    event::Order m_received;
    event::Order m_emitted;
    event::Order m_checkpointed;
    event::Order m_confirmed;
};

/// What a capture does.
enum class State {
    streaming,    ///< lines go out as they come
    holding,      ///< nothing is read before the files hold a checkpoint
    stopping,     ///< a stop is wanted, at the end of the transaction that is read
    reconnecting, ///< the connection was lost, or another one is to take its place
    writing,      ///< nothing more is read: the last lines leave
    awaiting,     ///< the output is closed: the files must hold the last checkpoint
    ended,
};
/// For messages.
const char* name_of(State state);
/// Whether a capture may go from one to the other.
bool may_follow(State from, State to);

/// Points of time on the monotonic clock, in milliseconds. It never runs backwards.
class Clocks {
public:
    std::int64_t now() const { return m_now; }
    /// Throws Error (failed) when `now` is before the last one.
    void set_now(std::int64_t now);

    std::int64_t since_checkpoint() const { return m_now - m_checkpoint; }
    std::int64_t checkpoint() const { return m_checkpoint; }
    void count_checkpoint() { m_checkpoint = m_now; }

    std::int64_t since_submit() const { return m_now - m_submit; }
    void count_submit() { m_submit = m_now; }

    /// Whether the checkpoint files were not looked at since `every_ms`; then they are now.
    bool poll_due(std::int64_t every_ms);
    void poll_at_once() { m_poll = 0; }

    /// A stop is wanted, and may take `drain_ms` in all; a second call changes nothing.
    void stop(std::int64_t drain_ms);
    void go_on() { m_stop_by = 0; }
    /// Half of the time is for the transaction that is read.
    bool transaction_time_is_over() const { return m_now >= m_stop_by - m_drain / 2; }
    std::int64_t stop_by() const { return m_stop_by; }

private:
    std::int64_t m_now = 0;
    std::int64_t m_checkpoint = 0;
    std::int64_t m_submit = 0;
    std::int64_t m_poll = 0;
    std::int64_t m_drain = 0;
    std::int64_t m_stop_by = 0; ///< 0: no stop was asked for
};

} // namespace cdc::capture

#endif
