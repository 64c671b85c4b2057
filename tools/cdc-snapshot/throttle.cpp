#include "cdc-snapshot/throttle.hpp"

#include "base/time.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace cdc::snapshot {

namespace {
constexpr std::int64_t kStopStepMs = 100;
} // namespace

std::uint64_t Throttle::step() const {
    return m_rate == 0 ? 0 : std::clamp<std::uint64_t>(m_rate / 20, 1, 1000);
}

void Throttle::pass(std::uint64_t rows, const Output& output) {
    std::int64_t until = 0;
    {
        const std::lock_guard lock{m_mutex};
        const std::int64_t now = base::steady_ms();
        m_next_ms = std::max(m_next_ms, now);
        m_debt_ms += static_cast<double>(rows) * 1000 / static_cast<double>(m_rate);
        const auto whole = static_cast<std::int64_t>(m_debt_ms);
        m_next_ms += whole;
        m_debt_ms -= static_cast<double>(whole);
        until = m_next_ms;
    }
    for (std::int64_t left = until - base::steady_ms(); left > 0;
         left = until - base::steady_ms()) {
        if (output.stopped()) {
            throw Stopped{};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{std::min(left, kStopStepMs)});
    }
}

} // namespace cdc::snapshot
