#include "mysql/alter_clause.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace cdc::mysql {

namespace {

using Alteration = Statement::Alteration;

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

/// ADD a int KEY: the values of a primary key are none that are NULL.
bool makes_primary_key(const std::vector<const Token*>& clause) {
    for (std::size_t i = 1; i < clause.size(); ++i) {
        if (clause[i]->is("KEY") && !clause[i - 1]->is("UNIQUE")) {
            return true;
        }
    }
    return false;
}

/// One that is not NULL.
bool has_default(const std::vector<const Token*>& clause) {
    for (std::size_t i = 0; i < clause.size(); ++i) {
        if (clause[i]->is("DEFAULT") && !starts_any(clause, i + 1, {"NULL"})) {
            return true;
        }
    }
    return false;
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
        const bool other =
            has_default(clause) || contains(clause, "NOT") || contains(clause, "AS") ||
            contains(clause, "GENERATED") || contains(clause, "PRIMARY") ||
            contains(clause, "AUTO_INCREMENT") || contains(clause, "SERIAL") ||
            (contains(clause, "TIMESTAMP") && !contains(clause, "NULL")) ||
            contains(clause, "PERIOD") || contains(clause, "SYSTEM") || makes_primary_key(clause);
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
                                                     "READ"};
    if (starts(clause, {"RENAME"}) && starts_any(clause, 1, {"INDEX", "KEY"})) {
        return Alteration::keeps_values;
    }
    return std::any_of(std::begin(kHarmless), std::end(kHarmless),
                       [&](std::string_view word) { return clause[0]->is(word); })
               ? engine_change(clause)
               : Alteration::unproven;
}

/// What is not understood may give columns other names; CONVERT TO CHARACTER SET does not, nor does
/// CONVERT of a partition.
void take_alteration(const std::vector<const Token*>& clause, Statement& out) {
    const Alteration alteration = alteration_of(clause);
    out.may_rename |= alteration == Alteration::unproven && !starts(clause, {"CONVERT"});
    out.alteration = worst(out.alteration, alteration);
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

/// The table of EXCHANGE PARTITION p WITH TABLE, CONVERT PARTITION p TO TABLE, CONVERT TABLE: its
/// rows change too.
void read_exchanged(const std::vector<const Token*>& clause, Statement& out) {
    const bool exchange = starts_any(clause, 0, {"EXCHANGE", "CONVERT"});
    for (std::size_t i = 1; exchange && i + 1 < clause.size(); ++i) {
        if (clause[i]->is("TABLE")) {
            out.exchanged.table = clause[i + 1]->text;
            if (i + 3 < clause.size() && clause[i + 2]->is(".")) {
                out.exchanged = {clause[i + 1]->text, clause[i + 3]->text};
            }
            return;
        }
    }
}

/// ADD [COLUMN] [IF NOT EXISTS] a …, ADD [COLUMN] (a …, b …): each as a clause of its own.
void read_added(const std::vector<const Token*>& clause, Statement& out) {
    read_columns(clause, out.added_columns);
    std::size_t at = 1;
    if (at < clause.size() && is_index_word(*clause[at])) {
        take_alteration(clause, out);
        return;
    }
    at += starts_any(clause, at, {"COLUMN"}) ? 1 : 0;
    out.adds_missing |= starts_any(clause, at, {"IF"});
    at += starts_any(clause, at, {"IF"}) ? 3 : 0;
    std::vector<std::vector<const Token*>> parts{{clause[0]}};
    const bool list = starts_any(clause, at, {"("});
    int depth = 0;
    for (; at < clause.size(); ++at) {
        depth += clause[at]->is("(") ? 1 : clause[at]->is(")") ? -1 : 0;
        const bool around = list && (depth == 0 || (depth == 1 && clause[at]->is("(")));
        if (around) {
            continue;
        }
        if (list && depth == 1 && clause[at]->is(",")) {
            parts.push_back({clause[0]});
        } else {
            parts.back().push_back(clause[at]);
        }
    }
    for (const auto& part : parts) {
        if (auto definition = read_definition(part, 1)) {
            out.added.push_back(std::move(*definition));
        } else {
            take_alteration(part, out);
        }
    }
}

/// MODIFY [COLUMN] [IF EXISTS] a …, CHANGE [COLUMN] [IF EXISTS] a a …
void read_modified(const std::vector<const Token*>& clause, Statement& out) {
    std::size_t at = 1;
    at += starts_any(clause, at, {"COLUMN"}) ? 1 : 0;
    at += starts_any(clause, at, {"IF"}) ? 2 : 0;
    bool renamed = false;
    if (starts(clause, {"CHANGE"}) && at + 1 < clause.size()) {
        renamed = clause[at]->text != clause[at + 1]->text;
        if (renamed) {
            out.renamed_columns.emplace_back(clause[at]->text, clause[at + 1]->text);
        }
        ++at;
    }
    std::optional<ColumnDefinition> definition = read_definition(clause, at);
    if (definition && !renamed) {
        out.modified.push_back(std::move(*definition));
    } else {
        take_alteration(clause, out);
    }
}

/// RENAME COLUMN [IF EXISTS] a TO b
void read_renamed(const std::vector<const Token*>& clause, Statement& out) {
    if (starts(clause, {"RENAME", "COLUMN"})) {
        const std::size_t at = starts_any(clause, 2, {"IF"}) ? 4 : 2;
        if (at + 2 < clause.size()) {
            out.renamed_columns.emplace_back(clause[at]->text, clause[at + 2]->text);
        }
    }
}

/// RENAME [TO | AS | =] [db.]name
bool read_rename(const std::vector<const Token*>& clause, Statement& out) {
    const std::size_t at = starts_any(clause, 1, {"TO", "AS", "="}) ? 2 : 1;
    if (at >= clause.size() || !clause[at]->is_name()) {
        return false;
    }
    out.renamed_to = clause[at]->text;
    if (at + 2 < clause.size() && clause[at + 1]->is(".")) {
        out.renamed_to_db = out.renamed_to;
        out.renamed_to = clause[at + 2]->text;
    }
    return true;
}

} // namespace

bool read_alter_clause(const std::vector<const Token*>& clause, Statement& out) {
    if (starts(clause, {"RENAME"}) && clause.size() > 1 &&
        !starts_any(clause, 1, {"INDEX", "KEY", "COLUMN"})) {
        return read_rename(clause, out);
    }
    if (starts(clause, {"ADD"})) {
        read_added(clause, out);
        return true;
    }
    if (starts(clause, {"MODIFY"}) || starts(clause, {"CHANGE"})) {
        read_modified(clause, out);
        return true;
    }
    take_alteration(clause, out);
    read_renamed(clause, out);
    if (starts(clause, {"DROP"})) {
        read_columns(clause, out.dropped_columns);
    }
    read_exchanged(clause, out);
    return true;
}

} // namespace cdc::mysql
