#ifndef CDC_MYSQL_STATEMENT_HPP
#define CDC_MYSQL_STATEMENT_HPP

#include "mysql/column_definition.hpp"
#include "mysql/statement_tokens.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::mysql {

/// What a statement in the log does to tables, as far as its tokens tell. No parser: what is told
/// exactly are the forms of BEGIN, COMMIT, XA, TRUNCATE, DROP, RENAME and CREATE TABLE; of the rest
/// only which tables it names.
struct Statement {
    enum class Kind : std::uint8_t {
        begin,
        commit,
        rollback,
        savepoint, ///< also RELEASE
        rollback_to,
        xa_start,
        xa_end,
        xa_commit,
        xa_rollback,
        truncate_table,
        drop_table,
        drop_database, ///< also CREATE OR REPLACE DATABASE
        rename_table,  ///< tables are pairs: from, to
        create_table,
        alter_table, ///< also CREATE INDEX and DROP INDEX
        rows,        ///< INSERT, UPDATE, DELETE and the like, in STATEMENT format
        harmless,    ///< touches no stored row: views, users, routines, …
        unknown,
    };
    struct Name {
        std::string db; ///< "": the current one
        std::string table;
        friend bool operator==(const Name&, const Name&) = default;
    };
    /// What an ALTER TABLE does to rows that are there.
    enum class Alteration : std::uint8_t {
        keeps_values, ///< indexes, options, dropped columns, new columns that are NULL
        unproven,     ///< may change them
        drops_rows,   ///< partitions are truncated, dropped or exchanged, duplicates left out
    };

    Kind kind = Kind::unknown;
    bool temporary = false;
    bool if_exists = false; ///< IF EXISTS, IF NOT EXISTS
    bool or_replace = false;
    bool starts_transaction = false; ///< CREATE TABLE … START TRANSACTION: its rows follow
    bool has_query = false;          ///< CREATE TABLE … SELECT: none of its rows follows
    std::vector<Name> tables;
    /// Of `rows`, where they are told: the names among which are those of the tables that it writes
    /// to by itself. Empty: it may be any of `tables`.
    std::vector<Name> written;
    bool writes_one = false;       ///< INSERT, REPLACE, LOAD DATA: it reads what else it names
    bool writes_temporary = false; ///< all of them mean temporary tables
    Alteration alteration = Alteration::unproven;
    bool may_rename = false;   ///< a clause of an ALTER TABLE is not understood
    std::string renamed_to_db; ///< ALTER TABLE … RENAME TO
    std::string renamed_to;
    Name exchanged; ///< ALTER TABLE … EXCHANGE PARTITION … WITH TABLE; no table: none
    std::vector<std::string> dropped_columns;
    std::vector<std::string> added_columns;
    bool adds_missing = false; ///< ADD … IF NOT EXISTS: some may have been there
    std::vector<std::pair<std::string, std::string>> renamed_columns; ///< from, to
    /// Of ADD, and of MODIFY and CHANGE, which the alteration above leaves out: what they do to
    /// rows that are there is told from what is known of the table.
    std::vector<ColumnDefinition> added;
    std::vector<ColumnDefinition> modified;
    bool strict = false; ///< the session's sql_mode refuses what a column cannot hold
};

/// `text` is UTF-8. Never throws: what cannot be understood is
/// `unknown`, with all names in it.
Statement parse_statement(std::string_view text, Quoting quoting);

/// All names in a text of SQL.
std::vector<Statement::Name> names_in(std::string_view text, Quoting quoting);

/// The tables of UNION=(…), by which a MERGE table is made or altered.
std::vector<Statement::Name> merged_tables(std::string_view text, Quoting quoting);

/// Whether it has ON DELETE or ON UPDATE with CASCADE, SET NULL or SET DEFAULT. A text that cannot
/// be taken apart has.
bool makes_cascade(std::string_view text, Quoting quoting);

} // namespace cdc::mysql

#endif
