#include "io/standard_streams.hpp"

#include "io/stop_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace cdc::io {

namespace {

void require(int fd, int wrong_mode, const char* name, const char* verb, const char* hint) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == wrong_mode) {
        throw base::Error{base::ExitCode::usage,
                          fmt::format("{} is closed, or not open for {}", name, verb), hint};
    }
}

} // namespace

void occupy_closed_streams() {
    // In this order: open(2) gives the lowest free descriptor.
    for (const auto& [fd, mode] : {std::pair{STDIN_FILENO, O_WRONLY},
                                   {STDOUT_FILENO, O_RDONLY},
                                   {STDERR_FILENO, O_WRONLY}}) {
        if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            ::open("/dev/null", mode) != fd) { // for children of ours too: no O_CLOEXEC
            ::_exit(static_cast<int>(base::ExitCode::failed));
        }
    }
}

void require_stdin() {
    require(STDIN_FILENO, O_WRONLY, "stdin", "reading", "The lines come from there.");
}

void require_stdout() {
    require(STDOUT_FILENO, O_RDONLY, "stdout", "writing", "The output goes there.");
}

void write_report(int fd, std::string_view text) {
    constexpr std::size_t kAtOnce = 4096; // what a pipe that is ready takes without blocking
    while (!text.empty()) {
        if (wait_for(fd, POLLOUT, -1) == Waited::stopped) {
            throw Stopped{"nobody read the output"};
        }
        const ssize_t wrote = ::write(fd, text.data(), std::min(text.size(), kAtOnce));
        if (wrote > 0) {
            text.remove_prefix(static_cast<std::size_t>(wrote));
        } else if (errno == EPIPE) {
            throw ReaderGone{};
        } else if (errno != EINTR && errno != EAGAIN) {
            base::fail(base::ExitCode::failed, "cannot write output: {}", std::strerror(errno));
        }
    }
}

} // namespace cdc::io
