#ifndef CDC_IO_READ_AHEAD_HPP
#define CDC_IO_READ_AHEAD_HPP

#include "base/mutex.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <thread>

namespace cdc::io {

/// Bytes of malloc(), so that a large block grows without being copied.
struct FreeBytes {
    void operator()(char* bytes) const { std::free(bytes); }
};
using Bytes = std::unique_ptr<char[], FreeBytes>;

/// A thread that reads what a descriptor has already, while its owner works on what came before.
/// It never waits for input: who waits is the owner, with its own limits of time.
class ReadAhead {
public:
    struct Got {
        std::size_t size = 0; ///< bytes, from `begin` of the buffer on
        bool end = false;     ///< end of input behind them
        int error = 0;        ///< errno of a read behind them that failed
    };

    explicit ReadAhead(int fd);
    ~ReadAhead();
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    /// Starts to fill `buffer` between these two places. Not while one is being filled.
    void start(Bytes buffer, std::size_t begin, std::size_t end) CDC_EXCLUDES(m_mutex);
    /// Whether a buffer is being filled, or was and was not taken.
    bool started() const noexcept { return m_started; }
    /// The buffer of the last start(), as soon as the thread has left it.
    Got take(Bytes& buffer) CDC_EXCLUDES(m_mutex);

private:
    void run() CDC_EXCLUDES(m_mutex);
    Got fill(char* bytes, std::size_t size) const;

    const int m_fd;
    std::atomic<bool> m_enough{false}; ///< the owner waits for what is there
    bool m_started = false;            ///< of the owner's thread alone
    base::Mutex m_mutex;
    std::condition_variable m_changed;
    Bytes m_buffer CDC_GUARDED_BY(m_mutex);
    std::size_t m_begin CDC_GUARDED_BY(m_mutex) = 0;
    std::size_t m_end CDC_GUARDED_BY(m_mutex) = 0;
    Got m_got CDC_GUARDED_BY(m_mutex);
    bool m_wanted CDC_GUARDED_BY(m_mutex) = false;
    bool m_stop CDC_GUARDED_BY(m_mutex) = false;
    std::thread m_thread;
};

} // namespace cdc::io

#endif
