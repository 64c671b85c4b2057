#ifndef CDC_CAPTURE_FIGURES_HPP
#define CDC_CAPTURE_FIGURES_HPP

#include "cli/figures.hpp"
#include "event/change_counts.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <deque>
#include <string>

namespace cdc::capture {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    explicit Figures(const cli::MetricsOptions& options);

    /// Counts what `changes` has by table, where that is wanted and due, or `now`.
    void count_tables(event::ChangeCounts& changes, bool now = false);
    /// A transaction was read whole, with which `made` change lines were made in all.
    void count_transaction(std::uint64_t made);

    cli::Metric& changes = counter("changes_total", "Change lines made");
    cli::MetricFamily& table_changes =
        counters("table_changes_total", "The same of each table", {"table"});
    cli::Metric& transactions = counter("transactions_total", "Transactions read whole");
    cli::Histogram& transaction_changes =
        counts("transaction_changes", "Change lines of a transaction");
    cli::Metric& read = counter("read_bytes_total", "Bytes of the log that the server sent");
    cli::Metric& stale = counter("stale_tables_total",
                                 "Marks: rows of a table may have changed without change lines");
    cli::Metric& bytes = counter("bytes_total", "Bytes that standard output took");
    cli::Metric& connections = counter("connections_total", "Connections made");
    cli::Metric& retries = counter("retries_total", "Connections tried again after an error");
    cli::Metric& position = gauge("position_bytes", "Log position up to which all was put out");
    cli::Metric& confirmed =
        gauge("confirmed_position_bytes", "Log position confirmed to the server");
    cli::Metric& commit_time =
        time("last_commit_timestamp_seconds", "Commit time of the last transaction read");
    cli::Metric& behind =
        age("behind_seconds", "Age of the last transaction read, while the server "
                              "has more; 0 when all that it sent is read");
    cli::Metric& spool = gauge("spool_bytes", "Bytes kept of transactions that run");
    cli::Histogram& acknowledged = times(
        "acknowledged_seconds", "Time from a checkpoint line to its return in the checkpoint file");

private:
    std::string line() override;

    std::uint64_t m_changes_at_commit = 0;
};

/// How long checkpoint lines take to come back.
class AcknowledgedTimes {
public:
    explicit AcknowledgedTimes(cli::Histogram& times) : m_times{times} {}

    /// A checkpoint line of `order` left us. Those that are too many are not timed.
    void emitted(event::Order order, std::int64_t now_ms);
    /// Everything up to `order` came back.
    void returned(event::Order order, std::int64_t now_ms);

private:
    static constexpr std::size_t kMaxWaiting = 4096;
    struct Emitted {
        event::Order order;
        std::int64_t ms;
    };
    cli::Histogram& m_times;
    std::deque<Emitted> m_waiting;
};

} // namespace cdc::capture

#endif
