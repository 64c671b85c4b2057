#include "cdc-verify/patterns.hpp"

#include "clickhouse/target_state.hpp"
#include "event/pattern_check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::verify {

namespace {

/// Tables that the source dropped are still in the target.
void add_tables_of_target(std::vector<event::PresentTable>& present, const Source& source,
                          Target& target) {
    for (const auto& table : clickhouse::read_target_state(target.transport()).tables) {
        const auto origin = nlohmann::json::parse(table.source, nullptr, false);
        const auto name = origin.is_object()
                              ? source.table_of(origin.value("db", ""), origin.value("schema", ""),
                                                origin.value("table", ""))
                              : std::nullopt;
        if (name) {
            present.push_back({name->schema, name->table, {}});
        }
    }
}

} // namespace

void check_patterns(const Options& options, Source& source, Target& target) {
    const event::ColumnEdits edits = options.edits();
    auto present = source.present_tables(options);
    if (options.pairs.empty()) { // else the target need not be one that cdc-load fills
        add_tables_of_target(present, source, target);
    }
    std::vector<std::string> names;
    std::vector<std::string> columns;
    for (const event::PresentTable& table : present) {
        names.insert(names.end(), {table.table, table.schema + "." + table.table});
        for (const std::string& column : table.columns) {
            columns.insert(columns.end(), {column, table.table + "." + column,
                                           table.schema + "." + table.table + "." + column});
        }
    }
    event::PatternCheck check{std::move(present), source.description()};
    check.tables("--tables", options.tables);
    check.tables("--exclude", options.exclude);
    edits.check(check);
    for (const std::string& name : options.exclude_columns) {
        check.name("--exclude-columns", name, "column", columns);
    }
    for (const std::string& where : options.where) {
        if (options.pairs.size() != 1) { // where no table need be named
            check.name("--where", where.substr(0, where.find('=')), "table", names);
        }
    }
    check.finish(options.allow_no_match);
}

} // namespace cdc::verify
