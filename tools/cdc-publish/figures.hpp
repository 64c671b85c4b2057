#ifndef CDC_PUBLISH_FIGURES_HPP
#define CDC_PUBLISH_FIGURES_HPP

#include "cli/figures.hpp"

#include <string>

namespace cdc::publish {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    cli::Metric& lines = counter("lines_total", "Lines read");
    cli::Metric& bytes = counter("bytes_total", "Bytes read");
    cli::Metric& records = counter("records_total", "Records that the brokers have");
    cli::Metric& waiting = gauge("records_waiting", "Records sent, not acknowledged yet");
    cli::Metric& checkpoint_time = time("checkpoint_timestamp_seconds",
                                        "When the source made the last checkpoint that is durable");

private:
    std::string line() override;
};

} // namespace cdc::publish

#endif
