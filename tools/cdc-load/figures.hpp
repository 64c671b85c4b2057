#ifndef CDC_LOAD_FIGURES_HPP
#define CDC_LOAD_FIGURES_HPP

#include "cli/figures.hpp"

#include <string>

namespace cdc::load {

/// How the work goes: for Prometheus, and as one line on a terminal. Both threads set them.
class Figures : public cli::Figures {
public:
    /// `destination` as for cli::Metrics::publish().
    explicit Figures(const std::string& destination);

    cli::Metric& changes = counter("changes_total", "Change lines read");
    cli::Metric& bytes = counter("bytes_total", "Bytes read");
    cli::Metric& rows = counter("rows_total", "Rows that the target acknowledged");
    cli::Metric& replaced =
        counter("replaced_values_total", "Values that no column could hold, replaced by a policy");
    cli::Metric& batches = counter("batches_total", "Batches made durable");
    cli::Metric& dead_letters =
        counter("dead_letters_total", "Lines that went to the dead-letter file");
    cli::Metric& parked = gauge("parked_keys", "Keys whose lines go to the dead-letter file");
    cli::Metric& stale = gauge(
        "stale_tables", "Tables whose rows differ from the source's until they are read again");
    cli::Metric& unproven = gauge(
        "unproven_tables",
        "Tables of which nothing proves that they hold the source's rows, until they are read "
        "again");
    cli::Metric& checkpoint_time = time("checkpoint_timestamp_seconds",
                                        "When the source made the last checkpoint that is durable");

private:
    std::string line() override;
};

} // namespace cdc::load

#endif
