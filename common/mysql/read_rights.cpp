#include "mysql/read_rights.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::in_quotes;

namespace {

/// `text` up to `end` where that stands in no quotes and parentheses, which leaves `text` with what
/// follows; npos-like: all of it.
std::string_view cut_at(std::string_view& text, std::string_view end) {
    char quote = 0;
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '`' || c == '"' || c == '\'') {
            quote = c;
        } else if (depth == 0 && text.substr(i).starts_with(end)) {
            const std::string_view out = text.substr(0, i);
            text.remove_prefix(i + end.size());
            return out;
        } else {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
    }
    return std::exchange(text, {});
}

std::string unquoted(std::string_view name) {
    if (name.size() < 2 || (name.front() != '`' && name.front() != '"')) {
        return std::string{name};
    }
    std::string out;
    for (std::size_t i = 1; i + 1 < name.size(); ++i) {
        out += name[i];
        i += name[i] == name.front() ? 1 : 0; // it is doubled
    }
    return out;
}

/// As LIKE: `_` is any character, `%` any number of them, but not behind a backslash.
bool matches(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) {
        return name.empty();
    }
    if (pattern[0] == '%') {
        return matches(pattern.substr(1), name) ||
               (!name.empty() && matches(pattern, name.substr(1)));
    }
    const bool any = pattern[0] == '_';
    pattern.remove_prefix(pattern[0] == '\\' && pattern.size() > 1 ? 1 : 0);
    return !name.empty() && (any || pattern[0] == name[0]) &&
           matches(pattern.substr(1), name.substr(1));
}

} // namespace

void ReadRights::add(std::string_view grant) {
    const bool revoke = grant.starts_with("REVOKE ");
    if (!revoke && !grant.starts_with("GRANT ")) {
        return;
    }
    grant.remove_prefix(grant.find(' ') + 1);
    std::string_view rights = cut_at(grant, " ON ");
    std::string_view object = cut_at(grant, revoke ? " FROM " : " TO ");
    bool whole = false;
    bool in_part = false;
    while (!rights.empty()) {
        const std::string_view right = cut_at(rights, ", ");
        whole = whole || right == "SELECT" || right == "ALL PRIVILEGES";
        in_part = in_part || right.starts_with("SELECT (");
    }
    const std::string db = unquoted(cut_at(object, "."));
    if ((!whole && !in_part) || object.empty()) {
        return;
    }
    const std::string table = unquoted(object);
    if (revoke) {
        m_revoked.insert(db);
        return;
    }
    m_none = false;
    if (object != "*") {
        if (whole) {
            m_tables.emplace(db, table);
        }
    } else if (db == "*") {
        m_global = true;
    } else {
        m_patterns.push_back(db);
    }
}

bool ReadRights::reads_all(const std::string& db) const {
    return (m_global && !m_revoked.contains(db)) ||
           std::any_of(m_patterns.begin(), m_patterns.end(),
                       [&db](const std::string& pattern) { return matches(pattern, db); });
}

ReadRights read_rights(Connection& connection) {
    std::string sql = "SHOW GRANTS";
    if (!connection.is_mariadb()) {
        const std::string roles = connection.value("SELECT CURRENT_ROLE()");
        sql += roles == "NONE" ? "" : " FOR CURRENT_USER() USING " + roles;
    }
    ReadRights out;
    for (const Connection::Row& row : connection.query(sql)) {
        out.add(row.at(0).value_or(""));
    }
    return out;
}

std::vector<Finding> hidden_tables(Connection& connection, const std::string& database,
                                   const event::TableFilter& filter) {
    const ReadRights rights = read_rights(connection);
    std::set<std::string> limited;
    if (!database.empty() && !rights.reads_all(database)) {
        limited.insert(database);
    }
    if (database.empty()) {
        for (const event::PresentTable& table : present_tables(connection, database)) {
            if (filter.matches(table.schema, table.table) && !rights.reads_all(table.schema)) {
                limited.insert(table.schema);
            }
        }
    }
    std::vector<Finding> out;
    if (rights.none()) {
        return out;
    }
    for (const std::string& db : limited) {
        out.push_back({ExitCode::ok,
                       fmt::format("the user may not read all of database {}: a snapshot lacks "
                                   "the tables and columns that it may not, and capture stops at "
                                   "a change of one",
                                   in_quotes(db)),
                       fmt::format("GRANT SELECT ON {}.* to the user on the source, or leave "
                                   "them out (--exclude)",
                                   quote_name(db))});
    }
    return out;
}

} // namespace cdc::mysql
