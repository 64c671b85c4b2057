#ifndef CDC_SNAPSHOT_OUTPUT_HPP
#define CDC_SNAPSHOT_OUTPUT_HPP

#include "io/line_writer.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace cdc::snapshot {

/// Thrown in a thread that was asked to stop; never leaves the tool.
struct Stopped {};

/// stdout, shared by the readers: whole lines in the order of the calls. Safe from several threads.
class Output {
public:
    explicit Output(int fd) : m_writer{fd}, m_fd{fd} {}

    /// Takes whole lines and leaves an empty buffer with memory in `lines`; waits while the reader
    /// of the pipe does. Throws Stopped, or Error (failed) when nobody reads any more.
    void put(std::string& lines);
    /// A few lines that need not leave at once. Never waits.
    void append(std::string_view lines);
    /// Hands on what append() left, if there is room.
    void flush();
    /// Waits up to `timeout_ms` until all is written. False: time ran out.
    bool finish(int timeout_ms);
    /// Throws Error (failed) when nobody reads any more.
    void check();
    /// Bytes that left the process.
    std::uint64_t written() const { return m_writer.written(); }

    /// From now on put() throws Stopped instead of waiting.
    void stop() { m_stop = true; }
    bool stopped() const { return m_stop; }

private:
    std::mutex m_mutex;
    io::LineWriter m_writer;
    int m_fd;
    std::atomic<bool> m_stop{false};
};

} // namespace cdc::snapshot

#endif
