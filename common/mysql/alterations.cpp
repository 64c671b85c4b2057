#include "base/error.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"
#include "event/shape_change.hpp"
#include "mysql/change_builder.hpp"
#include "mysql/folded_name.hpp"
#include "source/server_error.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

/// The part of ChangeBuilder that tells what an ALTER TABLE does to the rows of its table.
namespace cdc::mysql {

using base::in_quotes;

namespace {

constexpr std::string_view kMayHaveChanged = "an ALTER TABLE may have changed rows that were there";

bool is_number(std::string_view type) {
    return type.find("int") != type.npos || type.starts_with("decimal");
}

/// Whether stored values keep their text under the labels of `now`. That of a set is written in the
/// order of its labels.
bool keeps_labels(const event::Column& then, const ColumnDefinition& now) {
    auto from = now.labels.begin();
    for (const std::string& label : then.labels) {
        const auto found = std::find(from, now.labels.end(), label);
        if (found == now.labels.end()) {
            return false;
        }
        from = now.type == "set" ? found + 1 : now.labels.begin();
    }
    return true;
}

} // namespace

void ChangeBuilder::alter(const Statement& statement, const std::string& current_db,
                          std::string& out) {
    const Statement::Name& name = statement.tables[0];
    const std::string& db = name.db.empty() ? current_db : name.db;
    if (captures(db, name.table)) {
        check_renamed_columns(statement, {db, name.table});
        TableState& state = state_of(db, name.table);
        for (const std::string& added : statement.added_columns) {
            state.named.insert(folded_name(added));
        }
        for (const auto& renamed : statement.renamed_columns) {
            state.named.insert(folded_name(renamed.second));
        }
        const std::string came_back = column_that_came_back(statement, db);
        forget_dropped(statement, {db, name.table});
        state_of(db, name.table).generated.reset();
        std::string reason;
        if (statement.alteration == Statement::Alteration::drops_rows) {
            reason = "an ALTER TABLE took rows away";
        } else if (statement.alteration != Statement::Alteration::keeps_values) {
            reason = kMayHaveChanged;
        } else if (!came_back.empty()) {
            reason = fmt::format("column {} was dropped and made anew", in_quotes(came_back));
        } else {
            if (!statement.added_columns.empty() && !m_settings.minimal_metadata) {
                m_effects.unannounced.insert({db, name.table});
            }
            reason = effect_on_rows(statement, db, out);
        }
        if (!reason.empty()) {
            state_of(db, name.table).columns_followed = false;
            m_effects.unannounced.erase({db, name.table});
            m_effects.constants.erase({db, name.table});
            mark(db, name.table, reason, out);
        }
    }
    const Statement::Name& other = statement.exchanged;
    const std::string& other_db = other.db.empty() ? current_db : other.db;
    if (!other.table.empty() && captures(other_db, other.table)) {
        mark(other_db, other.table,
             fmt::format("its rows became those of a partition of '{}.{}', or the other way round",
                         db, name.table),
             out);
    }
    if (!statement.renamed_to.empty()) {
        rename({name, {statement.renamed_to_db, statement.renamed_to}}, current_db, out);
    }
}

void ChangeBuilder::forget_dropped(const Statement& statement,
                                   const StatementEffects::TableName& table) {
    const auto constants = m_effects.constants.find(table);
    if (constants == m_effects.constants.end()) {
        return;
    }
    std::vector<std::string> columns = statement.dropped_columns;
    if (!statement.adds_missing) { // they are not those of before
        columns.insert(columns.end(), statement.added_columns.begin(),
                       statement.added_columns.end());
    }
    for (const std::string& column : columns) {
        std::erase_if(constants->second,
                      [&](const auto& each) { return is_same_name(each.first, column); });
    }
    if (constants->second.empty()) {
        m_effects.constants.erase(constants);
    }
}

/// What columns that were added or modified did to rows that are there: "": nothing, or a table
/// line says it. It is told against the columns of the last table line, which the statements since
/// then have changed.
std::string ChangeBuilder::effect_on_rows(const Statement& statement, const std::string& db,
                                          std::string& out) {
    TableState& state = state_of(db, statement.tables[0].table);
    const auto gives_values = [](const ColumnDefinition& added) {
        return value_of_old_rows(added).value_or("") != "null";
    };
    const StatementEffects::TableName table{db, statement.tables[0].table};
    std::vector<ColumnDefinition> with_values;
    if (state.announced == nullptr || !state.columns_followed) {
        state.columns_followed = false;
        std::copy_if(statement.added.begin(), statement.added.end(),
                     std::back_inserter(with_values), gives_values);
        const bool known =
            with_values.empty() || (!statement.adds_missing && keep_constants(with_values, table));
        return known && statement.modified.empty() ? "" : std::string{kMayHaveChanged};
    }
    std::vector<event::Column> columns = state.columns.value_or(state.announced->shape().columns);
    const auto find = [&](const std::string& column) {
        return std::find_if(columns.begin(), columns.end(), [&](const event::Column& each) {
            return is_same_name(each.name, column);
        });
    };
    for (const std::string& dropped : statement.dropped_columns) {
        columns.erase(
            std::remove_if(columns.begin(), columns.end(),
                           [&](const auto& each) { return is_same_name(each.name, dropped); }),
            columns.end());
    }
    if (std::string reason = modified(statement, columns); !reason.empty()) {
        return reason;
    }
    if (became_bytes(statement, db)) {
        return std::string{kMayHaveChanged};
    }
    if (std::string reason = generated_anew(statement, db, columns); !reason.empty()) {
        return reason;
    }
    for (const ColumnDefinition& added : statement.added) {
        if (find(added.name) == columns.end()) { // else IF NOT EXISTS did nothing
            if (gives_values(added)) {
                with_values.push_back(added);
            }
            event::Column column;
            column.name = added.name;
            column.type = added.type;
            column.labels = added.labels;
            column.nullable = !added.not_null;
            columns.push_back(std::move(column));
        }
    }
    for (const std::string& added : statement.added_columns) {
        if (find(added) == columns.end()) { // its type is not followed, and it is NULL in old rows
            columns.emplace_back().name = added;
        }
    }
    if (!with_values.empty() && !announce_added(with_values, table, columns, out) &&
        !keep_constants(with_values, table)) {
        return std::string{kMayHaveChanged};
    }
    state.columns = std::move(columns);
    return "";
}

/// Whether a modified text is one of bytes now, as its table's default charset is: no word of the
/// statement says so.
bool ChangeBuilder::became_bytes(const Statement& statement, const std::string& db) const {
    const auto is_text = [](const ColumnDefinition& column) {
        return !is_number(column.type);
    };
    if (std::none_of(statement.modified.begin(), statement.modified.end(), is_text)) {
        return false;
    }
    const std::optional<TableMap> map = m_lookup->shape(db, statement.tables[0].table);
    return !map || std::any_of(map->columns.begin(), map->columns.end(), [&](const auto& column) {
        const Charset* charset = charset_of_collation(column.collation);
        return charset != nullptr && charset->kind == Charset::Kind::binary &&
               std::any_of(
                   statement.modified.begin(), statement.modified.end(),
                   [&](const auto& now) { return now.name == column.name && is_text(now); });
    });
}

/// The server makes the values of generated columns anew, in each row, where a column that their
/// expression names is modified. "": there are none.
std::string ChangeBuilder::generated_anew(const Statement& statement, const std::string& db,
                                          const std::vector<event::Column>& columns) const {
    if (statement.modified.empty()) {
        return "";
    }
    const TableFacts facts = m_lookup->describe(db, statement.tables[0].table);
    for (const auto& generated : facts.generated) {
        const bool in_rows = std::any_of(columns.begin(), columns.end(), [&](const auto& column) {
            return is_same_name(column.name, generated.first);
        });
        for (const ColumnDefinition& now : statement.modified) {
            if (in_rows && may_name(generated.second, now.name)) {
                return fmt::format("an ALTER TABLE changed column {}, from which {} is generated",
                                   in_quotes(now.name), in_quotes(generated.first));
            }
        }
    }
    return "";
}

/// Puts the modified columns in place. The reason why rows may differ now; "": they do not.
std::string ChangeBuilder::modified(const Statement& statement,
                                    std::vector<event::Column>& columns) const {
    for (const ColumnDefinition& now : statement.modified) {
        const auto then = std::find_if(columns.begin(), columns.end(),
                                       [&](const auto& each) { return each.name == now.name; });
        if (then == columns.end()) {
            return std::string{kMayHaveChanged};
        }
        if (!event::keeps_values(then->type, now.type) || !keeps_labels(*then, now)) {
            return fmt::format("an ALTER TABLE changed column {} from {} to {}",
                               in_quotes(now.name), in_quotes(then->type), in_quotes(now.type));
        }
        // Where the session is not strict, NULL becomes a value, and a text of another charset what
        // that one can hold.
        if (!statement.strict && ((then->nullable && now.not_null) || !is_number(now.type))) {
            return std::string{kMayHaveChanged};
        }
        then->type = now.type;
        then->labels = now.labels;
        then->nullable = !now.not_null;
    }
    return "";
}

/// Writes a table line that says what rows have that are older than the added columns. The catalog
/// gives its shape; false: it shows other columns than `columns`, as it does when later statements
/// were run meanwhile, or a value is not known.
bool ChangeBuilder::announce_added(const std::vector<ColumnDefinition>& with_values,
                                   const StatementEffects::TableName& table,
                                   const std::vector<event::Column>& columns, std::string& out) {
    const std::optional<TableMap> map = m_lookup->shape(table.first, table.second);
    std::map<std::string, std::string> constants;
    for (const ColumnDefinition& added : with_values) {
        std::optional<std::string> value = value_of_old_rows(added);
        if (!map || !value) {
            return false;
        }
        constants.emplace(added.name, std::move(*value));
    }
    const auto before = m_effects.constants[table];
    constants.insert(before.begin(), before.end());
    m_effects.constants[table] = std::move(constants);
    Shape shape = captured_shape(*map);
    const std::vector<event::Column>& shown = shape.plan.shape().columns;
    const bool same = shown.size() == columns.size() &&
                      std::all_of(columns.begin(), columns.end(), [&](const auto& column) {
                          return std::any_of(shown.begin(), shown.end(), [&](const auto& each) {
                              return each.name == column.name &&
                                     (column.type.empty() ||
                                      (each.type == column.type && each.labels == column.labels));
                          });
                      });
    if (!same) {
        m_effects.constants[table] = before;
        return false;
    }
    shape.state->announced = nullptr;
    const Shape& kept = m_shapes
                            .insert_or_assign("added" + ('\0' + table.first + '\0') + table.second,
                                              std::move(shape))
                            .first->second;
    announce(kept, m_writer.next_index(), out);
    return true;
}

/// What rows have that are older than the added columns, without a table line: the shape of now may
/// be that of a later statement, or the one before is not known. False: a value is not known, or
/// the catalog shows that a column is of another type than the statement says.
bool ChangeBuilder::keep_constants(const std::vector<ColumnDefinition>& with_values,
                                   const StatementEffects::TableName& table) {
    if (m_settings.minimal_metadata || !m_settings.edits.empty()) {
        return false;
    }
    const std::optional<TableMap> map = m_lookup->shape(table.first, table.second);
    if (!map) {
        return false;
    }
    const Shape shape = captured_shape(*map);
    std::map<std::string, std::string> constants;
    for (const ColumnDefinition& added : with_values) {
        const auto& shown = shape.plan.shape().columns;
        const bool same = std::any_of(shown.begin(), shown.end(), [&](const event::Column& each) {
            return each.name == added.name && each.type == added.type &&
                   each.labels == added.labels;
        });
        std::optional<std::string> value = value_of_old_rows(added);
        if (!same || !value) {
            return false;
        }
        constants.emplace(added.name, std::move(*value));
    }
    for (auto& [column, value] : constants) {
        m_effects.constants[table][column] = std::move(value);
    }
    return true;
}

void ChangeBuilder::tell_columns(bool may_ask, std::string& out) {
    const std::uint64_t read_to = m_complete.order_position();
    if (m_in_transaction || m_in_group || has_more() || read_to < m_emitted_position) {
        return;
    }
    std::map<StatementEffects::TableName, ShapeNow> asked;
    const std::set<StatementEffects::TableName> tables = m_effects.unannounced;
    for (const StatementEffects::TableName& table : tables) {
        if (may_ask && !m_shapes_now.contains(table)) {
            asked[table].map = m_lookup->shape(table.first, table.second);
        }
    }
    const std::uint64_t end = asked.empty() ? 0 : m_lookup->end_of_log(); // behind the answers
    for (auto& [table, shape] : asked) {
        shape.end = end;
        m_shapes_now.emplace(table, std::move(shape));
    }
    for (const StatementEffects::TableName& table : tables) {
        const auto shape = m_shapes_now.find(table);
        if (shape == m_shapes_now.end() || read_to < shape->second.end) {
            continue;
        }
        std::optional<TableMap> map = std::move(shape->second.map);
        m_shapes_now.erase(shape);
        m_effects.unannounced.erase(table);
        try {
            if (map) {
                tell_shape(std::move(*map), out);
            }
        } catch (const source::ServerError&) {
            throw;
        } catch (const base::Error& error) {
            if (error.code() != base::ExitCode::refused) {
                throw;
            } // its first row is refused, should one come
        }
    }
}

/// The catalog's shape of a table, which is that of the end of what was read.
void ChangeBuilder::tell_shape(TableMap map, std::string& out) {
    const std::string key = "told" + ('\0' + map.db + '\0') + map.table;
    Shape shape = captured_shape(std::move(map));
    check_unseen(shape);
    const std::string unseen = column_of_no_statement(shape);
    if (m_shapes.contains(key)) {
        put_aside(key);
    }
    const Shape& kept = m_shapes.emplace(key, std::move(shape)).first->second;
    std::string source;
    event::append_source_start(source, connector_name(m_settings.mariadb), m_settings.name,
                               m_writer.now_ms(), false);
    source += kept.plan.source_members();
    source += R"(,"order":")";
    event::Order::make(m_settings.epoch, m_complete.order_position(), 0).append_text(source);
    source += "\"}";
    m_writer.append_table(out, kept.plan.shape(), source);
    take_announced(kept);
    if (!unseen.empty()) {
        mark_in(source, kept.plan.map().db, kept.plan.map().table,
                fmt::format("no statement in the log gave it column {}", in_quotes(unseen)), out);
    }
}

/// A reader's copy keeps the values of a dropped column. "": none was added that it may have.
std::string ChangeBuilder::column_that_came_back(const Statement& statement,
                                                 const std::string& db) {
    const std::pair table{db, statement.tables[0].table};
    std::set<std::string>& dropped = m_effects.dropped_columns[table];
    for (const std::string& column : statement.dropped_columns) {
        dropped.insert(folded_name(column));
    }
    std::string back;
    for (const std::string& column : statement.added_columns) {
        if (dropped.erase(folded_name(column)) != 0) {
            back = column;
        }
    }
    if (dropped.empty()) {
        m_effects.dropped_columns.erase(table);
    }
    return back;
}

} // namespace cdc::mysql
