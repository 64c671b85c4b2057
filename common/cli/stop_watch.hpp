#ifndef CDC_CLI_STOP_WATCH_HPP
#define CDC_CLI_STOP_WATCH_HPP

#include "io/file_descriptor.hpp"

#include <cstdint>
#include <thread>

namespace cdc::cli {

/// Ends the process where a stop takes longer than it may. Every wait of ours looks at signals, but
/// some nobody can interrupt: a statement of an engine inside the process, a broker's thread in the
/// resolver, a stderr that nobody reads. Ending there is as safe as a kill, which costs nothing but
/// work that is done again.
class StopWatch {
public:
    /// The tool may take `drain_ms` and a little after the first signal, and a second after the
    /// second one; then the process ends with `code`. Call behind stop_signal::install().
    StopWatch(std::int64_t drain_ms, int code);
    ~StopWatch();
    StopWatch(const StopWatch&) = delete;
    StopWatch& operator=(const StopWatch&) = delete;

private:
    void run() const;

    std::int64_t m_drain_ms;
    int m_code;
    io::FileDescriptor m_done;
    std::thread m_thread;
};

} // namespace cdc::cli

#endif
