#include "mysql/statement.hpp"

#include "mysql/alter_clause.hpp"

#include <algorithm>

namespace cdc::mysql {

namespace {

using Kind = Statement::Kind;
using Alteration = Statement::Alteration;

/// Reads tokens one after another; words are compared without regard to case.
class Reader {
public:
    explicit Reader(const std::vector<Token>& tokens) : m_tokens{&tokens} {}

    bool at_end() const { return m_at >= m_tokens->size(); }
    bool is(std::string_view word) const { return !at_end() && (*m_tokens)[m_at].is(word); }
    bool take(std::string_view word) {
        const bool found = is(word);
        m_at += found ? 1 : 0;
        return found;
    }
    bool take_any(std::initializer_list<std::string_view> words) {
        return std::any_of(words.begin(), words.end(), [this](auto word) { return take(word); });
    }
    void skip() { ++m_at; }
    /// A token, or all up to the parenthesis that closes the one it is.
    void skip_group() {
        int depth = 0;
        do {
            depth += is("(") ? 1 : is(")") ? -1 : 0;
            ++m_at;
        } while (depth > 0 && !at_end());
    }
    bool ends_with(std::string_view word, std::string_view last) const {
        const std::size_t size = m_tokens->size();
        return size >= 2 && (*m_tokens)[size - 2].is(word) && (*m_tokens)[size - 1].is(last);
    }

    /// name or name.name
    bool name(Statement::Name& out) {
        if (at_end() || !(*m_tokens)[m_at].is_name()) {
            return false;
        }
        out = {{}, (*m_tokens)[m_at++].text};
        if (take(".")) {
            if (at_end() || !(*m_tokens)[m_at].is_name()) {
                return false;
            }
            out.db = std::move(out.table);
            out.table = (*m_tokens)[m_at++].text;
        }
        return true;
    }

    /// Everything up to the next comma outside parentheses, or the end.
    std::vector<const Token*> clause() {
        std::vector<const Token*> out;
        for (int depth = 0; !at_end(); ++m_at) {
            const Token& token = (*m_tokens)[m_at];
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            if (depth == 0 && token.is(",")) {
                ++m_at;
                break;
            }
            out.push_back(&token);
        }
        return out;
    }

private:
    const std::vector<Token>* m_tokens;
    std::size_t m_at = 0;
};

void all_names(const std::vector<Token>& tokens, Statement& out) {
    Reader reader{tokens};
    while (!reader.at_end()) {
        Statement::Name name;
        if (reader.name(name)) {
            out.tables.push_back(std::move(name));
        } else {
            reader.skip();
        }
    }
}

bool read_alter(Reader& reader, Statement& out) {
    out.kind = Kind::alter_table;
    Statement::Name table;
    if (!reader.name(table)) {
        return false;
    }
    out.tables.push_back(std::move(table));
    out.alteration = Alteration::keeps_values;
    if (reader.take("WAIT")) {
        reader.skip();
    } else {
        reader.take("NOWAIT");
    }
    while (!reader.at_end()) {
        if (!read_alter_clause(reader.clause(), out)) {
            return false;
        }
    }
    return true;
}

bool read_names(Reader& reader, Statement& out) {
    do {
        Statement::Name name;
        if (!reader.name(name)) {
            return false;
        }
        out.tables.push_back(std::move(name));
    } while (reader.take(","));
    return true;
}

bool read_drop(Reader& reader, Statement& out) {
    out.temporary = reader.take("TEMPORARY");
    if (reader.take_any({"TABLE", "TABLES"})) {
        out.kind = Kind::drop_table;
        out.if_exists = reader.take("IF") && reader.take("EXISTS");
        return read_names(reader, out);
    }
    if (reader.take_any({"DATABASE", "SCHEMA"})) {
        out.kind = Kind::drop_database;
        out.if_exists = reader.take("IF") && reader.take("EXISTS");
        Statement::Name name;
        if (!reader.name(name)) {
            return false;
        }
        out.tables.push_back({name.table, {}});
        return true;
    }
    out.kind = Kind::harmless; // views, indexes, users, routines, triggers, …
    return true;
}

bool read_rename(Reader& reader, Statement& out) {
    if (!reader.take_any({"TABLE", "TABLES"})) {
        out.kind = Kind::harmless; // users
        return true;
    }
    out.kind = Kind::rename_table;
    out.if_exists = reader.take("IF") && reader.take("EXISTS");
    do {
        Statement::Name from;
        Statement::Name to;
        if (!reader.name(from)) {
            return false;
        }
        while (reader.take_any({"WAIT", "NOWAIT"})) {
            if (!reader.is("TO")) {
                reader.skip();
            }
        }
        if (!reader.take("TO") || !reader.name(to)) {
            return false;
        }
        out.tables.push_back(std::move(from));
        out.tables.push_back(std::move(to));
    } while (reader.take(","));
    return true;
}

bool read_create(Reader& reader, Statement& out) {
    out.or_replace = reader.take("OR") && reader.take("REPLACE");
    out.temporary = reader.take("TEMPORARY");
    if (out.or_replace && reader.take_any({"DATABASE", "SCHEMA"})) {
        out.kind = Kind::drop_database;
        Statement::Name name;
        if (!reader.name(name)) {
            return false;
        }
        out.tables.push_back({name.table, {}});
        return true;
    }
    if (!reader.take("TABLE")) {
        out.kind = Kind::harmless;
        return true;
    }
    out.kind = Kind::create_table;
    out.if_exists = reader.take("IF") && reader.take("NOT") && reader.take("EXISTS");
    Statement::Name name;
    if (!reader.name(name)) {
        return false;
    }
    out.tables.push_back(std::move(name));
    out.starts_transaction = reader.ends_with("START", "TRANSACTION");
    return true;
}

bool read(Reader& reader, Statement& out, bool& want_names) {
    if (reader.take("SET")) {
        if (!reader.take("STATEMENT")) {
            out.kind = Kind::harmless;
            return true;
        }
        // MariaDB's SET STATEMENT variable=value, … FOR statement. The event has the sql_mode that
        // is set here, the statement's quotes are those of the one before.
        bool other_quotes = false;
        while (!reader.at_end() && !reader.is("FOR")) {
            other_quotes = other_quotes || reader.is("SQL_MODE");
            reader.skip_group();
        }
        return reader.take("FOR") && !other_quotes && read(reader, out, want_names);
    }
    if (reader.take("BEGIN") || (reader.take("START") && reader.take("TRANSACTION"))) {
        out.kind = Kind::begin;
        return true;
    }
    if (reader.take("COMMIT")) {
        out.kind = Kind::commit;
        return true;
    }
    if (reader.take("ROLLBACK")) {
        reader.take("WORK");
        out.kind = reader.is("TO") ? Kind::rollback_to : Kind::rollback;
        return true;
    }
    if (reader.take_any({"SAVEPOINT", "RELEASE"})) {
        out.kind = Kind::savepoint;
        return true;
    }
    if (reader.take("XA")) {
        out.kind = reader.take("COMMIT")     ? Kind::xa_commit
                   : reader.take("ROLLBACK") ? Kind::xa_rollback
                   : reader.take("END")      ? Kind::xa_end
                                             : Kind::xa_start;
        return true;
    }
    if (reader.take("TRUNCATE")) {
        reader.take("TABLE");
        out.kind = Kind::truncate_table;
        Statement::Name name;
        if (!reader.name(name)) {
            return false;
        }
        out.tables.push_back(std::move(name));
        return true;
    }
    if (reader.take("DROP")) {
        return read_drop(reader, out);
    }
    if (reader.take("RENAME")) {
        return read_rename(reader, out);
    }
    if (reader.take("CREATE")) {
        return read_create(reader, out);
    }
    if (reader.take("ALTER")) {
        reader.take("ONLINE");
        const bool ignore = reader.take("IGNORE");
        if (!reader.take("TABLE")) {
            out.kind = Kind::harmless;
            return true;
        }
        out.if_exists = reader.take("IF") && reader.take("EXISTS");
        const bool understood = read_alter(reader, out);
        if (ignore) { // a new unique key leaves out rows
            out.alteration = Alteration::drops_rows;
        }
        return understood;
    }
    if (reader.take_any({"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "CALL", "DO",
                         "SELECT", "IMPORT", "TABLE", "VALUES"})) {
        out.kind = Kind::rows;
        want_names = true;
        return true;
    }
    if (reader.take_any({"ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "GRANT", "REVOKE", "FLUSH",
                         "INSTALL", "UNINSTALL", "USE", "PURGE", "CHANGE", "RESET", "SHUTDOWN",
                         "CACHE", "KILL", "LOCK", "UNLOCK"})) {
        out.kind = Kind::harmless;
        return true;
    }
    return false;
}

} // namespace

Statement parse_statement(std::string_view text, Quoting quoting) {
    std::vector<Token> tokens;
    const bool whole = tokenize(text, quoting, tokens);
    Statement out;
    if (whole && tokens.empty()) {
        out.kind = Kind::harmless; // a comment
        return out;
    }
    Reader reader{tokens};
    bool want_names = false;
    if (!whole || !read(reader, out, want_names)) {
        out = {};
        want_names = true;
    }
    if (want_names) {
        all_names(tokens, out);
    }
    // What stands in a comment with a version may have been no part of the statement.
    const bool conditional = text.find("/*!") != text.npos || text.find("/*M!") != text.npos;
    if (conditional && (!out.added.empty() || !out.modified.empty())) {
        out.alteration = std::max(out.alteration, Alteration::unproven);
    }
    return out;
}

std::vector<Statement::Name> names_in(std::string_view text, Quoting quoting) {
    std::vector<Token> tokens;
    tokenize(text, quoting, tokens);
    Statement out;
    all_names(tokens, out);
    return std::move(out.tables);
}

std::vector<Statement::Name> merged_tables(std::string_view text, Quoting quoting) {
    std::vector<Token> tokens;
    std::vector<Statement::Name> out;
    tokenize(text, quoting, tokens);
    for (Reader reader{tokens}; !reader.at_end() && out.empty();) {
        if (!reader.take("UNION")) {
            reader.skip();
            continue;
        }
        reader.take("=");
        // A query in parentheses is no list of names.
        if (!reader.take("(") || reader.is("SELECT")) {
            continue;
        }
        Statement::Name name;
        while (reader.name(name)) {
            out.push_back(std::move(name));
            if (!reader.take(",")) {
                break;
            }
        }
        if (!reader.is(")")) {
            out.clear();
        }
    }
    return out;
}

bool makes_cascade(std::string_view text, Quoting quoting) {
    std::vector<Token> tokens;
    if (!tokenize(text, quoting, tokens)) {
        return true;
    }
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
        if (tokens[i].is("ON") && (tokens[i + 1].is("DELETE") || tokens[i + 1].is("UPDATE")) &&
            (tokens[i + 2].is("CASCADE") || tokens[i + 2].is("SET"))) {
            return true;
        }
    }
    return false;
}

} // namespace cdc::mysql
