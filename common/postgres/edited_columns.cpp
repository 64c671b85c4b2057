#include "postgres/edited_columns.hpp"

#include "base/error.hpp"

namespace cdc::postgres {

using base::ExitCode;
using base::in_quotes;
using Kind = event::ColumnEdits::Kind;

namespace {

std::string display_name(std::string_view schema, std::string_view table, std::string_view column) {
    return fmt::format("{}.{}.{}", schema, table, column);
}

bool is_edited(const FactsLook& look, std::uint32_t table, int column) {
    const auto found = look.edited.find(table);
    return found != look.edited.end() && found->second.contains(column);
}

} // namespace

void EditedColumns::refuse(const std::string& name, const std::string& other) {
    throw base::Error{
        ExitCode::refused,
        fmt::format("column {} is called {} elsewhere in the log or the catalog, which "
                    "--leave-out, --mask or --encrypt name: its values would leave as they are",
                    in_quotes(name), in_quotes(other)),
        "Name it by both, and give --allow-no-match until all changes of the old name are "
        "acknowledged; to let its values pass, name it by neither."};
}

/// A column that no pattern meets: whether one meets the names that it and its table have now.
void EditedColumns::check(const pgoutput::Relation& relation, const ColumnFacts& fact,
                          std::string_view column, const NameNow& now) const {
    const auto refuse_if_edited = [&](std::string_view other) {
        if (m_edits->of(now.schema, now.table, other).kind != Kind::keep) {
            refuse(display_name(relation.schema, relation.name, column),
                   display_name(now.schema, now.table, other));
        }
    };
    refuse_if_edited(column);
    for (const std::string& other : fact.other_names) {
        refuse_if_edited(other);
    }
}

void EditedColumns::take(const pgoutput::Relation& relation, const std::vector<ColumnFacts>& facts,
                         SourceLookup& source) {
    if (m_edits->empty() || facts.size() != relation.columns.size()) {
        return;
    }
    const NameNow stream{std::string{relation.schema}, std::string{relation.name}};
    const NameNow now = source.name_of(relation.id).value_or(stream);
    Names& known = m_names[relation.id];
    for (std::size_t i = 0; i < facts.size(); ++i) {
        const std::string_view column = relation.columns[i].name;
        std::string name = display_name(relation.schema, relation.name, column);
        const int number = facts[i].column.number;
        if (m_edits->of(relation.schema, relation.name, column).kind != Kind::keep) {
            if (number != 0) {
                known[number] = std::move(name);
            }
            continue;
        }
        if (const auto before = known.find(number); before != known.end()) {
            refuse(name, before->second);
        }
        check(relation, facts[i], column, stream);
        check(relation, facts[i], column, now);
    }
}

void EditedColumns::take(const FactsLook& look) {
    if (m_edits->empty()) {
        return;
    }
    for (const event::Facts& table : look.tables) {
        const auto known = m_names.find(table.oid);
        if (known != m_names.end()) {
            for (const event::ColumnFact& column : table.columns) {
                const auto before = known->second.find(column.number);
                if (before != known->second.end() && !is_edited(look, table.oid, column.number)) {
                    refuse(display_name(table.schema, table.table, column.name), before->second);
                }
            }
        }
    }
    for (const auto& [oid, columns] : look.edited) {
        const event::Facts* table = find_table(look, oid);
        for (const auto& [number, column] : columns) {
            m_names[oid][number] = display_name(table->schema, table->table, column);
        }
    }
}

} // namespace cdc::postgres
