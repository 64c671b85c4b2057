#include "cdc-snapshot/figures.hpp"

namespace cdc::snapshot {

Figures::Figures(const cli::MetricsOptions& options, Text text)
    : cli::Figures{"cdc_snapshot"}, m_text{std::move(text)} {
    publish(options);
}

void Figures::update(const Counts& now, const TellTables& tables_now, bool last) {
    rows.set(static_cast<std::int64_t>(now.rows));
    bytes.set(static_cast<std::int64_t>(now.bytes));
    tables.set(static_cast<std::int64_t>(now.tables));
    tables_finished.set(static_cast<std::int64_t>(now.tables_finished));
    if (tables_wanted() && (last || tables_due())) {
        tables_now([this](const std::string& table, std::uint64_t count) {
            table_rows.of({table}).set(static_cast<std::int64_t>(count));
        });
    }
    show();
}

} // namespace cdc::snapshot
