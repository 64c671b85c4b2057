#include "cli/progress.hpp"

#include "base/log.hpp"
#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <unistd.h>

namespace cdc::cli {

namespace {
constexpr std::int64_t kIntervalMs = 500;
constexpr double kWindowMs = 5000;
} // namespace

std::string short_number(double value) {
    if (value < 10000) {
        return fmt::format("{:.0f}", value);
    }
    if (value < 999500) {
        return fmt::format("{:.3g}k", value / 1000);
    }
    return value < 999500000 ? fmt::format("{:.3g}M", value / 1e6)
                             : fmt::format("{:.3g}G", value / 1e9);
}

std::string grouped_number(std::int64_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t at = digits.size(); at > (value < 0 ? 4U : 3U);) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string short_duration(std::int64_t ms) {
    const std::int64_t seconds = ms / 1000;
    if (seconds < 60) {
        return fmt::format("{} s", seconds);
    }
    if (seconds < 3600) {
        return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    }
    return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

Progress::Progress() : m_enabled{::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
    if (m_enabled) {
        base::log::progress("");
    }
}

void Progress::update(const std::function<std::string()>& text) {
    if (!m_enabled) {
        return;
    }
    const std::int64_t now = base::steady_ms();
    if (m_next_ms == 0) {
        m_next_ms = now + kIntervalMs; // there is nothing to tell yet
    }
    if (now >= m_next_ms) {
        m_next_ms = now + kIntervalMs;
        base::log::progress(text());
    }
}

double Rate::update(std::int64_t total) {
    const std::int64_t now = base::steady_ms();
    if (m_last_ms != 0 && now > m_last_ms) {
        const auto elapsed = static_cast<double>(now - m_last_ms);
        const double current = static_cast<double>(total - m_last_total) * 1000 / elapsed;
        const double weight = 1 - std::exp(-elapsed / kWindowMs);
        m_rate += (current - m_rate) * weight;
    }
    m_last_ms = now;
    m_last_total = total;
    return m_rate;
}

} // namespace cdc::cli
