#ifndef CDC_CONSUME_FIGURES_HPP
#define CDC_CONSUME_FIGURES_HPP

#include "cli/metrics.hpp"
#include "cli/progress.hpp"

#include <string>

namespace cdc::consume {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    /// Refreshes the terminal's line.
    void show();

private:
    cli::Metrics m_metrics{"cdc_consume"};

public:
    cli::Metric& changes = m_metrics.counter("changes_total", "Change lines made");
    cli::Metric& passed_over =
        m_metrics.counter("passed_over_total", "Records passed over by design");
    cli::Metric& dead_letters =
        m_metrics.counter("dead_letters_total", "Records that are no change");
    cli::Metric& bytes = m_metrics.counter("bytes_total", "Bytes that standard output took");
    cli::Metric& partitions = m_metrics.gauge("partitions", "Partitions that are read now");
    cli::Metric& newest_time =
        m_metrics.gauge("newest_timestamp_seconds", "Time of the newest change read", 1000);

private:
    cli::Progress m_progress;
    cli::Rate m_rate;
};

} // namespace cdc::consume

#endif
