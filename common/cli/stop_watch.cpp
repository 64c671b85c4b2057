#include "cli/stop_watch.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cdc::cli {

namespace {

constexpr std::int64_t kGraceMs = 3000;       ///< beside --drain, for what follows it
constexpr std::int64_t kAfterSecondMs = 1000; ///< for a tool that leaves by itself, with its words

/// False: `done` became readable.
bool wait(int done, int signal, std::int64_t timeout_ms) {
    constexpr std::int64_t kMost = std::numeric_limits<int>::max();
    pollfd fds[] = {{done, POLLIN, 0}, {signal, POLLIN, 0}};
    const std::int64_t deadline = timeout_ms < 0 ? -1 : base::steady_ms() + timeout_ms;
    while (true) {
        const std::int64_t left =
            deadline < 0 ? -1 : std::clamp<std::int64_t>(deadline - base::steady_ms(), 0, kMost);
        const int ready = ::poll(fds, 2, static_cast<int>(left));
        if (ready > 0) {
            return fds[0].revents == 0;
        }
        if (left == 0) {
            return true;
        }
    }
}

} // namespace

StopWatch::StopWatch(std::int64_t drain_ms, int code)
    : m_drain_ms{drain_ms}, m_code{code}, m_done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (!m_done) {
        base::fail(base::ExitCode::failed, "cannot watch for signals: {}", std::strerror(errno));
    }
    m_thread = base::start_thread([this] { run(); });
}

StopWatch::~StopWatch() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(m_done.get(), &one, sizeof(one));
    m_thread.join();
}

void StopWatch::run() const {
    if (!wait(m_done.get(), io::stop_signal::wake_fd(), -1) ||
        !wait(m_done.get(), io::stop_signal::second_wake_fd(), m_drain_ms + kGraceMs)) {
        return;
    }
    const bool second = io::stop_signal::count() > 1;
    if (second && !wait(m_done.get(), -1, kAfterSecondMs)) {
        return;
    }
    base::log::write_last_error(second ? "stopped at once by a second signal; what was not "
                                         "acknowledged comes again"
                                       : "stopped: what was waited for did not end in time; what "
                                         "was not acknowledged comes again");
    ::_exit(m_code);
}

} // namespace cdc::cli
