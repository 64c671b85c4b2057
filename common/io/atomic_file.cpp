#include "io/atomic_file.hpp"

#include "base/error.hpp"
#include "io/file_descriptor.hpp"
#include "io/file_place.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::io {

using base::ExitCode;
using base::fail;
using base::in_quotes;

void sync_folder_of(const std::string& path) {
    const std::string folder = folder_of(path);
    const FileDescriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    // Some network file systems cannot fsync a folder; the rename itself is then as good as it
    // gets.
    if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS)) {
        fail(ExitCode::failed, "cannot sync folder {}: {}", in_quotes(folder),
             std::strerror(errno));
    }
}

std::string temporary_name(const std::string& path) {
    return fmt::format("{}.{}.tmp", path, ::getpid());
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
    const std::string temporary = temporary_name(path);
    const auto give_up = [&](const char* what) {
        const int error = errno;
        ::unlink(temporary.c_str());
        fail(ExitCode::failed, "cannot {} {}: {}", what, in_quotes(path), std::strerror(error));
    };
    FileDescriptor fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (!fd) {
        give_up("create");
    }
    if (const int error = write_all(fd.get(), bytes); error != 0) {
        errno = error;
        give_up("write");
    }
    if (::fsync(fd.get()) != 0) {
        give_up("sync");
    }
    fd.reset();
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        give_up("rename into");
    }
    sync_folder_of(path);
}

std::optional<std::string> read_last_line(const std::string& path) {
    const FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        fail(ExitCode::failed, "cannot open {}: {}", in_quotes(path), std::strerror(errno));
    }
    // Read backwards: `--checkpoint -` appends for as long as the pipe lives.
    std::string tail;
    off_t at = ::lseek(fd.get(), 0, SEEK_END);
    constexpr off_t kStep = 65536;
    while (at > 0) {
        const off_t step = at < kStep ? at : kStep;
        at -= step;
        std::string part(static_cast<std::size_t>(step), '\0');
        const ssize_t got = ::pread(fd.get(), part.data(), part.size(), at);
        if (got < 0) {
            fail(ExitCode::failed, "cannot read {}: {}", in_quotes(path), std::strerror(errno));
        }
        part.resize(static_cast<std::size_t>(got));
        tail.insert(0, part);
        const auto end = tail.rfind('\n');
        if (end == std::string::npos) {
            continue;
        }
        const auto start = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
        if (start != std::string::npos) {
            return tail.substr(start + 1, end - start - 1);
        }
        if (at == 0) {
            return tail.substr(0, end);
        }
    }
    return std::nullopt;
}

bool FileWatch::changed() {
    struct stat now {};
    if (::stat(m_path.c_str(), &now) != 0) {
        return std::exchange(m_size, -1) != -1;
    }
    const auto modified_ns = now.st_mtim.tv_sec * 1000000000LL + now.st_mtim.tv_nsec;
    if (now.st_ino == m_inode && modified_ns == m_modified_ns && now.st_size == m_size) {
        return false;
    }
    m_inode = now.st_ino;
    m_modified_ns = modified_ns;
    m_size = now.st_size;
    return true;
}

} // namespace cdc::io
