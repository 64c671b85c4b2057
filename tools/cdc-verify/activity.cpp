#include "cdc-verify/activity.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::verify {

void Activity::begin_table(const std::string& name, std::size_t number, std::size_t of) {
    const std::lock_guard lock{m_mutex};
    m_table = name;
    m_number = number;
    m_of = of;
    m_rows = -1;
    m_done = 0;
    m_step = "looking at its columns";
    m_step_ms = base::steady_ms();
}

void Activity::set_rows(std::int64_t rows) {
    const std::lock_guard lock{m_mutex};
    m_rows = rows;
}

void Activity::set_step(const std::string& step, const std::string& detail) {
    {
        const std::lock_guard lock{m_mutex};
        m_detail = detail;
        if (step != m_step) {
            m_step = step;
            m_step_ms = base::steady_ms();
        }
    }
    show();
}

void Activity::show() {
    const std::unique_lock lock{m_mutex, std::try_to_lock};
    if (lock.owns_lock() && m_number != 0) {
        m_progress.update([this] { return line(); });
    }
}

std::string Activity::line() {
    std::string text = fmt::format("table {}/{} {}: {}", m_number, m_of, m_table, m_step);
    if (const std::uint64_t done = m_done; done > 0) {
        text += fmt::format(", {} rows", cli::short_number(static_cast<double>(done)));
        if (m_rows > 0) {
            text += " of about " + cli::short_number(static_cast<double>(m_rows));
        }
    }
    text += m_detail.empty() ? "" : ": " + m_detail;
    if (const std::int64_t ms = base::steady_ms() - m_step_ms; ms >= 2000) {
        text += ", " + cli::short_duration(ms);
    }
    return text;
}

} // namespace cdc::verify
