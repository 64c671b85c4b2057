#include "io/backoff.hpp"

#include <algorithm>
#include <random>

namespace cdc::io {

std::int64_t Backoff::next_ms() {
    static thread_local std::minstd_rand random{std::random_device{}()};
    const std::int64_t wait = m_wait_ms;
    m_wait_ms = std::min(m_wait_ms * 2, kLastMs);
    return wait - static_cast<std::int64_t>(random() % static_cast<unsigned>(wait / 4 + 1));
}

} // namespace cdc::io
