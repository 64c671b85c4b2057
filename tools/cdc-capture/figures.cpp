#include "cdc-capture/figures.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::capture {

Figures::Figures(const std::string& destination) {
    commit_time.set(cli::Metric::kUnknown);
    m_metrics.publish(destination);
}

void Figures::show() {
    m_progress.update([this] {
        const auto number = [](const cli::Metric& metric) {
            return cli::short_number(static_cast<double>(metric.value()));
        };
        std::string text =
            fmt::format("{} changes, {}/s, {} bytes", number(changes),
                        cli::short_number(m_rate.update(changes.value())), number(bytes));
        if (commit_time.value() != cli::Metric::kUnknown) {
            text += fmt::format(", last commit {} ago",
                                cli::short_duration(base::now_ms() - commit_time.value()));
        }
        return text;
    });
}

} // namespace cdc::capture
