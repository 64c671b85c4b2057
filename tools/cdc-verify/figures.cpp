#include "cdc-verify/figures.hpp"

namespace cdc::verify {

Figures::Figures(const cli::MetricsOptions& options) : cli::Figures{"cdc_verify"} {
    publish(options);
}

void Figures::count(const TableReport& report) {
    tables_finished.add();
    rows.add(static_cast<std::int64_t>(report.source_rows.value_or(0)));
    missing.add(static_cast<std::int64_t>(report.missing));
    extra.add(static_cast<std::int64_t>(report.extra));
    different.add(static_cast<std::int64_t>(report.different));
    unsettled.add(static_cast<std::int64_t>(report.unsettled));
    table_seconds.observe(report.ms);
    if (tables_wanted()) {
        table_verdict.of({report.table}).set(static_cast<std::int64_t>(report.verdict()));
    }
}

} // namespace cdc::verify
