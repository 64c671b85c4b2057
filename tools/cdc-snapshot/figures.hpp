#ifndef CDC_SNAPSHOT_FIGURES_HPP
#define CDC_SNAPSHOT_FIGURES_HPP

#include "cli/figures.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace cdc::snapshot {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    /// What the terminal shows; `rate` is in rows a second.
    using Text = std::function<std::string(double rate)>;

    Figures(const cli::MetricsOptions& options, Text text);

    struct Counts {
        std::uint64_t rows;
        std::uint64_t bytes;
        std::size_t tables;
        std::size_t tables_finished;
    };
    /// Calls `tell` with name and rows of each table.
    using TellTables =
        std::function<void(const std::function<void(const std::string&, std::uint64_t)>& tell)>;
    /// Sets what the members below count as a whole; `tables` is asked where figures of each table
    /// are wanted and due, or it is the `last` time.
    void update(const Counts& counts, const TellTables& tables, bool last = false);

    cli::Metric& rows = counter("rows_total", "Rows read, those of earlier runs too");
    cli::MetricFamily& table_rows =
        counters("table_rows_total", "The same of each table", {"table"});
    cli::Metric& bytes = counter("bytes_total", "Bytes that standard output took");
    cli::Metric& tables = gauge("tables", "Tables to read");
    cli::Metric& tables_finished = gauge("tables_finished", "Tables that are finished");
    cli::Histogram& range_rows = counts("range_rows", "Rows of a range that was read");
    cli::Histogram& range_seconds = times("range_seconds", "Time that reading a range takes");

private:
    std::string line() override { return m_text(per_second(rows)); }

    Text m_text;
};

} // namespace cdc::snapshot

#endif
