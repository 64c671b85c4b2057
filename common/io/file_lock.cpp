#include "io/file_lock.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cdc::io {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::int64_t kTimeoutMs = 10'000;
constexpr int kAgainMs = 50;

/// What its holder wrote into it: "process 4711".
std::string holder_of(int fd) {
    char text[32] = {};
    const ssize_t size = ::pread(fd, text, sizeof(text) - 1, 0);
    return size > 0 ? "process " + std::string{text, static_cast<std::size_t>(size)}
                    : "a process of another system";
}

} // namespace

FileLock::FileLock(const std::string& path, const std::string& who) {
    const std::string file = path + ".lock";
    m_file = FileDescriptor{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)};
    if (!m_file) { // who only reads the file may have no right to write beside it
        base::log::warning("nothing keeps {} from using {} too: cannot open {}: {}", who,
                           in_quotes(path), in_quotes(file), std::strerror(errno));
        return;
    }
    const std::int64_t deadline = base::steady_ms() + kTimeoutMs;
    bool told = false;
    while (::flock(m_file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            fail(ExitCode::refused, "cannot lock {}: {}", in_quotes(file), std::strerror(errno));
        }
        const std::string holder = holder_of(m_file.get());
        if (base::steady_ms() >= deadline) {
            fail(ExitCode::failed, "{} ({}) uses {}", who, holder, in_quotes(path));
        }
        if (!std::exchange(told, true)) {
            base::log::info("{} ({}) uses {}; waiting for its end", who, holder, in_quotes(path));
        }
        if (wait_readable(stop_signal::wake_fd(), kAgainMs) && stop_signal::requested()) {
            throw Stopped{"waiting for " + who};
        }
    }
    const std::string process = std::to_string(::getpid());
    if (::ftruncate(m_file.get(), 0) != 0 ||
        ::pwrite(m_file.get(), process.data(), process.size(), 0) < 0) {
        base::log::debug("cannot write into {}: {}", in_quotes(file), std::strerror(errno));
    }
}

} // namespace cdc::io
