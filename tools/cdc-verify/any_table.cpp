#include "cdc-verify/any_table.hpp"

#include "base/error.hpp"
#include "clickhouse/identifier.hpp"
#include "event/table_filter.hpp"

#include <algorithm>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using base::in_quotes;

std::vector<Candidate> find_pairs(const Options& options, Source& source) {
    std::vector<Candidate> found;
    const std::vector<TableName> tables = source.all_tables();
    for (const std::string& pair : options.pairs) {
        const auto equals = pair.rfind('=');
        const std::string name = pair.substr(0, equals);
        const event::TableFilter filter{{name}, {}};
        std::vector<Candidate> matching;
        for (const TableName& table : tables) {
            if (filter.matches(table.schema, table.table)) {
                Candidate candidate;
                candidate.schema = table.schema;
                candidate.table = table.table;
                candidate.target = pair.substr(equals + 1);
                candidate.any = true;
                matching.push_back(std::move(candidate));
            }
        }
        if (matching.size() != 1) {
            throw base::Error{
                ExitCode::refused,
                matching.empty()
                    ? fmt::format("the source has no table {}", in_quotes(name))
                    : fmt::format("{} tables of the source are named {}, {} and {} among them",
                                  matching.size(), in_quotes(name), in_quotes(matching[0].name()),
                                  in_quotes(matching[1].name())),
                "--table SCHEMA.TABLE=TARGET"};
        }
        found.push_back(std::move(matching[0]));
    }
    return found;
}

AnyTable find_any_table(Target& target, const std::string& name) {
    AnyTable found;
    auto existing = target.existing("", name);
    std::string sql = clickhouse::quote_identifier(name);
    if (const auto dot = name.find('.'); existing.columns.empty() && dot != std::string::npos) {
        existing = target.existing(name.substr(0, dot), name.substr(dot + 1));
        sql = clickhouse::quote_identifier(name.substr(0, dot)) + "." +
              clickhouse::quote_identifier(name.substr(dot + 1));
    }
    if (existing.columns.empty()) {
        fail(ExitCode::refused, "the target has no table {}", in_quotes(name));
    }
    found.columns = std::move(existing.columns);
    // What such an engine has not merged yet is no row.
    const bool merges = existing.engine.find("Replacing") != std::string::npos ||
                        existing.engine.find("Collapsing") != std::string::npos;
    found.sql = sql + (merges ? " FINAL" : "");
    return found;
}

std::vector<std::string> key_of(const Options& options, const source::TableFacts& facts) {
    if (!options.key.empty()) {
        for (const std::string& name : options.key) {
            const bool known = std::any_of(facts.columns.begin(), facts.columns.end(),
                                           [&](const auto& column) { return column.name == name; });
            if (!known) {
                fail(ExitCode::refused, "{}.{} has no column {}, which --key names", facts.schema,
                     facts.table, in_quotes(name));
            }
        }
        return options.key;
    }
    std::vector<std::string> key;
    for (const source::FactColumn& column : facts.columns) {
        if (column.in_identity) {
            key.push_back(column.name);
        }
    }
    return key;
}

} // namespace cdc::verify
