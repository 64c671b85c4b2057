#ifndef CDC_CAPTURE_FIGURES_HPP
#define CDC_CAPTURE_FIGURES_HPP

#include "cli/metrics.hpp"
#include "cli/progress.hpp"

#include <string>

namespace cdc::capture {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    /// Refreshes the terminal's line.
    void show();

private:
    cli::Metrics m_metrics{"cdc_capture"};

public:
    cli::Metric& changes = m_metrics.counter("changes_total", "Change lines made");
    cli::Metric& transactions = m_metrics.counter("transactions_total", "Transactions read whole");
    cli::Metric& stale = m_metrics.counter(
        "stale_tables_total", "Tables whose rows were changed by DDL, without change lines");
    cli::Metric& bytes = m_metrics.counter("bytes_total", "Bytes that standard output took");
    cli::Metric& connections = m_metrics.counter("connections_total", "Connections made");
    cli::Metric& position =
        m_metrics.gauge("position_bytes", "Log position up to which all was put out");
    cli::Metric& confirmed =
        m_metrics.gauge("confirmed_position_bytes", "Log position confirmed to the server");
    cli::Metric& commit_time = m_metrics.gauge("last_commit_timestamp_seconds",
                                               "Commit time of the last transaction read", 1000);

private:
    cli::Progress m_progress;
    cli::Rate m_rate;
};

} // namespace cdc::capture

#endif
