#ifndef CDC_IO_STOP_SIGNAL_HPP
#define CDC_IO_STOP_SIGNAL_HPP

#include "base/error.hpp"

#include <cstdint>
#include <string>

namespace cdc::io {

/// A wait that a signal ended. A tool that has nothing left to make durable takes it for a clean
/// stop; for the others it is a failure that is worth a retry.
class Stopped : public base::Error {
public:
    /// `doing` completes "stopped while …".
    explicit Stopped(const std::string& doing)
        : Error{base::ExitCode::failed, "stopped while " + doing} {}
};

/// SIGINT and SIGTERM as a counter and readable descriptors. SIGPIPE is ignored, so that a closed
/// reader is an error of write(2).
namespace stop_signal {

/// Call once, before threads are started. Begins anew: no signal has come.
void install();

/// How many times the user asked to stop; at 2 a tool gives up waiting.
int count();
inline bool requested() {
    return count() > 0;
}

/// How long the tool goes on after the first signal, to make durable what it has read. 0, from the
/// start: the first signal ends every wait.
void set_drain_ms(std::int64_t ms);

/// Whether to give up what is waited for: the drain is over, or a second signal came.
bool give_up();

/// Milliseconds until give_up() without another signal; -1: for ever.
std::int64_t patience_ms();

/// Readable from the first signal on, and from the second; never read from them.
int wake_fd();
int second_wake_fd();
/// Of the next signal that would count: to poll beside what is waited for.
int next_wake_fd();

/// As if a signal had come (tests, and stop conditions that use the same path).
void raise();

} // namespace stop_signal

enum class Waited {
    ready,     ///< the descriptor has an event, errors included
    time_over, ///< nothing happened
    stopped,   ///< stop_signal::give_up()
};

/// The wait of everything that is not a state machine of its own: until `fd` has `events` (POLLIN,
/// POLLOUT; fd -1: none), `timeout_ms` (-1: for ever) is over, or stop_signal::give_up().
Waited wait_for(int fd, short events, std::int64_t timeout_ms);

/// False: stop_signal::give_up().
bool sleep_ms(std::int64_t ms);

} // namespace cdc::io

#endif
