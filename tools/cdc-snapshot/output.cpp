#include "cdc-snapshot/output.hpp"

#include "io/standard_streams.hpp"

#include <poll.h>

namespace cdc::snapshot {

namespace {
constexpr int kStepMs = 50;
} // namespace

void Output::put(std::string& lines) {
    while (true) {
        {
            const std::lock_guard lock{m_mutex};
            if (m_writer.ready()) {
                if (m_writer.buffer().empty()) {
                    std::swap(m_writer.buffer(), lines);
                    m_writer.submit();
                    return;
                }
                m_writer.submit(); // what append() left stands before our lines
                continue;
            }
        }
        // Without the lock: nobody else shall wait because we do.
        m_writer.wait_ready(kStepMs);
        if (m_stop) {
            throw Stopped{};
        }
    }
}

void Output::append(std::string_view lines) {
    const std::lock_guard lock{m_mutex};
    m_writer.buffer() += lines;
}

void Output::flush() {
    const std::lock_guard lock{m_mutex};
    if (m_writer.ready()) {
        m_writer.submit();
    }
}

bool Output::finish(int timeout_ms) {
    const std::lock_guard lock{m_mutex};
    return m_writer.finish(timeout_ms);
}

void Output::check() {
    m_writer.check();
    pollfd output{m_fd, 0, 0};
    if (::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLNVAL)) != 0) {
        throw io::ReaderGone{};
    }
}

} // namespace cdc::snapshot
