#ifndef CDC_CONSUME_FIGURES_HPP
#define CDC_CONSUME_FIGURES_HPP

#include "cdc-consume/places.hpp"
#include "cli/figures.hpp"

#include <string>

namespace cdc::consume {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    explicit Figures(const cli::MetricsOptions& options);

    /// Each partition, where that is wanted and due, or it is the `last` time.
    void count(const Places& places, bool last);

    cli::Metric& changes = counter("changes_total", "Change lines made");
    cli::Metric& records = counter("records_total", "Records read");
    cli::Metric& read = counter("read_bytes_total", "Bytes of keys and values of records read");
    cli::Histogram& batch_records = counts("batch_records", "Records that came at once");
    cli::MetricFamily& partition_records = counters(
        "partition_records_total", "Records read from each partition", {"topic", "partition"});
    cli::MetricFamily& positions =
        gauges("partition_position", "Offset of the next record to read", {"topic", "partition"});
    cli::Metric& passed_over = counter("passed_over_total", "Records passed over by design");
    cli::Metric& dead_letters = counter("dead_letters_total", "Records that are no change");
    cli::Metric& bytes = counter("bytes_total", "Bytes that standard output took");
    cli::Metric& partitions = gauge("partitions", "Partitions that are read now");
    cli::Metric& newest_time = time("newest_timestamp_seconds", "Time of the newest change read");
    cli::Metric& behind =
        age("behind_seconds", "Age of the newest change read, while there is more "
                              "to read; 0 at the end of all partitions");

private:
    std::string line() override;
};

} // namespace cdc::consume

#endif
