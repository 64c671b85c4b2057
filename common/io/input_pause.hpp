#ifndef CDC_IO_INPUT_PAUSE_HPP
#define CDC_IO_INPUT_PAUSE_HPP

#include <chrono>

namespace cdc::io {

/// Waiting for a server that sends little at a time, and often: PostgreSQL each change of a stream
/// by itself, 8 KiB of a COPY. Who waits for each piece is woken for each, which costs both sides
/// more than the piece. While pieces come in quick succession, a waiter sleeps for a moment and
/// finds several; one that comes after a silence is waited for as ever.
class InputPause {
public:
    /// As io::wait_readable().
    bool wait_readable(int fd, int timeout_ms);

    /// The same around a wait of the caller's own, which comes where nothing is there yet.
    void before_wait();
    void after_wait(bool came) { after_wait(came, Clock::now() - m_since); }
    void after_wait(bool came, std::chrono::steady_clock::duration took);
    /// Whether the next before_wait() sleeps.
    bool sleeps() const noexcept;

private:
    using Clock = std::chrono::steady_clock;

    int m_quick = 0; ///< waits in succession that were short
    Clock::time_point m_since;
};

} // namespace cdc::io

#endif
