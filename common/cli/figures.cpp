#include "cli/figures.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::cli {

namespace {
constexpr std::int64_t kTablesEveryMs = 1000;
} // namespace

void Figures::show() {
    m_progress.update([this] { return line(); });
}

Metric& Figures::counter(std::string_view name, std::string_view help) {
    return m_metrics.counter(name, help);
}

Metric& Figures::gauge(std::string_view name, std::string_view help) {
    return m_metrics.gauge(name, help);
}

Metric& Figures::time(std::string_view name, std::string_view help) {
    Metric& made = m_metrics.gauge(name, help, 1000);
    made.set(Metric::kUnknown);
    return made;
}

Metric& Figures::age(std::string_view name, std::string_view help) {
    return m_metrics.age(name, help);
}

Histogram& Figures::times(std::string_view name, std::string_view help) {
    return m_metrics.histogram(name, help, kTimeBounds, 1000);
}

Histogram& Figures::counts(std::string_view name, std::string_view help) {
    return m_metrics.histogram(name, help, kCountBounds);
}

MetricFamily& Figures::counters(std::string_view name, std::string_view help,
                                std::initializer_list<const char*> labels) {
    return m_metrics.counters(name, help, labels);
}

MetricFamily& Figures::gauges(std::string_view name, std::string_view help,
                              std::initializer_list<const char*> labels) {
    return m_metrics.gauges(name, help, labels);
}

bool Figures::tables_due() {
    const std::int64_t now = base::steady_ms();
    if (!m_tables || now - m_tables_ms < kTablesEveryMs) {
        return false;
    }
    m_tables_ms = now;
    return true;
}

std::string Figures::number(const Metric& metric) {
    return short_number(static_cast<double>(metric.value()));
}

std::string Figures::ago(std::string_view words, const Metric& time) {
    if (time.value() == Metric::kUnknown) {
        return {};
    }
    return fmt::format(", {} {} ago", words, short_duration(base::now_ms() - time.value()));
}

} // namespace cdc::cli
