#include "io/line_reader.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"

#include <algorithm>
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
/// In front of what is read ahead: room for the line that begins in the buffer before.
constexpr std::size_t kRoomInFront = std::size_t{1} << 16;
/// A read of so much says that more is to come soon.
constexpr std::size_t kMuch = std::size_t{1} << 16;

Bytes make_buffer() {
    Bytes bytes{static_cast<char*>(std::calloc(kInitialCapacity + LineReader::kPadding, 1))};
    if (bytes == nullptr) {
        throw std::bad_alloc{};
    }
    return bytes;
}

} // namespace

LineReader::LineReader(int fd, std::size_t max_line)
    : m_fd{fd}, m_max_line{max_line}, m_buffer{make_buffer()}, m_capacity{kInitialCapacity} {
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
    check_length(line.size());
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

void LineReader::check_length(std::size_t size) const {
    if (size >= m_max_line) {
        fail(ExitCode::bad_data, "line {} is longer than {} bytes", m_line_number + 1, m_max_line);
    }
}

/// Room for so many bytes behind those that are not given yet.
void LineReader::make_room(std::size_t wanted) {
    if (m_begin > 0) {
        std::memmove(m_buffer.get(), m_buffer.get() + m_begin, m_end - m_begin);
        m_scanned -= m_begin;
        m_end -= m_begin;
        m_begin = 0;
    }
    if (m_capacity - m_end >= wanted) {
        return;
    }
    check_length(m_end);
    const std::size_t capacity =
        std::max({kInitialCapacity, std::min(m_capacity * 2, m_max_line), m_end + wanted});
    // A large block moves without its bytes being copied, which would be in memory twice.
    auto* const grown = static_cast<char*>(std::realloc(m_buffer.get(), capacity + kPadding));
    if (grown == nullptr) {
        throw std::bad_alloc{};
    }
    static_cast<void>(m_buffer.release());
    m_buffer.reset(grown);
    m_capacity = capacity;
}

void LineReader::read() {
    if (m_end == m_capacity || m_begin == m_end) {
        make_room(1);
    }
    const ssize_t got = ::read(m_fd, m_buffer.get() + m_end, m_capacity - m_end);
    const int error = got < 0 && errno != EINTR && errno != EAGAIN ? errno : 0;
    m_end += got > 0 ? static_cast<std::size_t>(got) : 0;
    note(got > 0 ? static_cast<std::size_t>(got) : 0, got == 0, error);
}

/// What came from a read, of which `got` bytes are in the buffer.
void LineReader::note(std::size_t got, bool end, int error) {
    m_eof = end;
    if (error != 0) {
        fail(ExitCode::failed, "cannot read input: {}", std::strerror(error));
    }
    if (got >= kMuch && !end) {
        read_ahead();
    }
}

void LineReader::read_ahead() {
    if (!m_ahead) {
        m_spare = make_buffer();
        m_ahead = std::make_unique<ReadAhead>(m_fd);
    }
    m_ahead->start(std::move(m_spare), kRoomInFront, kInitialCapacity);
}

/// Goes on with what was read ahead, behind the part of a line that is there.
void LineReader::take_ahead() {
    const ReadAhead::Got got = m_ahead->take(m_spare);
    const std::size_t part = m_end - m_begin;
    if (got.size > 0 && m_capacity == kInitialCapacity && part <= kRoomInFront) {
        std::memcpy(m_spare.get() + kRoomInFront - part, m_buffer.get() + m_begin, part);
        m_buffer.swap(m_spare);
        m_scanned = kRoomInFront - part + (m_scanned - m_begin);
        m_begin = kRoomInFront - part;
        m_end = kRoomInFront + got.size;
    } else {
        if (m_capacity - m_end < got.size) {
            make_room(got.size);
        }
        std::memcpy(m_buffer.get() + m_end, m_spare.get() + kRoomInFront, got.size);
        m_end += got.size;
    }
    note(got.size, got.end, got.error);
}

LineReader::Result LineReader::next(std::string_view& line, int timeout_ms) {
    const std::int64_t deadline = timeout_ms > 0 ? base::steady_ms() + timeout_ms : 0;
    while (!find_line(line)) {
        if (m_eof) {
            line = {m_buffer.get() + m_begin, m_end - m_begin};
            return line.empty() ? Result::end : Result::torn;
        }
        if (m_ahead && m_ahead->started()) {
            take_ahead();
            continue;
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
        read();
        look_at_start();
    }
    return Result::line;
}

} // namespace cdc::io
