#include "io/input_pause.hpp"

#include "io/file_descriptor.hpp"

#include <algorithm>

#include <unistd.h>

namespace cdc::io {

namespace {

constexpr auto kShort = std::chrono::milliseconds{1};
constexpr int kSuccession = 8;
constexpr unsigned kPauseUs = 200;

} // namespace

bool InputPause::sleeps() const noexcept {
    return m_quick >= kSuccession;
}

void InputPause::before_wait() {
    if (sleeps()) {
        ::usleep(kPauseUs);
    }
    m_since = Clock::now();
}

void InputPause::after_wait(bool came, Clock::duration took) {
    const bool was_short = came && took < kShort;
    m_quick = was_short ? std::min(m_quick + 1, kSuccession) : 0;
}

bool InputPause::wait_readable(int fd, int timeout_ms) {
    if (io::wait_readable(fd, 0)) {
        return true;
    }
    before_wait();
    const bool came = io::wait_readable(fd, timeout_ms);
    after_wait(came);
    return came;
}

} // namespace cdc::io
