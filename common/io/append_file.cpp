#include "io/append_file.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::io {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::int64_t kLockTimeoutMs = 30'000;
constexpr std::int64_t kLockAgainMs = 10;

void lock(int fd, const std::string& path) {
    const std::int64_t deadline = base::steady_ms() + kLockTimeoutMs;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            fail(ExitCode::refused, "cannot lock {}: {}", in_quotes(path), std::strerror(errno));
        }
        if (base::steady_ms() >= deadline || !sleep_ms(kLockAgainMs)) {
            fail(ExitCode::failed, "cannot append to {}: another process holds its lock",
                 in_quotes(path));
        }
    }
}

/// The end of the last whole line; -1 where the file cannot be read (a pipe, a terminal).
off_t end_of_lines(int fd) {
    off_t whole = ::lseek(fd, 0, SEEK_END);
    char bytes[4096];
    while (whole > 0) {
        const auto want = static_cast<std::size_t>(std::min<off_t>(whole, sizeof(bytes)));
        if (::pread(fd, bytes, want, whole - static_cast<off_t>(want)) !=
            static_cast<ssize_t>(want)) {
            return -1;
        }
        std::size_t end = want;
        while (end > 0 && bytes[end - 1] != '\n') {
            --end;
        }
        whole -= static_cast<off_t>(want - end);
        if (end > 0) {
            break;
        }
    }
    return whole;
}

} // namespace

void append_lines_durably(const std::string& path, std::string_view lines) {
    const auto give_up = [&path](int code) {
        fail(ExitCode::failed, "cannot append to {}: {}", in_quotes(path), std::strerror(code));
    };
    const FileDescriptor fd{::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    if (!fd) {
        give_up(errno);
    }
    lock(fd.get(), path);
    const off_t end = end_of_lines(fd.get());
    struct stat status {};
    const bool regular = ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) && end >= 0;
    if (regular && end < status.st_size && ::ftruncate(fd.get(), end) != 0) {
        give_up(errno);
    }
    int code = write_all(fd.get(), lines);
    if (code == 0 && ::fdatasync(fd.get()) != 0 && errno != EINVAL) {
        code = errno;
    }
    if (code != 0) {
        if (regular && ::ftruncate(fd.get(), end) != 0) {
            base::fail(ExitCode::failed, "cannot append to {}: {}, nor take back what was written",
                       in_quotes(path), std::strerror(code));
        }
        give_up(code);
    }
    if (regular) {
        sync_folder_of(path);
    }
}

} // namespace cdc::io
