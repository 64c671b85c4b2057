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

    /// Whether a SELECT follows, or what may stand in its place, TABLE t and VALUES ….
    bool reaches_query() const {
        int depth = 0;
        bool begins = true;
        for (std::size_t i = m_at; i < m_tokens->size(); ++i) {
            const Token& token = (*m_tokens)[i];
            if (token.is("SELECT") ||
                ((begins || depth == 0) && (token.is("TABLE") || token.is("VALUES")))) {
                return true;
            }
            begins = token.is("(");
            depth += begins ? 1 : token.is(")") ? -1 : 0;
        }
        return false;
    }

    /// name or name.name. Behind a dot digits are a name too. Where that is none, false, and `out`
    /// is the first.
    bool name(Statement::Name& out) {
        out = {};
        if (at_end() || !(*m_tokens)[m_at].is_name()) {
            return false;
        }
        out.table = (*m_tokens)[m_at++].text;
        if (take(".")) {
            const bool digits = !at_end() && (*m_tokens)[m_at].kind == Token::Kind::number;
            if (at_end() || !((*m_tokens)[m_at].is_name() || digits)) {
                return false;
            }
            out.db = std::move(out.table);
            out.table = (*m_tokens)[m_at++].text;
        }
        return true;
    }

    /// Goes on by a name, which is added, or by what is none.
    void any_name(std::vector<Statement::Name>& out) {
        const std::size_t start = m_at;
        Statement::Name each;
        name(each);
        if (!each.table.empty()) {
            out.push_back(std::move(each));
        }
        m_at += m_at == start ? 1 : 0;
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
        reader.any_name(out.tables);
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

/// What stands behind INDEX: IF NOT EXISTS, its name, its kind, ON and the table.
bool read_index(Reader& reader, Statement& out) {
    out.kind = Kind::alter_table;
    out.alteration = Statement::Alteration::keeps_values;
    while (!reader.at_end() && !reader.take("ON")) {
        reader.skip();
    }
    Statement::Name name;
    if (!reader.name(name)) {
        return false;
    }
    out.tables.push_back(std::move(name));
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
    if (reader.take("INDEX")) {
        return read_index(reader, out);
    }
    out.kind = Kind::harmless; // views, users, routines, triggers, …
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
    reader.take_any({"UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"});
    if (reader.take("INDEX")) {
        return read_index(reader, out);
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
    out.has_query = reader.reaches_query();
    return true;
}

/// Names up to one of these words.
void read_written_to(Reader& reader, std::initializer_list<std::string_view> ends, Statement& out) {
    const auto at_an_end = [&] {
        return std::any_of(ends.begin(), ends.end(), [&](auto word) { return reader.is(word); });
    };
    while (!reader.at_end() && !at_an_end()) {
        reader.any_name(out.written);
    }
}

void read_written_table(Reader& reader, Statement& out) {
    Statement::Name name;
    out.writes_one = reader.name(name);
    if (out.writes_one) {
        out.written.push_back(std::move(name));
    }
}

bool read_written(Reader& reader, Statement& out) {
    if (reader.take_any({"INSERT", "REPLACE"})) {
        while (reader.take_any({"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"})) {
        }
        read_written_table(reader, out);
        return true;
    }
    if (reader.take("LOAD")) {
        while (!reader.at_end() && !reader.take("TABLE")) {
            reader.skip();
        }
        read_written_table(reader, out);
        return true;
    }
    if (reader.take("UPDATE")) {
        while (reader.take_any({"LOW_PRIORITY", "IGNORE"})) {
        }
        read_written_to(reader, {"SET"}, out);
        return true;
    }
    if (reader.take("DELETE")) {
        while (reader.take_any({"LOW_PRIORITY", "QUICK", "IGNORE", "FROM"})) {
        }
        read_written_to(reader, {"WHERE", "ORDER", "LIMIT", "RETURNING"}, out);
        return true;
    }
    return false;
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
    if (reader.take("ANALYZE")) {
        if (reader.take_any({"TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG"})) {
            out.kind = Kind::harmless;
            return true;
        }
        if (reader.take("FORMAT")) { // = JSON
            reader.skip();
            reader.skip();
        }
        return read(reader, out, want_names); // MariaDB runs what it analyzes
    }
    if (read_written(reader, out) ||
        reader.take_any({"WITH", "CALL", "DO", "SELECT", "IMPORT", "TABLE", "VALUES"})) {
        out.kind = Kind::rows;
        want_names = true;
        return true;
    }
    if (reader.take_any({"OPTIMIZE", "CHECK", "REPAIR", "GRANT", "REVOKE", "FLUSH", "INSTALL",
                         "UNINSTALL", "USE", "PURGE", "CHANGE", "RESET", "SHUTDOWN", "CACHE",
                         "KILL", "LOCK", "UNLOCK"})) {
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
    if (conditional) {
        out.written.clear();
    }
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
