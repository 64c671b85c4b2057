#include "io/stop_signal.hpp"

#include "base/time.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace cdc::io {

namespace stop_signal {

namespace {

std::atomic<int> g_count{0};
std::atomic<std::int64_t> g_first_ms{0}; ///< steady clock
std::atomic<std::int64_t> g_drain_ms{0};
int g_first[2] = {-1, -1};
int g_second[2] = {-1, -1};

/// base::steady_ms() in what a signal handler may call.
std::int64_t clock_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

void handle(int /*signal*/) {
    const int saved = errno;
    std::int64_t none = 0;
    g_first_ms.compare_exchange_strong(none, clock_ms());
    const int before = g_count.fetch_add(1);
    if (before <= 1) {
        [[maybe_unused]] const auto n = ::write(before == 0 ? g_first[1] : g_second[1], "", 1);
    }
    errno = saved;
}

} // namespace

void install() {
    for (int* ends : {g_first, g_second}) {
        if (ends[0] < 0 && ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
            return;
        }
        char scratch[8];
        while (::read(ends[0], scratch, sizeof(scratch)) > 0) {
        }
    }
    g_count = 0;
    g_first_ms = 0;
    g_drain_ms = 0;
    struct sigaction action {};
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, nullptr);
}

int count() {
    return g_count.load();
}

void set_drain_ms(std::int64_t ms) {
    g_drain_ms = ms;
}

std::int64_t patience_ms() {
    const int signals = count();
    if (signals == 0) {
        return -1;
    }
    return signals > 1
               ? 0
               : std::max<std::int64_t>(g_first_ms.load() + g_drain_ms.load() - clock_ms(), 0);
}

bool give_up() {
    return patience_ms() == 0;
}

int wake_fd() {
    return g_first[0];
}

int second_wake_fd() {
    return g_second[0];
}

int next_wake_fd() {
    return requested() ? g_second[0] : g_first[0];
}

void raise() {
    handle(SIGTERM);
}

} // namespace stop_signal

Waited wait_for(int fd, short events, std::int64_t timeout_ms) {
    constexpr std::int64_t kLongest = 3'600'000;
    const std::int64_t deadline = timeout_ms < 0 ? -1 : base::steady_ms() + timeout_ms;
    while (true) {
        const int wake_fd = stop_signal::next_wake_fd(); // before: no signal may pass between
        const std::int64_t patience = stop_signal::patience_ms();
        if (patience == 0) {
            return Waited::stopped;
        }
        std::int64_t wait = patience < 0 ? kLongest : std::min(patience, kLongest);
        if (deadline >= 0) {
            wait = std::clamp<std::int64_t>(deadline - base::steady_ms(), 0, wait);
        }
        pollfd fds[] = {{fd, events, 0}, {wake_fd, POLLIN, 0}};
        const int ready = ::poll(fds, 2, static_cast<int>(wait));
        if (ready > 0 && fds[0].revents != 0) {
            return Waited::ready;
        }
        if (ready <= 0 && deadline >= 0 && base::steady_ms() >= deadline) {
            return stop_signal::give_up() ? Waited::stopped : Waited::time_over;
        }
    }
}

bool sleep_ms(std::int64_t ms) {
    return wait_for(-1, 0, ms) != Waited::stopped;
}

} // namespace cdc::io
