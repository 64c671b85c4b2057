#ifndef CDC_IO_FILE_DESCRIPTOR_HPP
#define CDC_IO_FILE_DESCRIPTOR_HPP

#include <string_view>
#include <utility>

namespace cdc::io {

/// Owns an open file descriptor, or none (-1).
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) noexcept : m_fd{fd} {}
    FileDescriptor(FileDescriptor&& other) noexcept : m_fd{std::exchange(other.m_fd, -1)} {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(m_fd, other.m_fd);
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { reset(); }

    int get() const noexcept { return m_fd; }
    explicit operator bool() const noexcept { return m_fd >= 0; }
    void reset() noexcept;

private:
    int m_fd = -1;
};

/// Writes all of `bytes`, waiting as long as it takes. 0, or errno.
int write_all(int fd, std::string_view bytes);

/// Waits until `fd` can be read or `timeout_ms` (-1: for ever) is over. A signal ends it early.
bool wait_readable(int fd, int timeout_ms);

/// Asks for a pipe buffer of 1 MiB, so that both ends run in long strides; no effect elsewhere.
void enlarge_pipe(int fd);

} // namespace cdc::io

#endif
