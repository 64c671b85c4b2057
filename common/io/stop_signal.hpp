#ifndef CDC_IO_STOP_SIGNAL_HPP
#define CDC_IO_STOP_SIGNAL_HPP

/// SIGINT and SIGTERM as a counter and a readable descriptor. SIGPIPE is ignored, so that a closed
/// reader is an error of write(2).
namespace cdc::io::stop_signal {

/// Call once, before threads are started.
void install();

/// How many times the user asked to stop; at 2 a tool gives up waiting.
int count();
inline bool requested() {
    return count() > 0;
}

/// Readable from the first signal on; never read from it.
int wake_fd();

/// As if a signal had come (tests, and stop conditions that use the same path).
void raise();

} // namespace cdc::io::stop_signal

#endif
