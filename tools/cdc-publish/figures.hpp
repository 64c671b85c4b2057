#ifndef CDC_PUBLISH_FIGURES_HPP
#define CDC_PUBLISH_FIGURES_HPP

#include "cli/metrics.hpp"
#include "cli/progress.hpp"

#include <string>

namespace cdc::publish {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    /// Refreshes the terminal's line.
    void show();

private:
    cli::Metrics m_metrics{"cdc_publish"};

public:
    cli::Metric& lines = m_metrics.counter("lines_total", "Lines read");
    cli::Metric& bytes = m_metrics.counter("bytes_total", "Bytes read");
    cli::Metric& records = m_metrics.counter("records_total", "Records that the brokers have");
    cli::Metric& waiting = m_metrics.gauge("records_waiting", "Records sent, not acknowledged yet");
    cli::Metric& checkpoint_time =
        m_metrics.gauge("checkpoint_timestamp_seconds",
                        "When the source made the last checkpoint that is durable", 1000);

private:
    cli::Progress m_progress;
    cli::Rate m_rate;
};

} // namespace cdc::publish

#endif
