#include "io/stop_signal.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::io::stop_signal {

namespace {

std::atomic<int> g_count{0};
int g_pipe[2] = {-1, -1};

void handle(int /*signal*/) {
    const int saved = errno;
    g_count.fetch_add(1);
    [[maybe_unused]] const auto n = ::write(g_pipe[1], "", 1);
    errno = saved;
}

} // namespace

void install() {
    if (g_pipe[0] < 0 && ::pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return;
    }
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

int wake_fd() {
    return g_pipe[0];
}

void raise() {
    handle(SIGTERM);
}

} // namespace cdc::io::stop_signal
