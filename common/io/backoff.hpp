#ifndef CDC_IO_BACKOFF_HPP
#define CDC_IO_BACKOFF_HPP

#include <cstdint>

namespace cdc::io {

/// Waits of 0.1 s, doubled up to 30 s, each shortened by up to a quarter at random.
class Backoff {
public:
    std::int64_t next_ms();
    void reset() { m_wait_ms = kFirstMs; }

private:
    static constexpr std::int64_t kFirstMs = 100;
    static constexpr std::int64_t kLastMs = 30'000;
    std::int64_t m_wait_ms = kFirstMs;
};

} // namespace cdc::io

#endif
