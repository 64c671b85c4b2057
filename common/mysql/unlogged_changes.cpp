#include "mysql/unlogged_changes.hpp"

#include "mysql/statement.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::in_quotes;

namespace {

void add_cascading_keys(std::vector<Finding>& out, Connection& connection,
                        const std::string& database, const event::TableFilter& filter) {
    constexpr char kKeys[] =
        "SELECT constraint_schema, table_name, constraint_name, referenced_table_name FROM "
        "information_schema.referential_constraints WHERE delete_rule IN ('CASCADE', 'SET NULL', "
        "'SET DEFAULT') OR update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY 1, 2, 3";
    for (const auto& row : connection.query(kKeys)) {
        const std::string db = row.at(0).value_or("");
        const std::string table = row.at(1).value_or("");
        if ((database.empty() || database == db) && filter.matches(db, table)) {
            out.push_back({ExitCode::refused,
                           fmt::format("foreign key {} of table '{}.{}' has CASCADE or SET NULL: "
                                       "what a change of {} changes by it is not in the log",
                                       in_quotes(row.at(2).value_or("")), db, table,
                                       in_quotes(row.at(3).value_or(""))),
                           "Leave the table out (--exclude), or make the key with RESTRICT"});
        }
    }
}

std::vector<Statement::Name> tables_of_merge(Connection& connection, const std::string& db,
                                             const std::string& table) {
    constexpr unsigned kCannotBeOpened = 1168;
    try {
        const auto shown = connection.query(
            fmt::format("SHOW CREATE TABLE {}.{}", quote_name(db), quote_name(table)));
        return merged_tables(shown.at(0).at(1).value_or(""), Quoting{});
    } catch (const ServerError& error) {
        if (error.number() != kCannotBeOpened) {
            throw;
        }
        return {}; // nobody can write by it
    }
}

void add_merge_tables(std::vector<Finding>& out, Connection& connection,
                      const std::string& database, const event::TableFilter& filter) {
    const auto captures = [&](const std::string& db, const std::string& table) {
        return (database.empty() || database == db) && filter.matches(db, table);
    };
    for (const auto& row :
         connection.query("SELECT table_schema, table_name FROM information_schema.tables WHERE "
                          "engine = 'MRG_MYISAM' ORDER BY 1, 2")) {
        const std::string db = row.at(0).value_or("");
        const std::string table = row.at(1).value_or("");
        const auto merged = tables_of_merge(connection, db, table);
        const auto found = std::find_if(merged.begin(), merged.end(), [&](const auto& name) {
            return captures(name.db.empty() ? db : name.db, name.table);
        });
        if (captures(db, table) || found != merged.end()) {
            out.push_back(
                {ExitCode::refused,
                 fmt::format("table '{}.{}' is a MERGE table: rows that are written by it "
                             "to the tables that it merges are in the log under its name",
                             db, table),
                 "Leave it and the tables that it merges out (--exclude), or drop it"});
        }
    }
}

/// Of a MySQL or MariaDB account, as the tables of privileges have it.
constexpr char kGrantee[] = "CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', "
                            "SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')";

bool has_right(Connection& connection, const std::string& rights) {
    return !connection
                .query(fmt::format("SELECT 1 FROM information_schema.user_privileges WHERE grantee "
                                   "= {} AND privilege_type IN ({})",
                                   kGrantee, rights))
                .empty();
}

} // namespace

std::vector<Finding> unlogged_changes(Connection& connection, const std::string& database,
                                      const event::TableFilter& filter) {
    std::vector<Finding> out;
    add_cascading_keys(out, connection, database, filter);
    add_merge_tables(out, connection, database, filter);
    return out;
}

std::vector<StoredCode> stored_code(Connection& connection, const TableNames& names) {
    std::string list;
    for (const auto& [db, name] : names) {
        list += fmt::format("{}({}, {})", list.empty() ? "" : ", ", connection.literal(db),
                            connection.literal(name));
    }
    std::vector<StoredCode> out;
    for (const auto& row : connection.query(fmt::format(
             "SELECT CONCAT('view ', table_schema, '.', table_name), table_schema, view_definition "
             "FROM information_schema.views WHERE (table_schema, table_name) IN ({0}) UNION ALL "
             "SELECT CONCAT('table ', event_object_schema, '.', event_object_table, ', which has a "
             "trigger'), trigger_schema, action_statement FROM information_schema.triggers WHERE "
             "(event_object_schema, event_object_table) IN ({0}) UNION ALL "
             "SELECT CONCAT('routine ', routine_schema, '.', routine_name), routine_schema, "
             "routine_definition FROM information_schema.routines WHERE (routine_schema, "
             "routine_name) IN ({0})",
             list))) {
        const bool is_seen = !row.at(2).value_or("").empty();
        out.push_back(
            {row.at(0).value_or(""), row.at(1).value_or(""), is_seen ? row.at(2) : std::nullopt});
    }
    // Others' triggers and routines are shown to who may make or see them.
    if (!has_right(connection, "'TRIGGER'")) {
        out.push_back({"the user may not see triggers (GRANT TRIGGER ON *.*)", "", std::nullopt});
    }
    if (!has_right(connection, "'SELECT', 'SHOW_ROUTINE', 'EXECUTE'")) {
        out.push_back({"the user may not see routines (GRANT EXECUTE ON *.*)", "", std::nullopt});
    }
    return out;
}

} // namespace cdc::mysql
