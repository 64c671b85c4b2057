#include "io/line_writer.hpp"

#include "base/error.hpp"
#include "base/thread.hpp"
#include "io/standard_streams.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::io {

using base::ExitCode;
using base::fail;

LineWriter::LineWriter(int fd, std::size_t chunk_bytes, std::size_t max_chunks)
    : m_chunk_bytes{chunk_bytes}, m_max_chunks{max_chunks}, m_shared{std::make_shared<Shared>()} {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        fail(ExitCode::failed, "cannot make a pipe: {}", std::strerror(errno));
    }
    m_shared->fd = fd;
    m_shared->spare_bytes = chunk_bytes * 2;
    m_shared->wake_read = FileDescriptor{ends[0]};
    m_shared->wake_write = FileDescriptor{ends[1]};
    enlarge_pipe(fd);
    m_current.reserve(chunk_bytes + chunk_bytes / 4);
    m_thread = base::start_thread([shared = m_shared] { run(*shared); });
}

LineWriter::~LineWriter() {
    bool idle = false;
    {
        const std::lock_guard lock{m_shared->mutex};
        m_shared->stop = true;
        idle = m_shared->queue.empty() || m_shared->error != 0;
    }
    m_shared->changed.notify_all();
    if (idle) {
        m_thread.join();
    } else {
        // Stuck in write(2) on a pipe that nobody reads; the process is about to end.
        m_thread.detach();
    }
}

void LineWriter::run(Shared& shared) {
    std::unique_lock lock{shared.mutex};
    while (true) {
        shared.changed.wait(lock, [&] { return shared.stop || !shared.queue.empty(); });
        if (shared.stop) {
            return;
        }
        const Chunk& chunk = shared.queue.front(); // a deque keeps it in place meanwhile
        lock.unlock();
        const int error = chunk.range.file == nullptr ? write_all(shared.fd, chunk.bytes)
                                                      : write_range(shared, chunk.range);
        lock.lock();
        if (error != 0) {
            shared.error = error;
            shared.queue.clear();
            shared.stop = true;
        } else {
            shared.written += chunk.bytes.size();
            std::string spare = std::move(shared.queue.front().bytes);
            shared.queue.pop_front();
            spare.clear();
            if (spare.capacity() > 0 && spare.capacity() <= shared.spare_bytes) {
                shared.spare.push_back(std::move(spare));
            }
        }
        shared.changed.notify_all();
        [[maybe_unused]] const auto n = ::write(shared.wake_write.get(), "", 1);
    }
}

/// splice(2) gives a pipe the file's pages; what is no pipe gets them by way of memory.
int LineWriter::write_range(Shared& shared, FileRange range) {
    constexpr std::size_t kPiece = std::size_t{256} << 10;
    std::string piece;
    bool pipe = true;
    while (range.begin < range.end) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, range.end - range.begin));
        auto at = static_cast<off_t>(range.begin);
        ssize_t moved = -1;
        if (pipe) {
            moved = ::splice(range.file->get(), &at, shared.fd, nullptr, wanted, 0);
            if (moved < 0 && (errno == EINVAL || errno == EAGAIN)) {
                pipe = false;
                continue;
            }
        } else {
            piece.resize(wanted);
            moved = ::pread(range.file->get(), piece.data(), wanted, at);
            if (moved > 0) {
                const auto got = static_cast<std::size_t>(moved);
                if (const int error = write_all(shared.fd, {piece.data(), got}); error != 0) {
                    return error;
                }
            }
        }
        if (moved < 0 && errno == EINTR) {
            continue;
        }
        if (moved <= 0) {
            return moved == 0 ? EIO : errno; // the file is shorter than it was
        }
        range.begin += static_cast<std::uint64_t>(moved);
        const std::lock_guard lock{shared.mutex};
        shared.written += static_cast<std::uint64_t>(moved);
        shared.changed.notify_all();
        if (shared.stop) {
            return ECANCELED;
        }
    }
    return 0;
}

bool LineWriter::ready() const {
    const std::lock_guard lock{m_shared->mutex};
    return has_place();
}

bool LineWriter::has_place() const {
    // A chunk of one very long line takes the place of all.
    const bool small = m_submitted - m_shared->written < 2 * m_max_chunks * m_chunk_bytes;
    return (m_shared->queue.size() < m_max_chunks && small) || m_shared->queue.empty() ||
           m_shared->error != 0;
}

void LineWriter::submit() {
    if (m_current.empty()) {
        return;
    }
    hand_over({std::move(m_current), {}});
    m_current = {};
    {
        const std::lock_guard lock{m_shared->mutex};
        if (!m_shared->spare.empty()) {
            m_current = std::move(m_shared->spare.back());
            m_shared->spare.pop_back();
        }
    }
    if (m_current.capacity() < m_chunk_bytes) {
        m_current.reserve(m_chunk_bytes + m_chunk_bytes / 4);
    }
}

void LineWriter::submit(FileRange range) {
    submit();
    if (range.begin < range.end) {
        hand_over({{}, std::move(range)});
    }
}

void LineWriter::hand_over(Chunk chunk) {
    {
        const std::lock_guard lock{m_shared->mutex};
        if (m_shared->error == 0) {
            m_submitted += chunk.bytes.size() + (chunk.range.end - chunk.range.begin);
            m_shared->queue.push_back(std::move(chunk));
        }
    }
    check();
    m_shared->changed.notify_all();
}

bool LineWriter::wait_ready(int timeout_ms) {
    std::unique_lock lock{m_shared->mutex};
    const auto done = [this] {
        return has_place();
    };
    if (timeout_ms < 0) {
        m_shared->changed.wait(lock, done);
        return true;
    }
    return m_shared->changed.wait_for(lock, std::chrono::milliseconds{timeout_ms}, done);
}

void LineWriter::clear_wake() {
    char scratch[64];
    while (::read(m_shared->wake_read.get(), scratch, sizeof(scratch)) > 0) {
    }
}

std::uint64_t LineWriter::written() const {
    const std::lock_guard lock{m_shared->mutex};
    return m_shared->written;
}

void LineWriter::check() const {
    const std::lock_guard lock{m_shared->mutex};
    if (m_shared->error == EPIPE) {
        throw ReaderGone{};
    }
    if (m_shared->error != 0) {
        fail(ExitCode::failed, "cannot write output: {}", std::strerror(m_shared->error));
    }
}

bool LineWriter::finish(int timeout_ms) {
    submit();
    {
        std::unique_lock lock{m_shared->mutex};
        const auto done = [this] {
            return m_shared->queue.empty() || m_shared->error != 0;
        };
        if (timeout_ms < 0) {
            m_shared->changed.wait(lock, done);
        } else if (!m_shared->changed.wait_for(lock, std::chrono::milliseconds{timeout_ms}, done)) {
            return false;
        }
    }
    check();
    return true;
}

} // namespace cdc::io
