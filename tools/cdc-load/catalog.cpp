#include "cdc-load/catalog.hpp"

#include "clickhouse/identifier.hpp"

namespace cdc::load {

using clickhouse::quote_string;

FoundTable find_table(clickhouse::Transport& transport, const std::string& name) {
    const auto rows = clickhouse::parse_tsv(transport.query(
        fmt::format(
            "SELECT engine, sorting_key, comment, as_select FROM system.tables WHERE database = "
            "currentDatabase() AND name = {}",
            quote_string(name)),
        "TabSeparated"));
    if (rows.empty() || rows[0].size() < 4) {
        return {};
    }
    return {true, rows[0][0], rows[0][1], rows[0][2], rows[0][3]};
}

std::vector<clickhouse::ExistingColumn> find_columns(clickhouse::Transport& transport,
                                                     const std::string& name) {
    std::vector<clickhouse::ExistingColumn> columns;
    for (auto& row : clickhouse::parse_tsv(
             transport.query(fmt::format("SELECT name, type FROM system.columns WHERE database = "
                                         "currentDatabase() AND table = {} ORDER BY position",
                                         quote_string(name)),
                             "TabSeparated"))) {
        if (row.size() == 2) {
            columns.push_back({std::move(row[0]), std::move(row[1])});
        }
    }
    return columns;
}

} // namespace cdc::load
