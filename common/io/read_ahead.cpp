#include "io/read_ahead.hpp"

#include "base/thread.hpp"
#include "io/file_descriptor.hpp"

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace cdc::io {

ReadAhead::ReadAhead(int fd) : m_fd{fd} {
    m_thread = base::start_thread([this] { run(); });
}

ReadAhead::~ReadAhead() {
    {
        const base::MutexLock lock{m_mutex};
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void ReadAhead::start(Bytes buffer, std::size_t begin, std::size_t end) {
    m_started = true;
    m_enough = false;
    {
        const base::MutexLock lock{m_mutex};
        m_buffer = std::move(buffer);
        m_begin = begin;
        m_end = end;
        m_wanted = true;
    }
    m_changed.notify_all();
}

ReadAhead::Got ReadAhead::take(Bytes& buffer) {
    m_started = false;
    m_enough = true;
    base::MutexLock lock{m_mutex};
    while (m_wanted) {
        lock.wait(m_changed);
    }
    buffer = std::move(m_buffer);
    return m_got;
}

void ReadAhead::run() {
    base::MutexLock lock{m_mutex};
    while (!m_stop) {
        if (m_wanted) {
            // The owner has nothing to do with the buffer until it is there: the lock may be kept.
            m_got = fill(m_buffer.get() + m_begin, m_end - m_begin);
            m_wanted = false;
            m_changed.notify_all();
        } else {
            lock.wait(m_changed);
        }
    }
}

ReadAhead::Got ReadAhead::fill(char* bytes, std::size_t size) const {
    Got got;
    while (got.size < size && !m_enough && wait_readable(m_fd, 0)) {
        const ssize_t count = ::read(m_fd, bytes + got.size, size - got.size);
        if (count > 0) {
            got.size += static_cast<std::size_t>(count);
        } else if (count == 0) {
            got.end = true;
            break;
        } else if (errno != EINTR && errno != EAGAIN) {
            got.error = errno;
            break;
        }
    }
    return got;
}

} // namespace cdc::io
