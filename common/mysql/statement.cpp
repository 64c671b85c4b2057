#include "mysql/statement.hpp"

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

bool contains(const std::vector<const Token*>& clause, std::string_view word) {
    return std::any_of(clause.begin(), clause.end(),
                       [word](const Token* token) { return token->is(word); });
}

bool starts(const std::vector<const Token*>& clause,
            std::initializer_list<std::string_view> words) {
    std::size_t i = 0;
    return clause.size() >= words.size() &&
           std::all_of(words.begin(), words.end(),
                       [&](std::string_view word) { return clause[i++]->is(word); });
}

bool starts_any(const std::vector<const Token*>& clause, std::size_t at,
                std::initializer_list<std::string_view> words) {
    return at < clause.size() &&
           std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return clause[at]->is(word); });
}

Alteration worst(Alteration a, Alteration b) {
    return std::max(a, b);
}

/// ENGINE [=] name, anywhere among the options of a clause: BLACKHOLE keeps no row, and what the
/// others that are not named here show, and engines that are not known, is somewhere else. UNION
/// and CONNECTION say where.
Alteration engine_change(const std::vector<const Token*>& clause) {
    Alteration worst_one = Alteration::keeps_values;
    for (std::size_t i = 0; i < clause.size(); ++i) {
        if (clause[i]->is("UNION") || clause[i]->is("CONNECTION")) {
            worst_one = worst(worst_one, Alteration::unproven);
        }
        if (!clause[i]->is("ENGINE")) {
            continue;
        }
        const std::size_t name = i + (starts_any(clause, i + 1, {"="}) ? 2 : 1);
        if (starts_any(clause, name, {"BLACKHOLE"})) {
            return Alteration::drops_rows;
        }
        if (!starts_any(clause, name,
                        {"INNODB", "MYISAM", "ARIA", "MEMORY", "HEAP", "ARCHIVE", "CSV", "ROCKSDB",
                         "NDB", "NDBCLUSTER", "TOKUDB"})) {
            worst_one = worst(worst_one, Alteration::unproven);
        }
    }
    return worst_one;
}

/// One clause of ALTER TABLE.
Alteration alteration_of(const std::vector<const Token*>& clause) {
    static const std::initializer_list<std::string_view> kIndexWords = {
        "INDEX",   "KEY",        "UNIQUE",  "FULLTEXT", "SPATIAL",
        "PRIMARY", "CONSTRAINT", "FOREIGN", "CHECK"};
    if (clause.empty()) {
        return Alteration::keeps_values;
    }
    if (starts(clause, {"ADD"})) {
        if (starts_any(clause, 1, kIndexWords)) {
            return Alteration::keeps_values;
        }
        if (starts_any(clause, 1, {"PARTITION"})) {
            return Alteration::keeps_values;
        }
        // A new column is NULL in the rows that are there unless its definition says otherwise.
        const bool other = contains(clause, "DEFAULT") || contains(clause, "NOT") ||
                           contains(clause, "AS") || contains(clause, "GENERATED") ||
                           contains(clause, "PRIMARY") || contains(clause, "AUTO_INCREMENT") ||
                           contains(clause, "SERIAL") || contains(clause, "TIMESTAMP") ||
                           contains(clause, "PERIOD") || contains(clause, "SYSTEM");
        return other ? Alteration::unproven : Alteration::keeps_values;
    }
    if (starts(clause, {"DROP", "PARTITION"}) || starts(clause, {"TRUNCATE", "PARTITION"}) ||
        starts(clause, {"EXCHANGE", "PARTITION"})) {
        return Alteration::drops_rows;
    }
    if (starts(clause, {"DROP"}) && !starts_any(clause, 1, {"SYSTEM", "PERIOD"})) {
        return Alteration::keeps_values; // columns, indexes, constraints
    }
    static constexpr std::string_view kHarmless[] = {"COMMENT",
                                                     "AUTO_INCREMENT",
                                                     "ENGINE",
                                                     "ROW_FORMAT",
                                                     "KEY_BLOCK_SIZE",
                                                     "ALGORITHM",
                                                     "LOCK",
                                                     "FORCE",
                                                     "ORDER",
                                                     "ENABLE",
                                                     "DISABLE",
                                                     "STATS_PERSISTENT",
                                                     "STATS_AUTO_RECALC",
                                                     "STATS_SAMPLE_PAGES",
                                                     "COMPRESSION",
                                                     "ENCRYPTION",
                                                     "TABLESPACE",
                                                     "ALTER",
                                                     "MAX_ROWS",
                                                     "MIN_ROWS",
                                                     "AVG_ROW_LENGTH",
                                                     "CHECKSUM",
                                                     "DELAY_KEY_WRITE",
                                                     "PACK_KEYS",
                                                     "WAIT",
                                                     "NOWAIT",
                                                     "ANALYZE",
                                                     "OPTIMIZE",
                                                     "CHECK",
                                                     "REBUILD",
                                                     "REPAIR",
                                                     "COALESCE",
                                                     "REORGANIZE",
                                                     "PARTITION",
                                                     "REMOVE",
                                                     "DEFAULT",
                                                     "CHARACTER",
                                                     "CHARSET",
                                                     "COLLATE",
                                                     "SECONDARY_ENGINE",
                                                     "INSERT_METHOD",
                                                     "PAGE_CHECKSUM",
                                                     "TRANSACTIONAL",
                                                     "WITH",
                                                     "WITHOUT",
                                                     "READ",
                                                     "UNION",
                                                     "CONNECTION"};
    if (starts(clause, {"RENAME"}) && starts_any(clause, 1, {"INDEX", "KEY"})) {
        return Alteration::keeps_values;
    }
    return std::any_of(std::begin(kHarmless), std::end(kHarmless),
                       [&](std::string_view word) { return clause[0]->is(word); })
               ? engine_change(clause)
               : Alteration::unproven;
}

bool is_index_word(const Token& token) {
    static constexpr std::string_view kWords[] = {"INDEX",   "KEY",       "UNIQUE",  "FULLTEXT",
                                                  "SPATIAL", "PRIMARY",   "FOREIGN", "CONSTRAINT",
                                                  "CHECK",   "PARTITION", "SYSTEM",  "PERIOD"};
    return std::any_of(std::begin(kWords), std::end(kWords),
                       [&](std::string_view word) { return token.is(word); });
}

/// The columns of DROP [COLUMN] [IF EXISTS] a, ADD [COLUMN] [IF NOT EXISTS] a …, ADD [COLUMN] (a …,
/// b …).
void read_columns(const std::vector<const Token*>& clause, std::vector<std::string>& out) {
    std::size_t at = 1;
    if (at < clause.size() && is_index_word(*clause[at])) {
        return;
    }
    for (const std::string_view word : {"COLUMN", "IF", "NOT", "EXISTS"}) {
        at += at < clause.size() && clause[at]->is(word) ? 1 : 0;
    }
    if (at >= clause.size()) {
        return;
    }
    if (!clause[at]->is("(")) {
        out.push_back(clause[at]->text);
        return;
    }
    int depth = 0;
    for (; at + 1 < clause.size(); ++at) {
        depth += clause[at]->is("(") ? 1 : clause[at]->is(")") ? -1 : 0;
        const bool begins = clause[at]->is("(") || clause[at]->is(",");
        if (depth == 1 && begins && !is_index_word(*clause[at + 1])) {
            out.push_back(clause[at + 1]->text);
        }
    }
}

/// The table behind EXCHANGE PARTITION p WITH TABLE, CONVERT PARTITION p TO TABLE: its rows change
/// too.
void read_exchanged(const std::vector<const Token*>& clause, Statement& out) {
    const bool exchange = starts_any(clause, 0, {"EXCHANGE", "CONVERT"});
    for (std::size_t i = 1; exchange && i + 2 < clause.size(); ++i) {
        if ((clause[i]->is("WITH") || clause[i]->is("TO")) && clause[i + 1]->is("TABLE")) {
            out.exchanged.table = clause[i + 2]->text;
            if (i + 4 < clause.size() && clause[i + 3]->is(".")) {
                out.exchanged = {clause[i + 2]->text, clause[i + 4]->text};
            }
        }
    }
}

void read_clause(const std::vector<const Token*>& clause, Statement& out) {
    out.alteration = worst(out.alteration, alteration_of(clause));
    if (starts(clause, {"DROP"})) {
        read_columns(clause, out.dropped_columns);
    } else if (starts(clause, {"ADD"})) {
        read_columns(clause, out.added_columns);
    }
    read_exchanged(clause, out);
}

bool read_alter(Reader& reader, Statement& out) {
    out.kind = Kind::alter_table;
    Statement::Name table;
    if (!reader.name(table)) {
        return false;
    }
    out.tables.push_back(std::move(table));
    out.alteration = Alteration::keeps_values;
    while (reader.take_any({"WAIT", "NOWAIT"})) {
        reader.skip();
    }
    while (!reader.at_end()) {
        const auto clause = reader.clause();
        const bool rename = starts(clause, {"RENAME"}) && clause.size() > 1 &&
                            !starts_any(clause, 1, {"INDEX", "KEY", "COLUMN"});
        if (!rename) {
            read_clause(clause, out);
            continue;
        }
        std::size_t at = starts_any(clause, 1, {"TO", "AS", "="}) ? 2 : 1;
        if (at >= clause.size() || !clause[at]->is_name()) {
            return false;
        }
        out.renamed_to = clause[at]->text;
        if (at + 2 < clause.size() && clause[at + 1]->is(".")) {
            out.renamed_to_db = out.renamed_to;
            out.renamed_to = clause[at + 2]->text;
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
    return true;
}

bool read(Reader& reader, Statement& out, bool& want_names) {
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
                         "SET", "INSTALL", "UNINSTALL", "USE", "PURGE", "CHANGE", "RESET",
                         "SHUTDOWN", "CACHE", "KILL", "LOCK", "UNLOCK"})) {
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
