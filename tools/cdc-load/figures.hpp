#ifndef CDC_LOAD_FIGURES_HPP
#define CDC_LOAD_FIGURES_HPP

#include "cli/figures.hpp"

#include <string>

namespace cdc::load {

/// How the work goes: for Prometheus, and as one line on a terminal. Both threads set them.
class Figures : public cli::Figures {
public:
    explicit Figures(const cli::MetricsOptions& options);

    cli::Metric& changes = counter("changes_total", "Change lines read");
    cli::Metric& bytes = counter("bytes_total", "Bytes read");
    cli::Metric& rows = counter("rows_total", "Rows that the target acknowledged");
    cli::MetricFamily& table_rows =
        counters("table_rows_total", "The same of each table", {"table"});
    cli::Metric& written =
        counter("written_bytes_total", "Bytes of rows that the target acknowledged");
    cli::Metric& replaced =
        counter("replaced_values_total", "Values that no column could hold, replaced by a policy");
    cli::Metric& batches = counter("batches_total", "Batches made durable");
    cli::Histogram& batch_rows = counts("batch_rows", "Rows of a batch");
    cli::Histogram& batch_seconds = times("batch_seconds", "Time until a batch is durable");
    cli::Metric& retries = counter(
        "retries_total", "Requests repeated because the target was busy, full or not reached");
    cli::Metric& dead_letters =
        counter("dead_letters_total", "Lines that went to the dead-letter file");
    cli::Metric& parked = gauge("parked_keys", "Keys whose lines go to the dead-letter file");
    cli::Metric& stale = gauge(
        "stale_tables", "Tables whose rows differ from the source's until they are read again");
    cli::Metric& unproven = gauge(
        "unproven_tables",
        "Tables of which nothing proves that they hold the source's rows, until they are read "
        "again");
    cli::Metric& position = gauge(
        "position_bytes", "Log position of the source up to which all is durable in the target");
    cli::Metric& behind =
        age("behind_seconds", "Age of the last checkpoint of the source that is durable");
    cli::Metric& checkpoint_time = time("checkpoint_timestamp_seconds",
                                        "When the source made the last checkpoint that is durable");

private:
    std::string line() override;
};

} // namespace cdc::load

#endif
