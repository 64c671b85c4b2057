#include "cdc-verify/tables.hpp"

#include "base/error.hpp"
#include "cdc-verify/any_table.hpp"
#include "clickhouse/stored_name.hpp"
#include "event/table_filter.hpp"

#include <fmt/ranges.h>
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
    // Beside one pair no table need be named.
    return table.any && options.pairs.size() == 1 && options.where.size() == 1
               ? options.where.front()
               : std::string{};
}

} // namespace

std::vector<Candidate> find_tables(const Options& options, Source& source, Target& target) {
    if (!options.pairs.empty()) {
        return find_pairs(options, source);
    }
    const event::TableFilter filter{options.tables, options.exclude};
    std::vector<Candidate> found;
    const clickhouse::TargetState state = clickhouse::read_target_state(target.transport());
    for (const auto& table : state.tables) {
        const auto origin = nlohmann::json::parse(table.source, nullptr, false);
        const auto name = origin.is_object()
                              ? source.table_of(origin.value("db", ""), origin.value("schema", ""),
                                                origin.value("table", ""))
                              : std::nullopt;
        if (name && filter.matches(name->schema, name->table)) {
            found.push_back({name->schema, name->table, table.name, table.layout});
        }
    }
    for (const TableName& table : source.captured_tables(options, state, filter)) {
        const bool there = std::any_of(found.begin(), found.end(), [&](const Candidate& other) {
            return other.schema == table.schema && other.table == table.table;
        });
        if (!there) {
            found.push_back({table.schema, table.table, "", ""});
        }
    }
    if (found.empty()) {
        throw base::Error{ExitCode::refused,
                          fmt::format("the target holds no table of {} that was asked for",
                                      source.database().empty()
                                          ? source.description()
                                          : "database " + in_quotes(source.database())),
                          "Its table _cdc_state lists what it holds."};
    }
    std::sort(found.begin(), found.end(),
              [](const Candidate& a, const Candidate& b) { return a.name() < b.name(); });
    return found;
}

namespace {

/// The target's columns of a table that cdc-load fills, as its view gives them.
std::vector<Target::ExistingColumn> loaded_columns(const Candidate& candidate, Target& target,
                                                   Table& table) {
    table.set_target(candidate.target, candidate.layout);
    std::vector<Target::ExistingColumn> columns;
    auto all = target.existing("", table.names.stored).columns;
    if (all.empty()) {
        fail(ExitCode::refused, "the target has no table for {}", in_quotes(candidate.name()));
    }
    for (auto& column : all) {
        if (!table.layout->is_own(column.stored)) {
            column.name = clickhouse::source_column(column.stored, *table.layout);
            columns.push_back(std::move(column));
        }
    }
    const auto view = target.existing("", table.names.view).columns;
    table.has_view = !view.empty();
    for (auto& column : columns) { // what a query of the view gives
        const auto shown = std::find_if(
            view.begin(), view.end(), [&](const auto& other) { return other.name == column.name; });
        if (shown != view.end()) {
            column.type = shown->type;
        } else if (table.has_view) {
            column.type.clear();
        }
    }
    return columns;
}

/// "": it can be compared.
std::string why_not(const Table& table, const Target::ExistingColumn* column) {
    if (column == nullptr) {
        return "the target does not have it";
    }
    if (column->type.empty()) {
        return fmt::format("the target's view {} does not have it", in_quotes(table.names.view));
    }
    return why_not_comparable(column->type);
}

} // namespace

std::optional<Table> describe(const Options& options, const Candidate& candidate, Source& source,
                              Target& target,
                              const std::shared_ptr<const event::ColumnEdits>& edits) {
    auto facts = source.facts(candidate.schema, candidate.table);
    if (!facts) {
        return std::nullopt;
    }
    Table table;
    std::vector<Target::ExistingColumn> existing;
    if (candidate.any) {
        AnyTable any = find_any_table(target, candidate.target);
        existing = std::move(any.columns);
        table.target = candidate.target;
        table.any_table = any.sql;
        table.has_position = !options.checkpoint.empty();
        const auto key = key_of(options, *facts);
        for (auto& column : existing) {
            column.key = std::find(key.begin(), key.end(), column.name) != key.end();
        }
    } else {
        existing = loaded_columns(candidate, target, table);
    }
    table.edits = edits;
    table.where = condition_of(options, candidate);
    for (const source::FactColumn& column : facts->columns) {
        const auto edit = edits->of(facts->schema, facts->table, column.name);
        const auto found = std::find_if(existing.begin(), existing.end(),
                                        [&](const auto& e) { return e.name == column.name; });
        const Target::ExistingColumn* other = found == existing.end() ? nullptr : &*found;
        const bool key = other != nullptr && other->key;
        table.edited = table.edited || edit.kind != event::ColumnEdits::Kind::keep;
        if (key && edit.kind == event::ColumnEdits::Kind::encrypt_random) {
            throw event::random_key(column.name, candidate.name());
        }
        if (edit.kind == event::ColumnEdits::Kind::leave_out ||
            edit.kind == event::ColumnEdits::Kind::encrypt_random ||
            (!key && excluded(options, candidate, column.name))) {
            table.left_out.push_back(column.name);
            continue;
        }
        if (const std::string why = why_not(table, other); !why.empty()) {
            if (other == nullptr && column.generated && !candidate.any) {
                table.generated.push_back(column.name);
            } else {
                table.not_compared.push_back({column.name, why});
            }
            continue;
        }
        table.columns.push_back(source.pair(column, other->type, other->stored));
        table.columns.back().key = key;
        if (edit.kind != event::ColumnEdits::Kind::keep) {
            mask_column(table.columns.back(), edit, edits);
            table.masked_key |= key;
        }
        if (key) {
            const Column& added = table.columns.back();
            table.masked_key |= added.array.has_value() || added.codec.is_array();
            table.key.push_back(table.columns.size() - 1);
        }
    }
    for (const auto& column : existing) {
        if (std::none_of(facts->columns.begin(), facts->columns.end(),
                         [&](const auto& fact) { return fact.name == column.name; })) {
            table.target_only.push_back(column.name);
        }
    }
    if (!table.has_view) {
        table.not_compared.push_back(
            {"(all)", fmt::format("the target has no view {}, which people would query",
                                  in_quotes(table.names.view))});
    }
    const auto keys = std::count_if(existing.begin(), existing.end(),
                                    [](const auto& column) { return column.key; });
    if (candidate.any && !options.key.empty() && options.key.size() != table.key.size()) {
        fail(ExitCode::refused, "{} has no column of a comparable type for each of --key",
             in_quotes(candidate.target));
    }
    const bool nothing = table.columns.empty() && !existing.empty();
    if (nothing || static_cast<std::size_t>(keys) != table.key.size()) {
        fail(ExitCode::refused, "the source's {} lacks columns of the target's key",
             in_quotes(candidate.name()));
    }
    table.facts = std::move(*facts);
    return table;
}

std::string describe_restriction(const Options& options, const Table& table) {
    std::vector<std::string> parts;
    if (options.sample < 1) {
        parts.push_back(fmt::format("{}% of the rows", options.sample * 100));
    }
    if (!table.where.empty()) {
        parts.push_back("rows where " + table.where);
    }
    if (!table.left_out.empty()) {
        parts.push_back(fmt::format("without {}", fmt::join(table.left_out, ", ")));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

bool compares_all_columns(const Options& options, const Table& table) {
    return options.sample >= 1 && options.float_tolerance <= 0 && !options.counts &&
           table.any_table.empty() && table.where.empty() && table.left_out.empty() &&
           table.not_compared.empty() && !table.edited;
}

bool compares_all(const Options& options, const Table& table) {
    return !options.by_keys() && compares_all_columns(options, table);
}

} // namespace cdc::verify
