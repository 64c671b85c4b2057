#include "cdc-publish/figures.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::publish {

Figures::Figures(const std::string& destination) {
    checkpoint_time.set(cli::Metric::kUnknown);
    m_metrics.publish(destination);
}

void Figures::show() {
    m_progress.update([this] {
        const auto number = [](const cli::Metric& metric) {
            return cli::short_number(static_cast<double>(metric.value()));
        };
        std::string text = fmt::format(
            "{} lines, {}/s, {} records in Kafka, {} on the way", number(lines),
            cli::short_number(m_rate.update(lines.value())), number(records), number(waiting));
        if (checkpoint_time.value() != cli::Metric::kUnknown) {
            text += fmt::format(", durable up to {} ago",
                                cli::short_duration(base::now_ms() - checkpoint_time.value()));
        }
        return text;
    });
}

} // namespace cdc::publish
