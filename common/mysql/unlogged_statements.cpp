#include "base/error.hpp"
#include "mysql/change_builder.hpp"
#include "mysql/folded_name.hpp"

#include <algorithm>
#include <utility>

/// The part of ChangeBuilder that refuses statements whose changes of rows are not in the log.
namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::in_quotes;

/// Names that mean a temporary table of the session, which the log has of sessions in MIXED format.
void ChangeBuilder::leave_out_temporary(Statement& statement, std::uint32_t thread,
                                        const std::string& db) const {
    const auto temporary = [&](const Statement::Name& name) {
        return m_effects.temporary_tables.contains(
            {thread, name.db.empty() ? db : name.db, name.table});
    };
    std::erase_if(statement.tables, temporary);
    // Without any it would be said to write to all tables.
    if (!std::all_of(statement.written.begin(), statement.written.end(), temporary)) {
        std::erase_if(statement.written, temporary);
    } else if (!statement.written.empty()) {
        statement.writes_temporary = true;
    }
}

namespace {

/// NEXTVAL(s), NEXT VALUE FOR s, s.NEXTVAL, SETVAL(s, n): any word is among the names.
bool moves_sequence(const Statement& statement) {
    return std::any_of(
        statement.tables.begin(), statement.tables.end(), [](const Statement::Name& name) {
            const std::string word = folded_name(name.table);
            return word == "nextval" || word == "setval" || word == "next" || word == "value";
        });
}

} // namespace

void ChangeBuilder::refuse_rows(const Statement& statement, const std::string& db,
                                std::string_view text) {
    TableNames names;
    for (const Statement::Name& name : statement.tables) {
        names.emplace(name.db.empty() ? db : name.db, name.table);
    }
    const auto written = [&](const Statement::Name& name) {
        return captures(name.db.empty() ? db : name.db, name.table);
    };
    // Any other word may be taken for a name.
    const auto named = [&](const auto& name) {
        return captures(name.first, name.second) && is_table(name.first, name.second);
    };
    const auto& tables = statement.written.empty() ? statement.tables : statement.written;
    // What an INSERT names beside the table that it writes to it only reads; but for sequences of
    // MariaDB, which are tables.
    const bool reads_others = statement.writes_one && !statement.written.empty() &&
                              !(m_settings.mariadb && moves_sequence(statement));
    std::string reason;
    if (!statement.writes_temporary &&
        (std::any_of(tables.begin(), tables.end(), written) ||
         (!reads_others && std::any_of(names.begin(), names.end(), named)))) {
        reason = "it names captured tables";
    }
    if (reason.empty()) {
        reason = writes_further(std::move(names));
    }
    if (!reason.empty()) {
        refuse_statement(reason, text);
    }
}

void ChangeBuilder::refuse_statement(std::string_view reason, std::string_view text) const {
    throw Error{
        ExitCode::refused,
        fmt::format("rows in STATEMENT format, and {}: {}", reason, in_quotes(text)),
        fmt::format("SET GLOBAL binlog_format=ROW on the source; the tables that it writes to "
                    "must be read again by a snapshot.{}",
                    m_settings.mariadb ? " Where its versions are told by ids of transactions a "
                                         "table is always written so: --exclude it."
                                       : "")};
}

/// Whether the log had such a table on this connection, or the catalog has it. Answers are kept
/// until a statement that may make or drop one.
bool ChangeBuilder::is_table(const std::string& db, const std::string& table) {
    constexpr std::size_t kKept = 1000;
    const auto state = m_states.find(db + '\0' + table);
    if (state != m_states.end() && state->second.announced != nullptr) {
        return true;
    }
    const auto known = m_is_table.find({db, table});
    if (known != m_is_table.end()) {
        return known->second;
    }
    if (m_is_table.size() >= kKept) {
        m_is_table.clear();
    }
    return m_is_table[{db, table}] = m_lookup->shape(db, table).has_value();
}

/// Why a statement with these names may write to captured tables that it does not name; "": it does
/// not. Answers are kept until a statement that may make or drop what they speak of.
std::string ChangeBuilder::writes_further(TableNames names) {
    constexpr std::size_t kKept = 1000;
    const auto known = m_writes_further.find(names);
    if (known != m_writes_further.end()) {
        return known->second;
    }
    if (m_writes_further.size() >= kKept) {
        m_writes_further.clear();
    }
    std::string reason = captured_behind(names);
    return m_writes_further.emplace(std::move(names), std::move(reason)).first->second;
}

/// The stored code of these names, and of the names in it, and so on, that names captured tables.
std::string ChangeBuilder::captured_behind(TableNames names) {
    TableNames asked;
    while (!names.empty()) {
        TableNames more;
        for (const StoredCode& code : m_lookup->stored_code(names)) {
            if (!code.text) {
                return code.what;
            }
            for (const bool ansi_quotes : {false, true}) { // as whose session made it
                for (const auto& name : names_in(*code.text, {.ansi_quotes = ansi_quotes})) {
                    const std::string db =
                        m_lookup->stored_name(name.db.empty() ? code.db : name.db);
                    const std::string table = m_lookup->stored_name(name.table);
                    if (captures(db, table)) {
                        return "it names " + code.what;
                    }
                    more.emplace(db, table);
                }
            }
        }
        asked.merge(names);
        std::erase_if(more, [&](const auto& name) { return asked.contains(name); });
        names = std::move(more);
    }
    return {};
}

/// Foreign keys' CASCADE and SET NULL run below the log, which has the parent's rows only; what is
/// written by a MERGE table is in the log under its name.
void ChangeBuilder::refuse_unlogged(const Statement& statement, const std::string& db,
                                    std::string_view text, Quoting quoting) {
    const bool makes_tables = statement.kind == Statement::Kind::create_table ||
                              statement.kind == Statement::Kind::alter_table;
    if (!makes_tables) {
        return;
    }
    const auto captured = [&](const Statement::Name& name) {
        return captures(name.db.empty() ? db : name.db, name.table);
    };
    // The first table is the one that is made or altered.
    const Statement::Name& name = statement.tables.at(0);
    const std::string& schema = name.db.empty() ? db : name.db;
    if (!statement.temporary && makes_cascade(text, quoting) && captured(name)) {
        throw Error{
            ExitCode::refused,
            fmt::format("table '{}.{}' gets a foreign key with CASCADE or SET NULL, whose "
                        "changes of rows are not in the log",
                        schema, name.table),
            "Leave the table out (--exclude), or make the key with RESTRICT, and begin anew "
            "behind it with a snapshot"};
    }
    if (statement.has_query && !statement.temporary && captured(name)) {
        refuse_statement("a captured table is made with them", text);
    }
    if (statement.has_query && m_settings.mariadb) { // a routine in it may write, not so on MySQL
        TableNames names;
        for (const Statement::Name& each : names_in(text, quoting)) {
            names.emplace(each.db.empty() ? db : m_lookup->stored_name(each.db),
                          m_lookup->stored_name(each.table));
        }
        if (const std::string reason = writes_further(std::move(names)); !reason.empty()) {
            refuse_statement(reason, text);
        }
    }
    auto merged = merged_tables(text, quoting);
    for (Statement::Name& each : merged) {
        each.db = m_lookup->stored_name(each.db);
        each.table = m_lookup->stored_name(each.table);
    }
    if (!merged.empty() && ((captured(name) && !statement.temporary) ||
                            std::any_of(merged.begin(), merged.end(), captured))) {
        throw Error{ExitCode::refused,
                    fmt::format("table '{}.{}' becomes a MERGE table: rows that are written by it "
                                "to the tables that it merges are in the log under its name",
                                schema, name.table),
                    "Leave it and the tables that it merges out (--exclude), and begin anew "
                    "behind it with a snapshot"};
    }
}

} // namespace cdc::mysql
