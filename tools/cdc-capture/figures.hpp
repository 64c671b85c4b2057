#ifndef CDC_CAPTURE_FIGURES_HPP
#define CDC_CAPTURE_FIGURES_HPP

#include "cli/figures.hpp"

#include <string>

namespace cdc::capture {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    cli::Metric& changes = counter("changes_total", "Change lines made");
    cli::Metric& transactions = counter("transactions_total", "Transactions read whole");
    cli::Metric& stale = counter("stale_tables_total",
                                 "Marks: rows of a table may have changed without change lines");
    cli::Metric& bytes = counter("bytes_total", "Bytes that standard output took");
    cli::Metric& connections = counter("connections_total", "Connections made");
    cli::Metric& position = gauge("position_bytes", "Log position up to which all was put out");
    cli::Metric& confirmed =
        gauge("confirmed_position_bytes", "Log position confirmed to the server");
    cli::Metric& commit_time =
        time("last_commit_timestamp_seconds", "Commit time of the last transaction read");

private:
    std::string line() override;
};

} // namespace cdc::capture

#endif
