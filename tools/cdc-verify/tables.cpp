#include "cdc-verify/tables.hpp"

#include "base/error.hpp"
#include "event/checkpoint.hpp"
#include "event/table_filter.hpp"
#include "postgres/scan_table.hpp"
#include "postgres/slot.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

bool excluded(const Options& options, const Candidate& table, const std::string& column) {
    return std::any_of(options.exclude_columns.begin(), options.exclude_columns.end(),
                       [&](const std::string& name) {
                           return name == column || name == table.table + "." + column ||
                                  name == table.name() + "." + column;
                       });
}

std::string condition_of(const Options& options, const Candidate& table) {
    for (const std::string& text : options.where) {
        const auto equals = text.find('=');
        const std::string name = text.substr(0, equals);
        if (name == table.table || name == table.name()) {
            return text.substr(equals + 1);
        }
    }
    return {};
}

std::vector<std::string> publications(const Options& options, const clickhouse::TargetState& state,
                                      const std::string& database) {
    if (!options.publication.empty()) {
        return {options.publication};
    }
    std::vector<std::string> names;
    for (const auto& source : state.sources) {
        const auto checkpoint =
            event::parse_checkpoint(source.checkpoint, "the target's checkpoint");
        if (checkpoint.kind == "postgres" && checkpoint.database == database &&
            !checkpoint.slot.empty() && (options.slot.empty() || checkpoint.slot == options.slot)) {
            names.push_back(checkpoint.slot);
        }
    }
    return names;
}

} // namespace

std::vector<Candidate> find_tables(const Options& options, Source& source, Target& target,
                                   const std::string& database) {
    const event::TableFilter filter{options.tables, options.exclude};
    std::vector<Candidate> found;
    const clickhouse::TargetState state = clickhouse::read_target_state(target.transport());
    for (const auto& table : state.tables) {
        const auto origin = nlohmann::json::parse(table.source, nullptr, false);
        if (!origin.is_object() || origin.value("db", "") != database) {
            continue;
        }
        Candidate candidate{origin.value("schema", ""), origin.value("table", ""), table.name,
                            table.layout, table.stale};
        if (filter.matches(candidate.schema, candidate.table)) {
            found.push_back(std::move(candidate));
        }
    }
    for (const std::string& publication : publications(options, state, database)) {
        if (!postgres::inspect_publication(source.connection(), publication)) {
            if (publication == options.publication) {
                fail(ExitCode::refused, "the source has no publication {}", in_quotes(publication));
            }
            continue;
        }
        for (const auto& table :
             postgres::list_scan_tables(source.connection(), publication, filter)) {
            const bool there = std::any_of(found.begin(), found.end(), [&](const Candidate& other) {
                return other.schema == table.schema && other.table == table.name;
            });
            if (!there) {
                found.push_back({table.schema, table.name, "", "", ""});
            }
        }
    }
    if (found.empty()) {
        throw base::Error{ExitCode::refused,
                          fmt::format("the target holds no table of database {} that was asked for",
                                      in_quotes(database)),
                          "Its table _cdc_state lists what it holds."};
    }
    std::sort(found.begin(), found.end(),
              [](const Candidate& a, const Candidate& b) { return a.name() < b.name(); });
    return found;
}

Table describe(const Options& options, const Candidate& candidate, Source& source, Target& target,
               const std::shared_ptr<const postgres::ColumnEdits>& edits) {
    auto facts = postgres::read_table_facts(source.connection(), candidate.schema, candidate.table);
    if (!facts) {
        fail(ExitCode::refused, "the source has no table {}", in_quotes(candidate.name()));
    }
    Table table;
    table.set_target(candidate.target, candidate.layout);
    const auto existing = target.columns(table);
    if (existing.empty()) {
        fail(ExitCode::refused, "the target has no table for {}", in_quotes(candidate.name()));
    }
    table.edits = edits;
    table.stale = candidate.stale;
    table.where = condition_of(options, candidate);
    for (const postgres::FactColumn& column : facts->columns) {
        const auto edit = edits->of(facts->schema, facts->table, column.name);
        if (edit.kind == postgres::ColumnEdits::Kind::leave_out) {
            continue;
        }
        const auto other = std::find_if(existing.begin(), existing.end(),
                                        [&](const auto& e) { return e.name == column.name; });
        if (other == existing.end()) {
            if (!column.generated && !excluded(options, candidate, column.name)) {
                table.not_compared.push_back(column.name);
            }
            continue;
        }
        if (!other->key && excluded(options, candidate, column.name)) {
            continue;
        }
        table.columns.push_back(
            pair_column(column, source.connection().quoted_name(column.name), other->type));
        table.columns.back().key = other->key;
        if (edit.kind != postgres::ColumnEdits::Kind::keep) {
            mask_column(table.columns.back(), edit, edits);
            table.masked_key |= other->key;
        }
        if (other->key) {
            table.key.push_back(table.columns.size() - 1);
        }
    }
    const auto keys = std::count_if(existing.begin(), existing.end(),
                                    [](const auto& column) { return column.key; });
    if (table.columns.empty() || static_cast<std::size_t>(keys) != table.key.size()) {
        fail(ExitCode::refused, "the source's {} lacks columns of the target's key",
             in_quotes(candidate.name()));
    }
    table.facts = std::move(*facts);
    return table;
}

} // namespace cdc::verify
