#ifndef CDC_CONSUME_FIGURES_HPP
#define CDC_CONSUME_FIGURES_HPP

#include "cli/figures.hpp"

#include <string>

namespace cdc::consume {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    cli::Metric& changes = counter("changes_total", "Change lines made");
    cli::Metric& passed_over = counter("passed_over_total", "Records passed over by design");
    cli::Metric& dead_letters = counter("dead_letters_total", "Records that are no change");
    cli::Metric& bytes = counter("bytes_total", "Bytes that standard output took");
    cli::Metric& partitions = gauge("partitions", "Partitions that are read now");
    cli::Metric& newest_time = time("newest_timestamp_seconds", "Time of the newest change read");

private:
    std::string line() override;
};

} // namespace cdc::consume

#endif
