#include "cdc-load/figures.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

namespace cdc::load {

Figures::Figures(const std::string& destination) {
    m_metrics.publish(destination);
}

void Figures::show() {
    m_progress.update([this] {
        std::string text = fmt::format("{} changes, {}/s, {} rows stored",
                                       cli::short_number(static_cast<double>(changes.value())),
                                       cli::short_number(m_rate.update(changes.value())),
                                       cli::short_number(static_cast<double>(rows.value())));
        if (checkpoint_time.value() != cli::Metric::kUnknown) {
            text += fmt::format(", durable up to {} ago",
                                cli::short_duration(base::now_ms() - checkpoint_time.value()));
        }
        return text;
    });
}

} // namespace cdc::load
