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

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using Kind = Statement::Kind;

namespace {

constexpr std::uint64_t kAnsiQuotes = 4; ///< in sql_mode
constexpr int kIndexDigits = 12;

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

} // namespace

void ChangeBuilder::query(const Event& event, std::string& out) {
    const Query query = parse_query(event);
    if (query.text == "BEGIN") {
        if (!m_in_group) {
            fail(ExitCode::bad_data, "a transaction without its global id");
        }
        m_in_transaction = true;
        return;
    }
    if (query.text == "COMMIT") {
        end_transaction(out);
        return;
    }
    const Statement statement =
        parse_statement(text_of(query), (query.sql_mode & kAnsiQuotes) != 0);
    const std::string db{query.db};
    refuse_cascade(statement, db, text_of(query), (query.sql_mode & kAnsiQuotes) != 0);
    switch (statement.kind) {
    case Kind::begin:
        m_in_transaction = true;
        return;
    case Kind::commit:
    case Kind::rollback: // of what an engine without transactions has done already
        if (m_in_group) {
            end_transaction(out);
        }
        return;
    case Kind::savepoint:
        return;
    case Kind::xa_start:
    case Kind::xa_commit:
    case Kind::xa_rollback:
        throw Error{ExitCode::refused, "an XA transaction, which is not understood yet"};
    case Kind::rows:
        refuse_rows(statement, db, query.text);
        break;
    case Kind::harmless:
        break;
    default:
        table_statement(statement, db, event, out);
        break;
    }
    // A statement that stands by itself is a whole group, but CREATE TABLE … START TRANSACTION is
    // followed by rows and their commit.
    const bool goes_on = query.text.find("START TRANSACTION") != std::string::npos &&
                         statement.kind == Kind::create_table;
    if (goes_on) {
        m_in_transaction = true;
    }
    if (m_in_group && !m_in_transaction) {
        end_transaction(out);
    }
}

void ChangeBuilder::refuse_rows(const Statement& statement, const std::string& db,
                                std::string_view text) const {
    for (const Statement::Name& name : statement.tables) {
        const std::string& schema = name.db.empty() ? db : name.db;
        if (captures(schema, name.table)) {
            throw Error{ExitCode::refused,
                        fmt::format("rows in STATEMENT format: {}", in_quotes(text)),
                        "SET GLOBAL binlog_format=ROW on the source; the tables that it names must "
                        "be read again by a snapshot"};
        }
    }
}

/// Foreign keys' CASCADE and SET NULL run below the log, which has the parent's rows only.
void ChangeBuilder::refuse_cascade(const Statement& statement, const std::string& db,
                                   std::string_view text, bool ansi_quotes) const {
    const bool makes_keys =
        statement.kind == Kind::create_table || statement.kind == Kind::alter_table;
    if (!makes_keys || statement.temporary || !makes_cascade(text, ansi_quotes)) {
        return;
    }
    // The first table is the one with the key.
    const Statement::Name& name = statement.tables.at(0);
    const std::string& schema = name.db.empty() ? db : name.db;
    if (captures(schema, name.table)) {
        throw Error{
            ExitCode::refused,
            fmt::format("table '{}.{}' gets a foreign key with CASCADE or SET NULL, whose "
                        "changes of rows are not in the log",
                        schema, name.table),
            "Leave the table out (--exclude), or make the key with RESTRICT, and begin anew "
            "behind it with a snapshot"};
    }
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
    if (statement.temporary) {
        return;
    }
    switch (statement.kind) {
    case Kind::truncate_table:
        if (captured(statement.tables[0])) {
            truncate(schema_of(statement.tables[0]), statement.tables[0].table, event, out);
        }
        return;
    case Kind::create_table:
        return;
    case Kind::drop_table:
        for (const Statement::Name& name : statement.tables) {
            if (captured(name)) {
                mark(schema_of(name), name.table,
                     "it was dropped; rows of a table made anew under its name stand beside its "
                     "own",
                     event, out);
                state_of(schema_of(name), name.table).announced = nullptr;
            }
        }
        return;
    case Kind::drop_database:
        for (auto& [bytes, shape] : m_shapes) {
            if (shape.plan.captured() && shape.plan.shape().db == statement.tables.at(0).db) {
                mark(shape.plan.shape().db, shape.plan.shape().table,
                     "its database was dropped; rows of a table made anew under its name stand "
                     "beside its own",
                     event, out);
                shape.state->announced = nullptr;
            }
        }
        return;
    case Kind::rename_table:
        for (std::size_t i = 0; i + 1 < statement.tables.size(); i += 2) {
            if (captured(statement.tables[i + 1])) {
                mark(schema_of(statement.tables[i + 1]), statement.tables[i + 1].table,
                     fmt::format("it was called '{}.{}'", schema_of(statement.tables[i]),
                                 statement.tables[i].table),
                     event, out);
            }
        }
        return;
    case Kind::alter_table: {
        const Statement::Name& name = statement.tables[0];
        if (!statement.renamed_to.empty()) {
            const Statement::Name to{statement.renamed_to_db, statement.renamed_to};
            if (captured(to)) {
                mark(schema_of(to), to.table,
                     fmt::format("it was called '{}.{}'", schema_of(name), name.table), event, out);
            }
        }
        if (captured(name) && statement.alteration != Statement::Alteration::keeps_values) {
            mark(schema_of(name), name.table,
                 statement.alteration == Statement::Alteration::drops_rows
                     ? "an ALTER TABLE took rows away with their partitions"
                     : "an ALTER TABLE may have changed rows that were there",
                 event, out);
        }
        return;
    }
    default:
        for (const Statement::Name& name : statement.tables) {
            if (captured(name) && state_of(schema_of(name), name.table).announced != nullptr) {
                mark(schema_of(name), name.table, "a statement that is not understood names it",
                     event, out);
            }
        }
        return;
    }
}

void ChangeBuilder::mark(const std::string& db, const std::string& table, std::string reason,
                         const Event& /*event*/, std::string& out) {
    ++m_stale_tables;
    base::log::warning(
        "table '{}.{}' is stale: {}; copies of it have wrong or missing rows until it "
        "is read again",
        db, table, reason);
    std::string source;
    append_source_start(source);
    source += "\"db\":";
    event::append_json_string(source, db);
    source += ",\"table\":";
    event::append_json_string(source, table);
    source += R"(,"order":")" + m_order_start;
    base::append_hex(source, m_index + 1, kIndexDigits);
    source += "\"}";
    begin_lines(out);
    event::append_mark_line(out, {event::Mark::Kind::stale, std::move(reason)}, source, m_now_ms);
}

void ChangeBuilder::truncate(const std::string& db, const std::string& table, const Event& event,
                             std::string& out) {
    TableState& state = state_of(db, table);
    if (state.announced == nullptr) {
        const auto found = std::find_if(m_shapes.begin(), m_shapes.end(), [&](const auto& entry) {
            return entry.second.state == &state && entry.second.plan.captured();
        });
        if (found == m_shapes.end()) {
            throw Error{ExitCode::refused,
                        fmt::format("TRUNCATE of table '{}.{}', of which no change was seen yet",
                                    db, table)};
        }
        announce(found->second, event, m_index + 1, out);
    }
    m_in_work = state.announced;
    begin_lines(out);
    ++m_index;
    m_row = 0;
    start_source(*state.announced, event);
    out += R"({"key":null,"before":null,"after":null)";
    end_line(m_index, 't', out);
}

} // namespace cdc::mysql
