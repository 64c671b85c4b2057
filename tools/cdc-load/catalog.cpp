#include "cdc-load/catalog.hpp"

#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"

namespace cdc::load {

using clickhouse::quote_string;

FoundTable find_table(clickhouse::Transport& transport, const std::string& name) {
    const auto rows = clickhouse::parse_tsv(
        transport.query(fmt::format("SELECT engine, sorting_key, comment, as_select, engine_full, "
                                    "toString(data_paths) FROM system.tables WHERE database = "
                                    "currentDatabase() AND name = {}",
                                    quote_string(name)),
                        "TabSeparated"));
    if (rows.empty() || rows[0].size() < 6) {
        return {};
    }
    return {true, rows[0][0], rows[0][1], rows[0][2], rows[0][3], rows[0][4], rows[0][5]};
}

std::vector<clickhouse::ExistingColumn> find_columns(clickhouse::Transport& transport,
                                                     const std::string& name, bool ephemeral) {
    std::vector<clickhouse::ExistingColumn> columns;
    for (auto& row : clickhouse::parse_tsv(transport.query(
             fmt::format("SELECT name, type, default_kind, default_expression FROM system.columns "
                         "WHERE database = currentDatabase() AND table = {}{} ORDER BY position",
                         quote_string(name), ephemeral ? "" : " AND default_kind != 'EPHEMERAL'"),
             "TabSeparated"))) {
        if (row.size() == 4) {
            columns.push_back(
                {std::move(row[0]), std::move(row[1]), std::move(row[2]), std::move(row[3])});
        }
    }
    return columns;
}

std::optional<std::uint64_t> waiting_lines(clickhouse::Transport& transport,
                                           const clickhouse::Target& target) {
    const auto rows = clickhouse::parse_tsv(
        transport.query(fmt::format("SELECT count() FROM {} FINAL WHERE _done = 0",
                                    clickhouse::quote_identifier(target.pending)),
                        "TabSeparated"));
    return rows.empty() ? std::nullopt : base::parse_integer<std::uint64_t>(rows[0][0]);
}

} // namespace cdc::load
