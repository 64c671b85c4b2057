#include "cdc-capture/figures.hpp"

#include <fmt/format.h>

namespace cdc::capture {

Figures::Figures(const cli::MetricsOptions& options) : cli::Figures{"cdc_capture"} {
    publish(options);
}

void Figures::count_tables(event::ChangeCounts& counts, bool now) {
    if (!tables_wanted() || (!now && !tables_due())) {
        return;
    }
    counts.take([this](const std::string& table, std::uint64_t count) {
        table_changes.of({table}).add(static_cast<std::int64_t>(count));
    });
}

void Figures::count_transaction(std::uint64_t made) {
    transactions.add();
    transaction_changes.observe(static_cast<std::int64_t>(made - m_changes_at_commit));
    m_changes_at_commit = made;
}

void AcknowledgedTimes::emitted(event::Order order, std::int64_t now_ms) {
    if (m_waiting.size() < kMaxWaiting) {
        m_waiting.push_back({order, now_ms});
    }
}

void AcknowledgedTimes::returned(event::Order order, std::int64_t now_ms) {
    while (!m_waiting.empty() && m_waiting.front().order <= order) {
        m_times.observe(now_ms - m_waiting.front().ms);
        m_waiting.pop_front();
    }
}

std::string Figures::line() {
    return fmt::format("{} changes, {}, {} bytes{}", number(changes), rate(changes), number(bytes),
                       ago("last commit", commit_time));
}

} // namespace cdc::capture
