#include "base/error.hpp"
#include "mysql/change_builder.hpp"
#include "mysql/folded_name.hpp"

#include <algorithm>

/// The part of ChangeBuilder that stops where a column that --leave-out, --mask or --encrypt name
/// goes on under a name that they do not.
namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr auto kKept = event::ColumnEdits::Kind::keep;

std::string full_name(const StatementEffects::TableName& table, const std::string& column) {
    return fmt::format("{}.{}.{}", table.first, table.second, column);
}

[[noreturn]] void refuse_name(const std::string& name, const std::string& other) {
    throw Error{
        ExitCode::refused,
        fmt::format("column {} is called {} elsewhere in the log or the catalog, which "
                    "--leave-out, --mask or --encrypt name: its values would leave as they are",
                    in_quotes(name), in_quotes(other)),
        "Name it by both, also where they are two columns, and give --allow-no-match as long as "
        "one of them is not in the catalog"};
}

/// Of the same kind of value, as a column under another name mostly is.
bool is_alike(const TableMap::Column& one, const TableMap::Column& other) {
    return one.type == other.type || (one.collation != 0 && other.collation != 0);
}

const TableMap::Column* find_column(const TableMap& map, const std::string& name) {
    const auto found = std::find_if(map.columns.begin(), map.columns.end(),
                                    [&](const auto& each) { return each.name == name; });
    return found == map.columns.end() ? nullptr : &*found;
}

bool has_all(const TableMap& map, const TableMap& columns) {
    return std::all_of(columns.columns.begin(), columns.columns.end(),
                       [&](const auto& each) { return find_column(map, each.name) != nullptr; });
}

} // namespace

bool ChangeBuilder::is_edited(const StatementEffects::TableName& table,
                              const std::string& column) const {
    return m_settings.edits.of(table.first, table.second, column).kind != kKept;
}

/// The names that the table had, in the log that was read, and its own.
std::set<StatementEffects::TableName>
ChangeBuilder::names_of_table(const StatementEffects::TableName& table) const {
    std::set<StatementEffects::TableName> out{table};
    if (const auto former = m_effects.former_names.find(table);
        former != m_effects.former_names.end()) {
        out.insert(former->second.begin(), former->second.end());
    }
    return out;
}

/// Whether any of the columns is one that the patterns meet under this name of the table.
bool ChangeBuilder::edits_any(const StatementEffects::TableName& table, const TableMap& map) const {
    return std::any_of(map.columns.begin(), map.columns.end(),
                       [&](const auto& column) { return is_edited(table, column.name); });
}

/// `pairs`: from, to, in the order in which the server renames.
void ChangeBuilder::follow_names(const std::vector<Statement::Name>& pairs) {
    if (m_settings.edits.empty()) {
        return;
    }
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        const StatementEffects::TableName from{pairs[i].db, pairs[i].table};
        const StatementEffects::TableName to{pairs[i + 1].db, pairs[i + 1].table};
        std::set<StatementEffects::TableName> names = names_of_table(from);
        m_effects.former_names.erase(from);
        m_effects.former_names.erase(to);
        // What is not known may be edited: the catalog may have it under a later name.
        const TablePlan* plan = state_of(from.first, from.second).announced;
        const auto now = m_lookup->shape(to.first, to.second);
        std::erase_if(names, [&](const auto& name) {
            return now && !edits_any(name, *now) &&
                   (plan == nullptr || !edits_any(name, plan->map()));
        });
        if (!names.empty()) {
            m_effects.former_names.emplace(to, std::move(names));
        }
    }
}

/// A statement may write a column's name in other letters than the table has.
void ChangeBuilder::check_renamed_columns(const Statement& statement,
                                          const StatementEffects::TableName& table) {
    if (m_settings.edits.empty()) {
        return;
    }
    const TablePlan* plan = state_of(table.first, table.second).announced;
    for (const auto& [from, to] : statement.renamed_columns) {
        std::set<std::string> spelled{from, folded_name(from)};
        for (const TableMap::Column& column :
             plan == nullptr ? std::vector<TableMap::Column>{} : plan->map().columns) {
            if (is_same_name(column.name, from)) {
                spelled.insert(column.name);
            }
        }
        for (const auto& name : names_of_table(table)) {
            for (const std::string& was : spelled) {
                if (is_edited(name, was) && !is_edited(table, to)) {
                    refuse_name(full_name(table, to), full_name(name, was));
                }
            }
        }
    }
}

/// The names are the catalog's: behind these rows a statement may have given them, and others may
/// be the ones that the patterns meet.
void ChangeBuilder::check_names_of_now(const TableMap& map) const {
    const bool all_edited =
        std::all_of(map.columns.begin(), map.columns.end(), [&](const auto& column) {
            return is_edited({map.db, map.table}, column.name);
        });
    if (m_settings.edits.empty() || all_edited) {
        return;
    }
    const std::string statement = m_lookup->names_changed_behind(
        map.db, map.table, {m_cursor.next().file, m_event_start}, m_map_time);
    if (!statement.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("table '{}.{}': the log does not say the names of its columns, by "
                                "which --leave-out, --mask and --encrypt know them, and behind "
                                "these rows stands {}",
                                map.db, map.table, in_quotes(statement)),
                    "Read the table again with a snapshot and begin behind it, or leave it out "
                    "(--exclude); binlog_row_metadata=FULL has the names in the log"};
    }
}

/// Before any row of this shape is put out.
void ChangeBuilder::check_edited(const TableMap& map) {
    if (m_settings.edits.empty()) {
        return;
    }
    const StatementEffects::TableName table{map.db, map.table};
    const auto names = names_of_table(table);
    bool keeps_any = false;
    for (const TableMap::Column& column : map.columns) {
        if (is_edited(table, column.name)) {
            continue;
        }
        keeps_any = true;
        for (const auto& name : names) {
            if (is_edited(name, column.name)) {
                refuse_name(full_name(table, column.name), full_name(name, column.name));
            }
        }
    }
    if (keeps_any) {
        check_catalog(map);
    }
}

/// The log is older than the catalog where the patterns meet the names of now alone.
void ChangeBuilder::check_catalog(const TableMap& map) {
    const StatementEffects::TableName table{map.db, map.table};
    if (const auto now = m_lookup->shape(map.db, map.table)) {
        for (const TableMap::Column& edited : now->columns) {
            if (!is_edited(table, edited.name) || find_column(map, edited.name) != nullptr) {
                continue;
            }
            for (const TableMap::Column& column : map.columns) {
                if (!is_edited(table, column.name) && is_alike(column, edited) &&
                    find_column(*now, column.name) == nullptr) {
                    refuse_name(full_name(table, column.name), full_name(table, edited.name));
                }
            }
        }
        return;
    }
    for (const TableMap& other : m_lookup->all_tables()) {
        if (!captures(other.db, other.table) || !(has_all(map, other) || has_all(other, map))) {
            continue;
        }
        for (const TableMap::Column& column : other.columns) {
            if (is_edited({other.db, other.table}, column.name) &&
                find_column(map, column.name) != nullptr && !is_edited(table, column.name)) {
                refuse_name(full_name(table, column.name),
                            full_name({other.db, other.table}, column.name));
            }
        }
    }
}

/// A column that is new and of no statement stands beside the place of an edited one that is gone:
/// a statement that is not in the log, or was not understood, renamed it.
void ChangeBuilder::check_unseen(const Shape& shape) const {
    const TableState& state = *shape.state;
    if (m_settings.edits.empty() || state.announced == nullptr || state.renamed) {
        return;
    }
    const TableMap& then = state.announced->map();
    const TableMap& now = shape.plan.map();
    const StatementEffects::TableName table{now.db, now.table};
    for (const TableMap::Column& gone : then.columns) {
        if (!is_edited(table, gone.name) || find_column(now, gone.name) != nullptr) {
            continue;
        }
        for (const TableMap::Column& column : now.columns) {
            if (!is_edited(table, column.name) && find_column(then, column.name) == nullptr &&
                !state.named.contains(folded_name(column.name))) {
                refuse_name(full_name(table, column.name), full_name(table, gone.name));
            }
        }
    }
}

} // namespace cdc::mysql
