#include "cli/figures.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::cli {

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
