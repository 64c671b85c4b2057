#include "cdc-consume/figures.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::consume {

Figures::Figures(const std::string& destination) {
    newest_time.set(cli::Metric::kUnknown);
    m_metrics.publish(destination);
}

void Figures::show() {
    m_progress.update([this] {
        const auto number = [](const cli::Metric& metric) {
            return cli::short_number(static_cast<double>(metric.value()));
        };
        std::string text = fmt::format("{} changes, {}/s, {} bytes, {} partitions", number(changes),
                                       cli::short_number(m_rate.update(changes.value())),
                                       number(bytes), number(partitions));
        if (newest_time.value() != cli::Metric::kUnknown) {
            text += fmt::format(", newest {} old",
                                cli::short_duration(base::now_ms() - newest_time.value()));
        }
        return text;
    });
}

} // namespace cdc::consume
