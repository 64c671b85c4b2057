#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "event/facts.hpp"
#include "event/json_writer.hpp"
#include "mysql/change_builder.hpp"

#include <algorithm>
#include <utility>

/// The part of ChangeBuilder that looks at statements in the log.
namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

// sql_mode: STRICT_TRANS_TABLES, STRICT_ALL_TABLES; ORACLE, in which DATE is another type;
// PAD_CHAR_TO_FULL_LENGTH, with which char becomes varchar together with its padding.
constexpr std::uint64_t kStrictModes = 0x600000;
constexpr std::uint64_t kOtherTypesModes = 0x80000200;
constexpr std::uint64_t kEmptyStringIsNull = 0x100000000; ///< of MariaDB

std::string text_of(const Query& query) {
    const Charset* charset =
        query.client_collation == 0 ? nullptr : charset_of_collation(query.client_collation);
    std::string text;
    if (charset == nullptr || charset->kind == Charset::Kind::binary ||
        !append_utf8(text, *charset, query.text)) {
        text = query.text;
    }
    return text;
}

void store_name(SourceLookup& lookup, Statement::Name& name) {
    name.db = lookup.stored_name(name.db);
    name.table = lookup.stored_name(name.table);
}

} // namespace

void ChangeBuilder::query(const Event& event, std::string& out) {
    const Query query = parse_query(event);
    if (query.text == "BEGIN") {
        need_group();
        m_in_transaction = true;
        return;
    }
    if (query.text == "COMMIT") {
        end_transaction(out);
        return;
    }
    const Quoting quoting = Quoting::of_sql_mode(query.sql_mode);
    const std::string text = text_of(query);
    Statement statement = parse_statement(text, quoting);
    statement.strict =
        (query.sql_mode & kStrictModes) != 0 && (query.sql_mode & kOtherTypesModes) == 0;
    if (m_settings.mariadb && (query.sql_mode & kEmptyStringIsNull) != 0) {
        for (ColumnDefinition& added : statement.added) {
            if (added.kind == ColumnDefinition::Constant::string && added.constant.empty()) {
                added.kind = ColumnDefinition::Constant::null;
            }
        }
    }
    if (statement.kind != Statement::Kind::harmless) {
        need_group();
    }
    store_names(statement);
    const std::string db = m_lookup->stored_name(std::string{query.db});
    const bool half_alter = m_mariadb_gtid && m_mariadb_gtid->is_half_alter();
    if (!m_passes_over && !half_alter) {
        refuse_unlogged(statement, db, text, quoting);
    }
    if (statement.kind != Statement::Kind::rows) {
        m_writes_further.clear();
        m_is_table.clear();
    }
    switch (statement.kind) {
    case Statement::Kind::begin:
        m_in_transaction = true;
        return;
    case Statement::Kind::rollback: // logged with its rows where it also made a temporary table
        undone("was rolled back", out);
        [[fallthrough]];
    case Statement::Kind::commit:
        end_transaction(out);
        return;
    case Statement::Kind::rollback_to:
        if (m_xa != nullptr) {
            m_xa->set_partly_undone();
        } else {
            undone("was rolled back to a savepoint", out);
        }
        return;
    case Statement::Kind::savepoint:
        return;
    case Statement::Kind::xa_start:
        begin_xa();
        return;
    case Statement::Kind::xa_end:
        return;
    case Statement::Kind::xa_commit:
        xa_commit(query.text, out);
        return;
    case Statement::Kind::xa_rollback:
        xa_rollback(query.text, out);
        return;
    case Statement::Kind::rows:
        if (!m_passes_over) {
            if ((event.flags & Event::kThreadSpecific) != 0) {
                leave_out_temporary(statement, query.thread, db);
            }
            refuse_rows(statement, db, query.text);
        }
        break;
    case Statement::Kind::harmless:
        break;
    default:
        if (!m_passes_over && !half_alter) {
            if (!is_temporary(statement, query.thread, db, event, out)) {
                table_statement(statement, db, event, out);
            }
        }
        break;
    }
    // A statement that stands by itself is a whole group, but CREATE TABLE … START TRANSACTION is
    // followed by rows and their commit.
    if (statement.starts_transaction) {
        m_in_transaction = true;
    }
    if (m_in_group && !m_in_transaction) {
        end_transaction(out);
    }
}

/// Its names as rows of the log have them.
void ChangeBuilder::store_names(Statement& statement) const {
    for (Statement::Name& name : statement.tables) {
        store_name(*m_lookup, name);
    }
    for (Statement::Name& name : statement.written) {
        store_name(*m_lookup, name);
    }
    store_name(*m_lookup, statement.exchanged);
    statement.renamed_to_db = m_lookup->stored_name(statement.renamed_to_db);
    statement.renamed_to = m_lookup->stored_name(statement.renamed_to);
}

/// The event with the global id says where the group stands in the order.
void ChangeBuilder::need_group() const {
    if (!m_in_group) {
        fail(ExitCode::bad_data, "a statement without the event of its global id");
    }
}

/// Whether it is on a temporary table, which the log has of sessions in MIXED and STATEMENT format.
/// Such a table hides one that is captured under the same name.
bool ChangeBuilder::is_temporary(const Statement& statement, std::uint32_t thread,
                                 const std::string& db, const Event& event, std::string& out) {
    const auto temporary = [&](const Statement::Name& name) {
        return StatementEffects::TemporaryTable{thread, name.db.empty() ? db : name.db, name.table};
    };
    std::set<StatementEffects::TemporaryTable>& tables = m_effects.temporary_tables;
    if (statement.temporary) {
        for (const Statement::Name& name : statement.tables) {
            const auto table = temporary(name);
            if (statement.kind == Statement::Kind::drop_table) {
                tables.erase(table);
            } else if (captures(table.db, table.table)) {
                tables.insert(table);
            }
        }
        return true;
    }
    const bool may_hide = statement.kind == Statement::Kind::truncate_table ||
                          statement.kind == Statement::Kind::alter_table ||
                          statement.kind == Statement::Kind::rename_table;
    if (!may_hide || (event.flags & Event::kThreadSpecific) == 0) {
        return false;
    }
    const auto first = tables.find(temporary(statement.tables.at(0)));
    if (first == tables.end()) {
        // A temporary table that is older than the stream, or another one of its procedure.
        for (const Statement::Name& name : statement.tables) {
            const auto table = temporary(name);
            if (captures(table.db, table.table)) {
                mark(table.db, table.table,
                     "a statement names it, or a temporary table that is older than the stream",
                     out);
            }
        }
        return statement.kind == Statement::Kind::truncate_table;
    }
    const auto renamed = [&](const Statement::Name& from, const Statement::Name& to) {
        if (tables.erase(temporary(from)) != 0) {
            tables.insert(temporary(to));
        }
    };
    if (statement.kind == Statement::Kind::rename_table) {
        for (std::size_t i = 0; i + 1 < statement.tables.size(); i += 2) {
            renamed(statement.tables[i], statement.tables[i + 1]);
        }
    } else if (!statement.renamed_to.empty()) {
        renamed(statement.tables[0], {statement.renamed_to_db, statement.renamed_to});
    }
    return true;
}

void ChangeBuilder::table_statement(const Statement& statement, const std::string& db,
                                    const Event& event, std::string& out) {
    const auto captured = [&](const Statement::Name& name) {
        const std::string& schema = name.db.empty() ? db : name.db;
        return captures(schema, name.table);
    };
    const auto schema_of = [&](const Statement::Name& name) {
        return name.db.empty() ? db : name.db;
    };
    for (const Statement::Name& name : statement.tables) {
        m_shapes_now.erase({schema_of(name), name.table});
    }
    if (m_settings.minimal_metadata && statement.kind != Statement::Kind::truncate_table) {
        for (const Statement::Name& name : statement.tables) {
            if (captured(name)) {
                names_change(schema_of(name), name.table, out);
            }
        }
    }
    switch (statement.kind) {
    case Statement::Kind::truncate_table:
        if (captured(statement.tables[0])) {
            truncate(schema_of(statement.tables[0]), statement.tables[0].table, event, out);
        }
        return;
    case Statement::Kind::create_table:
        if (captured(statement.tables[0])) {
            create(statement, schema_of(statement.tables[0]), out);
        }
        return;
    case Statement::Kind::drop_table:
        for (const Statement::Name& name : statement.tables) {
            m_effects.former_names.erase({schema_of(name), name.table});
            if (captured(name)) {
                dropped(schema_of(name), name.table, "it was dropped", out);
            }
        }
        return;
    case Statement::Kind::drop_database:
        drop_database(statement.tables.at(0).db, out);
        return;
    case Statement::Kind::rename_table:
        rename(statement.tables, db, out);
        return;
    case Statement::Kind::alter_table:
        alter(statement, db, out);
        return;
    default:
        for (const Statement::Name& name : statement.tables) {
            // Any word of it may be taken for a name.
            if (captured(name) && is_table(schema_of(name), name.table)) {
                mark(schema_of(name), name.table, "a statement that is not understood names it",
                     out);
                state_of(schema_of(name), name.table).certain = false;
            }
        }
        return;
    }
}

/// Rows of a table that is made anew under the name stand beside those of the old one.
void ChangeBuilder::dropped(const std::string& db, const std::string& table, std::string_view what,
                            std::string& out) {
    mark(db, table,
         fmt::format("{}; rows of a table made anew under its name stand beside its own", what),
         out);
    state_of(db, table) = {};
    m_effects.forget({db, table});
}

/// The statement names no table: those are marked of which this connection saw changes, others when
/// they are made anew.
void ChangeBuilder::drop_database(const std::string& db, std::string& out) {
    std::set<std::string> tables;
    for (const auto& [name, state] : m_states) {
        if (state.announced != nullptr && state.announced->map().db == db) {
            tables.insert(state.announced->map().table);
        }
    }
    for (const std::string& table : tables) {
        dropped(db, table, "its database was dropped", out);
    }
    m_effects.dropped_databases.insert(db);
    std::erase_if(m_effects.unannounced, [&](const auto& table) { return table.first == db; });
    m_shapes_now.clear();
    for (auto table = m_effects.constants.begin(); table != m_effects.constants.end();) {
        table = table->first.first == db ? m_effects.constants.erase(table) : std::next(table);
    }
    std::erase_if(m_effects.former_names,
                  [&](const auto& table) { return table.first.first == db; });
}

/// Rows of the transaction in work that the log has and that did not come to pass: their lines were
/// written before this could be known.
void ChangeBuilder::undone(std::string_view what, std::string& out) {
    for (const Shape* shape : m_written) {
        mark(shape->plan.map().db, shape->plan.map().table,
             fmt::format("a transaction that wrote to it {}", what), out);
    }
    m_written.clear();
}

void ChangeBuilder::create(const Statement& statement, const std::string& db, std::string& out) {
    const std::string& table = statement.tables[0].table;
    if (statement.or_replace) {
        dropped(db, table, "it was dropped by CREATE OR REPLACE TABLE", out);
    } else if (m_effects.dropped_databases.contains(db)) {
        dropped(db, table, "its database was dropped", out);
    }
}

/// `tables` are pairs: from, to. A name that no table has at the end is marked too, for another
/// table can take it, with the old rows still stored under it. One that only stands in between is
/// passed over.
void ChangeBuilder::rename(std::vector<Statement::Name> tables, const std::string& db,
                           std::string& out) {
    for (Statement::Name& name : tables) {
        name.db = name.db.empty() ? db : name.db;
    }
    const auto stands = [&](const Statement::Name& name, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; i += 2) {
            if (tables[i] == name) {
                return true;
            }
        }
        return false;
    };
    for (const Statement::Name& name : tables) {
        m_effects.constants.erase({name.db, name.table});
        m_effects.unannounced.erase({name.db, name.table});
        state_of(name.db, name.table).certain = false;
        state_of(name.db, name.table).renamed = true;
    }
    follow_names(tables);
    for (std::size_t i = 0; i + 1 < tables.size(); i += 2) {
        const Statement::Name& from = tables[i];
        const Statement::Name& to = tables[i + 1];
        const bool between = stands(from, 1, i);
        if (captures(from.db, from.table) && !between && !stands(from, i + 1, tables.size())) {
            mark(from.db, from.table,
                 fmt::format("it was renamed to '{}.{}'; rows of a table made anew under its name "
                             "stand beside its own",
                             to.db, to.table),
                 out);
        }
        if (captures(to.db, to.table) && !stands(to, i + 2, tables.size())) {
            mark(to.db, to.table, fmt::format("it was called '{}.{}'", from.db, from.table), out);
        }
    }
}

void ChangeBuilder::mark(const std::string& db, const std::string& table, std::string_view reason,
                         std::string& out) {
    mark_at(m_writer.next_index(), db, table, reason, out);
}

void ChangeBuilder::mark_at(std::uint64_t index, const std::string& db, const std::string& table,
                            std::string_view reason, std::string& out) {
    std::string members = "\"db\":";
    event::append_json_string(members, db);
    members += ",\"table\":";
    event::append_json_string(members, table);
    m_writer.begin_lines(out);
    mark_in(m_writer.table_source(members, index), db, table, reason, out);
}

void ChangeBuilder::mark_in(const std::string& source, const std::string& db,
                            const std::string& table, std::string_view reason, std::string& out) {
    base::log::warning(
        "table '{}.{}' is stale: {}; copies of it have wrong or missing rows until it "
        "is read again",
        db, table, reason);
    m_writer.append_stale_mark(out, reason, source);
}

/// A statement may have changed the names of a table's columns, which the log lacks. They are asked
/// for again; rows above it that have those of a catalog which shows it already are wrong.
void ChangeBuilder::names_change(const std::string& db, const std::string& table,
                                 std::string& out) {
    TableState& state = state_of(db, table);
    if (state.names_from == 0) {
        return;
    }
    if (Position{m_cursor.next().file, m_event_start}.order_position() < state.names_from) {
        mark(db, table,
             "the names of its columns were asked of a catalog that a later statement had changed",
             out);
    }
    state.names_from = 0;
    // Rows in work may still hold the shapes: they only leave the place where they are found.
    std::vector<std::string> keys;
    for (const auto& [key, shape] : m_shapes) {
        if (shape.state == &state) {
            keys.push_back(key);
        }
    }
    for (const std::string& key : keys) {
        auto node = m_shapes.extract(key);
        node.key() = "former " + std::to_string(m_former_shapes++);
        m_shapes.insert(std::move(node));
    }
}

/// The shape that the catalog has of a table of which no change was seen: of now, and so maybe of
/// later in the log than what is read. A change that follows tells the log's own.
const ChangeBuilder::Shape* ChangeBuilder::shape_now(const std::string& db,
                                                     const std::string& table) {
    std::optional<TableMap> map = m_lookup->shape(db, table);
    if (!map) {
        return nullptr;
    }
    return &m_shapes
                .insert_or_assign("catalog" + ('\0' + db + '\0') + table,
                                  captured_shape(std::move(*map)))
                .first->second;
}

void ChangeBuilder::truncate(const std::string& db, const std::string& table, const Event& event,
                             std::string& out) {
    const TableState& state = state_of(db, table);
    const TablePlan* plan = state.announced;
    if (plan == nullptr) {
        const auto found = std::find_if(m_shapes.begin(), m_shapes.end(), [&](const auto& entry) {
            return entry.second.state == &state && entry.second.plan.captured();
        });
        const Shape* shape = found != m_shapes.end() ? &found->second : shape_now(db, table);
        if (shape == nullptr) {
            mark(db, table, "it was truncated before a change told its shape, and is gone now",
                 out);
            return;
        }
        announce(*shape, m_writer.next_index(), out);
        shape->state->certain = false;
        plan = &shape->plan;
    }
    m_in_work = plan;
    m_writer.begin_lines(out);
    m_row = 0;
    start_source(*plan, event);
    event::append_images(out, event::append_null, event::append_null);
    end_line(m_writer.take_indexes(1), 't', out);
}

} // namespace cdc::mysql
