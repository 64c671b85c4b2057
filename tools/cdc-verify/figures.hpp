#ifndef CDC_VERIFY_FIGURES_HPP
#define CDC_VERIFY_FIGURES_HPP

#include "cdc-verify/report.hpp"
#include "cli/figures.hpp"

#include <string>

namespace cdc::verify {

/// How the work goes and what was found, for Prometheus. The terminal's line is Activity's.
class Figures : public cli::Figures {
public:
    explicit Figures(const cli::MetricsOptions& options);

    /// A table was compared.
    void count(const TableReport& report);

    cli::Metric& rows = counter("rows_total", "Rows of the source that were compared, or counted");
    cli::Metric& tables = gauge("tables", "Tables to compare");
    cli::Metric& tables_finished = counter("tables_finished_total", "Tables that were compared");
    cli::MetricFamily& table_verdict = gauges(
        "table_verdict", "0 the rows are the same, 1 they differ, 2 could not tell", {"table"});
    cli::Metric& missing = counter("missing_rows_total", "Rows that the target lacks");
    cli::Metric& extra = counter("extra_rows_total", "Rows that the source does not have");
    cli::Metric& different = counter("different_rows_total", "Rows whose values differ");
    cli::Metric& unsettled =
        counter("unsettled_rows_total", "Rows that changed too often to be compared");
    cli::Histogram& table_seconds = times("table_seconds", "Time that comparing a table takes");
    cli::Metric& verdict =
        gauge("verdict", "Of all tables, when the comparison is over: the exit status");
    cli::Metric& ended = time("end_timestamp_seconds", "When the comparison was over");

private:
    std::string line() override { return {}; }
};

} // namespace cdc::verify

#endif
