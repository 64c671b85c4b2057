#include "mysql/unlogged_changes.hpp"

#include "mysql/statement.hpp"

#include <algorithm>
#include <set>
#include <string_view>

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

std::set<std::string> names_of(std::string_view list) {
    std::set<std::string> out;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        out.emplace(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return out;
}

/// Databases that the server leaves out of its log.
void add_left_databases(std::vector<Finding>& out, Connection& connection,
                        const std::string& database, const event::TableFilter& filter) {
    LogEnd end;
    try {
        end = log_end(connection);
    } catch (const ServerError& error) {
        if (!is_right_missing(error)) {
            throw;
        }
        return; // which is told when the log is asked for
    }
    const auto only = names_of(end.only_databases);
    const auto left = names_of(end.left_databases);
    if (only.empty() && left.empty()) {
        return;
    }
    std::set<std::string> captured;
    if (!database.empty()) {
        captured.insert(database);
    } else {
        for (const event::PresentTable& table : present_tables(connection, database)) {
            if (filter.matches(table.schema, table.table)) {
                captured.insert(table.schema);
            }
        }
    }
    // The server looks at the other list only where this one is empty.
    const char* setting = only.empty() ? "binlog_ignore_db" : "binlog_do_db";
    for (const std::string& name : captured) {
        if (only.empty() ? left.contains(name) : !only.contains(name)) {
            out.push_back({ExitCode::refused,
                           fmt::format("database {} is left out of the binary log by {}",
                                       in_quotes(name), setting),
                           fmt::format("Start the server without {}, and begin anew behind that "
                                       "with a snapshot; or leave the database out (--exclude)",
                                       setting)});
        }
    }
    out.push_back({ExitCode::ok,
                   fmt::format("{} is set: a statement such as TRUNCATE TABLE is not in the log "
                               "where the session's default database is one that is left out",
                               setting),
                   fmt::format("start the server without {}", setting)});
}

/// What comes to a replica from its source is in its log with log_replica_updates alone.
void add_replica(std::vector<Finding>& out, Connection& connection) {
    constexpr unsigned long kReplicaStatus = 80022;
    const bool renamed = !connection.is_mariadb() && connection.version() >= kReplicaStatus;
    const std::string name = variable(connection, "log_replica_updates").empty()
                                 ? "log_slave_updates"
                                 : "log_replica_updates";
    if (variable(connection, name) != "OFF") {
        return;
    }
    const char* sql = connection.is_mariadb() ? "SHOW ALL SLAVES STATUS"
                      : renamed               ? "SHOW REPLICA STATUS"
                                              : "SHOW SLAVE STATUS";
    try {
        if (!connection.query(sql).empty()) {
            out.push_back({ExitCode::refused,
                           fmt::format("the source is a replica, and {} is OFF: what it gets from "
                                       "its own source is not in its log",
                                       name),
                           fmt::format("Start it with {}=ON, and begin anew behind that with a "
                                       "snapshot; or capture from its own source. Where it is a "
                                       "replica no more: RESET {} ALL",
                                       name, connection.is_mariadb() ? "SLAVE" : "REPLICA")});
        }
    } catch (const ServerError& error) {
        if (!is_right_missing(error)) {
            throw;
        }
        if (connection.is_mariadb() && connection.value("SELECT @@gtid_slave_pos").empty()) {
            return; // it never was one
        }
        out.push_back(
            {ExitCode::ok,
             fmt::format("{} is OFF, and the user may not see whether the source is a "
                         "replica: what that gets from its own source is not in its log",
                         name),
             fmt::format("GRANT {} ON *.* to the user on the source",
                         connection.is_mariadb() ? "REPLICA MONITOR" : "REPLICATION CLIENT")});
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
    if (variable(connection, "log_bin") == "ON") { // else preflight() tells
        add_left_databases(out, connection, database, filter);
        add_replica(out, connection);
    }
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
