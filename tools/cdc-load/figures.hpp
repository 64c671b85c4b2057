#ifndef CDC_LOAD_FIGURES_HPP
#define CDC_LOAD_FIGURES_HPP

#include "cli/metrics.hpp"
#include "cli/progress.hpp"

#include <string>

namespace cdc::load {

/// How the work goes: for Prometheus, and as one line on a terminal. Both threads set them.
class Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    /// Refreshes the terminal's line.
    void show();

private:
    cli::Metrics m_metrics{"cdc_load"};

public:
    cli::Metric& changes = m_metrics.counter("changes_total", "Change lines read");
    cli::Metric& bytes = m_metrics.counter("bytes_total", "Bytes read");
    cli::Metric& rows = m_metrics.counter("rows_total", "Rows that the target acknowledged");
    cli::Metric& replaced = m_metrics.counter(
        "replaced_values_total", "Values that no column could hold, replaced by a policy");
    cli::Metric& batches = m_metrics.counter("batches_total", "Batches made durable");
    cli::Metric& stale = m_metrics.gauge(
        "stale_tables", "Tables whose rows differ from the source's until they are read again");
    cli::Metric& checkpoint_time =
        m_metrics.gauge("checkpoint_timestamp_seconds",
                        "When the source made the last checkpoint that is durable", 1000);

private:
    cli::Progress m_progress;
    cli::Rate m_rate;
};

} // namespace cdc::load

#endif
