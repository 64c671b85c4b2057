#ifndef CDC_PUBLISH_FIGURES_HPP
#define CDC_PUBLISH_FIGURES_HPP

#include "cdc-publish/publisher.hpp"
#include "cli/figures.hpp"

#include <string>

namespace cdc::publish {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    explicit Figures(const cli::MetricsOptions& options);

    /// What was sent, and to which topics where that is wanted and due, or it is the `last` time.
    void count(const Publisher& publisher, bool last);

    cli::Metric& lines = counter("lines_total", "Lines read");
    cli::Metric& bytes = counter("bytes_total", "Bytes read");
    cli::Metric& records = counter("records_total", "Records that the brokers have");
    cli::MetricFamily& topic_records =
        counters("topic_records_total", "Records sent to each topic", {"topic"});
    cli::Metric& sent = counter("sent_bytes_total", "Bytes of keys and values of records sent");
    cli::Metric& waiting = gauge("records_waiting", "Records sent, not acknowledged yet");
    cli::Histogram& delivery =
        times("delivery_seconds", "Time from sending a record to its acknowledgement");
    cli::Metric& dead_letters = counter("dead_letters_total", "Lines that became dead letters");
    cli::Metric& transactions = counter("transactions_total", "Transactions committed");
    cli::Histogram& transaction_lines = counts("transaction_lines", "Lines of a transaction");
    cli::Histogram& commit = times("commit_seconds", "Time that committing a transaction takes");
    cli::Metric& retries =
        counter("retries_total", "Transactions that were aborted and sent again");
    cli::Metric& position =
        gauge("position_bytes", "Log position of the source up to which all is durable");
    cli::Metric& behind =
        age("behind_seconds", "Age of the last checkpoint of the source that is durable");
    cli::Metric& checkpoint_time = time("checkpoint_timestamp_seconds",
                                        "When the source made the last checkpoint that is durable");

private:
    std::string line() override;
};

} // namespace cdc::publish

#endif
