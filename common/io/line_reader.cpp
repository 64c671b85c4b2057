#include "io/line_reader.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include <poll.h>
#include <unistd.h>

namespace cdc::io {

using base::ExitCode;
using base::fail;

namespace {
constexpr std::size_t kInitialCapacity = std::size_t{1} << 20;
constexpr std::size_t kStartBytes = 4;
} // namespace

LineReader::LineReader(int fd, std::size_t max_line)
    : m_fd{fd}, m_max_line{max_line}, m_buffer{static_cast<char*>(
                                          std::calloc(kInitialCapacity + kPadding, 1))},
      m_capacity{kInitialCapacity} {
    if (m_buffer == nullptr) {
        throw std::bad_alloc{};
    }
    enlarge_pipe(fd);
}

/// Inputs that are something else say so in their first bytes.
void LineReader::look_at_start() {
    if (m_start_seen || (m_end < kStartBytes && !m_eof)) {
        return;
    }
    m_start_seen = true;
    const std::string_view start{m_buffer.get(), std::min(m_end, kStartBytes)};
    const auto begins = [&](std::string_view bytes) {
        return start.substr(0, bytes.size()) == bytes;
    };
    const auto refuse = [](const char* what, const char* hint) {
        throw base::Error{ExitCode::bad_data, fmt::format("line 1: the input is {}", what), hint};
    };
    if (begins("\x1f\x8b")) {
        refuse("compressed by gzip", "gunzip -c FILE | …");
    } else if (begins("\x28\xb5\x2f\xfd")) {
        refuse("compressed by zstd", "zstd -dc FILE | …");
    } else if (begins("\xff\xfe") || begins("\xfe\xff")) {
        refuse("UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | …");
    } else if (begins("\xef\xbb\xbf")) {
        m_begin = m_scanned = 3;
    }
}

bool LineReader::find_line(std::string_view& line) {
    const void* found = std::memchr(m_buffer.get() + m_scanned, '\n', m_end - m_scanned);
    if (found == nullptr) {
        m_scanned = m_end;
        return false;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - m_buffer.get());
    line = {m_buffer.get() + m_begin, at - m_begin};
    m_begin = m_scanned = at + 1;
    ++m_line_number;
    m_start_seen = true;
    m_bytes += line.size() + 1;
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    return true;
}

std::optional<std::string_view> LineReader::find_buffered(std::string_view start) const {
    const std::string_view rest{m_buffer.get() + m_begin, m_end - m_begin};
    for (auto at = rest.find(start); at != std::string_view::npos; at = rest.find(start, at + 1)) {
        if (at == 0 || rest[at - 1] == '\n') {
            const auto end = rest.find('\n', at);
            return end == std::string_view::npos ? std::nullopt
                                                 : std::optional{rest.substr(at, end - at)};
        }
    }
    return std::nullopt;
}

bool LineReader::buffered() const {
    return std::memchr(m_buffer.get() + m_scanned, '\n', m_end - m_scanned) != nullptr;
}

void LineReader::make_room() {
    if (m_begin > 0) {
        std::memmove(m_buffer.get(), m_buffer.get() + m_begin, m_end - m_begin);
        m_scanned -= m_begin;
        m_end -= m_begin;
        m_begin = 0;
    }
    if (m_end < m_capacity) {
        return;
    }
    if (m_end >= m_max_line) {
        fail(ExitCode::bad_data, "line {} is longer than {} bytes", m_line_number + 1, m_max_line);
    }
    const std::size_t capacity = std::min(m_capacity * 2, m_max_line);
    // A large block moves without its bytes being copied, which would be in memory twice.
    auto* const grown = static_cast<char*>(std::realloc(m_buffer.get(), capacity + kPadding));
    if (grown == nullptr) {
        throw std::bad_alloc{};
    }
    static_cast<void>(m_buffer.release());
    m_buffer.reset(grown);
    m_capacity = capacity;
}

LineReader::Result LineReader::next(std::string_view& line, int timeout_ms) {
    const std::int64_t deadline = timeout_ms > 0 ? base::steady_ms() + timeout_ms : 0;
    while (!find_line(line)) {
        if (m_eof) {
            line = {m_buffer.get() + m_begin, m_end - m_begin};
            return line.empty() ? Result::end : Result::torn;
        }
        int wait = timeout_ms;
        if (timeout_ms > 0) {
            const std::int64_t left = deadline - base::steady_ms();
            wait = left > 0 ? static_cast<int>(left) : 0;
        }
        pollfd fds[2] = {{m_fd, POLLIN, 0}, {m_wake_fd, POLLIN, 0}};
        const int ready = ::poll(fds, m_wake_fd >= 0 ? 2 : 1, wait);
        if (ready < 0 && errno != EINTR) {
            fail(ExitCode::failed, "cannot wait for input: {}", std::strerror(errno));
        }
        if (ready <= 0 || fds[0].revents == 0) {
            return Result::waiting;
        }
        if (m_end == m_capacity || m_begin == m_end) {
            make_room();
        }
        const ssize_t got = ::read(m_fd, m_buffer.get() + m_end, m_capacity - m_end);
        if (got > 0) {
            m_end += static_cast<std::size_t>(got);
        } else if (got == 0) {
            m_eof = true;
        } else if (errno != EINTR && errno != EAGAIN) {
            fail(ExitCode::failed, "cannot read input: {}", std::strerror(errno));
        }
        look_at_start();
    }
    return Result::line;
}

} // namespace cdc::io
