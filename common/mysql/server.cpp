#include "mysql/server.hpp"

#include "base/near_names.hpp"
#include "base/numbers.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/folded_name.hpp"
#include "mysql/read_rights.hpp"
#include "mysql/unlogged_changes.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr unsigned long kOldestMysql = 80001;
constexpr unsigned long kOldestMariadb = 100500;
constexpr unsigned long kBinaryLogStatus = 80200; ///< SHOW MASTER STATUS has another name from here

std::string without_newlines(std::string text) {
    std::erase(text, '\n');
    return text;
}

} // namespace

std::string variable(Connection& connection, const std::string& name) {
    const auto rows = connection.query("SHOW GLOBAL VARIABLES LIKE " + connection.literal(name));
    return rows.empty() ? "" : rows[0].at(1).value_or("");
}

std::string identity(Connection& connection) {
    return connection.value(connection.is_mariadb()
                                ? "SELECT CONCAT(@@server_id, '@', @@hostname, ':', @@port)"
                                : "SELECT @@server_uuid");
}

namespace {

/// Of a statement that shows the binary logs, which needs a right of its own.
std::vector<Connection::Row> query_of_logs(Connection& connection, const std::string& sql) {
    try {
        return connection.query(sql);
    } catch (const ServerError& error) {
        if (!is_right_missing(error)) {
            throw;
        }
        throw ServerError{
            error.code(), error.what(), error.number(),
            fmt::format("GRANT {} ON *.* to the user on the source",
                        connection.is_mariadb() ? "BINLOG MONITOR" : "REPLICATION CLIENT")};
    }
}

} // namespace

LogEnd log_end(Connection& connection) {
    const auto executed = [&connection] {
        return connection.is_mariadb() ? connection.value("SELECT @@gtid_binlog_pos") : "";
    };
    const std::string before = executed();
    const bool renamed = !connection.is_mariadb() && connection.version() >= kBinaryLogStatus;
    const auto rows =
        query_of_logs(connection, renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    if (rows.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("{} writes no binary log", connection.description()),
                    "start the server with log_bin and server_id set"};
    }
    LogEnd end;
    end.position.file = rows[0].at(0).value_or("");
    end.position.offset =
        base::parse_integer<std::uint64_t>(rows[0].at(1).value_or("")).value_or(0);
    end.only_databases = rows[0].at(2).value_or("");
    end.left_databases = rows[0].at(3).value_or("");
    if (connection.is_mariadb()) {
        // The right answer reads the file up to there.
        end.gtids = executed() == before ? before : gtids_before(connection, end.position);
    } else if (rows[0].size() > 4) {
        end.gtids = without_newlines(rows[0][4].value_or(""));
    }
    return end;
}

std::vector<LogFile> log_files(Connection& connection) {
    std::vector<LogFile> out;
    for (const auto& row : query_of_logs(connection, "SHOW BINARY LOGS")) {
        out.push_back({row.at(0).value_or(""),
                       base::parse_integer<std::uint64_t>(row.at(1).value_or("")).value_or(0)});
    }
    return out;
}

bool uses_gtids(Connection& connection) {
    return connection.is_mariadb() || variable(connection, "gtid_mode") == "ON";
}

std::string gtids_before(Connection& connection, const Position& position) {
    if (connection.is_mariadb()) {
        return connection.value(fmt::format("SELECT BINLOG_GTID_POS({}, {})",
                                            connection.literal(position.file), position.offset));
    }
    return without_newlines(connection.value("SELECT @@global.gtid_purged"));
}

bool is_right_missing(const ServerError& error) {
    constexpr unsigned kDatabaseAccessDenied = 1044;
    constexpr unsigned kTableAccessDenied = 1142;
    constexpr unsigned kSpecificAccessDenied = 1227;
    switch (error.number()) {
    case kAccessDenied:
    case kDatabaseAccessDenied:
    case kTableAccessDenied:
    case kSpecificAccessDenied:
        return true;
    default:
        return false;
    }
}

void check_position(Connection& connection, const Position& position) {
    const std::vector<LogFile> files = log_files(connection);
    const std::string oldest =
        files.empty() ? "it holds no log at all"
                      : fmt::format("the oldest that it holds is {}",
                                    Position{files.front().name, Position::kFirst}.text());
    for (const LogFile& file : files) {
        if (file.name != position.file) {
            continue;
        }
        if (position.offset > file.size) {
            fail(ExitCode::position_lost,
                 "position {} is behind the end of that file ({} bytes): the log is not the one "
                 "that was read before",
                 position.text(), file.size);
        }
        return;
    }
    if (!files.empty()) {
        const Position end{files.back().name, files.back().size};
        if (end.base_name() == position.base_name() && end < position) {
            throw Error{
                ExitCode::position_lost,
                fmt::format(
                    "position {} is behind the end of the log of {}, {}: the log is not the "
                    "one that was read before, or the position was mistyped",
                    position.text(), connection.description(), end.text()),
                "Without --from-position a stream begins at the log's end; after a RESET or a "
                "restored backup read the tables again with a snapshot"};
        }
    }
    throw Error{ExitCode::position_lost,
                fmt::format("{} no longer has the log from {} on; {}", connection.description(),
                            position.text(), oldest),
                "What was committed in between is lost to the stream: read the tables again with a "
                "snapshot, then begin with a new checkpoint file"};
}

std::vector<Finding> preflight(Connection& connection, bool minimal_metadata) {
    std::vector<Finding> out;
    const auto refuse = [&out](std::string text, std::string remedy) {
        out.push_back({ExitCode::refused, std::move(text), std::move(remedy)});
    };
    const unsigned long oldest = connection.is_mariadb() ? kOldestMariadb : kOldestMysql;
    if (connection.version() < oldest) {
        refuse(fmt::format("the source is {} {}.{}; {}.{} is the oldest that works",
                           connection.is_mariadb() ? "MariaDB" : "MySQL",
                           connection.version() / 10000, connection.version() / 100 % 100,
                           oldest / 10000, oldest / 100 % 100),
               "");
    }
    if (variable(connection, "log_bin") != "ON") {
        refuse("the source writes no binary log",
               "start the server with log_bin and server_id set");
        return out;
    }
    if (const auto format = variable(connection, "binlog_format");
        !format.empty() && format != "ROW") {
        refuse(fmt::format("binlog_format is {}", format), "SET GLOBAL binlog_format=ROW");
    }
    if (const auto metadata = variable(connection, "binlog_row_metadata"); metadata != "FULL") {
        const std::string text =
            fmt::format("binlog_row_metadata is {}: the log does not say the names of columns",
                        metadata.empty() ? "not known to the server" : metadata);
        if (minimal_metadata) {
            out.push_back({ExitCode::ok, text + ", which are those of the catalog as it is now",
                           "SET GLOBAL binlog_row_metadata=FULL"});
        } else {
            refuse(text, "SET GLOBAL binlog_row_metadata=FULL; or --allow-minimal-metadata");
        }
    }
    if (const auto image = variable(connection, "binlog_row_image");
        image != "FULL" && image != "FULL_NODUP") {
        out.push_back(
            {ExitCode::ok,
             fmt::format("binlog_row_image is {}: rows lack what did not change, and some "
                         "changes will stop capture",
                         image),
             "SET GLOBAL binlog_row_image=FULL"});
    } else if (image == "FULL_NODUP") {
        out.push_back({ExitCode::ok,
                       "binlog_row_image is FULL_NODUP: updates lack values that did "
                       "not change, which are taken from the row before",
                       ""});
    }
    return out;
}

void require_database(Connection& connection, const std::string& database) {
    if (database.empty()) {
        return;
    }
    const auto rows = connection.query("SHOW DATABASES");
    std::vector<std::string_view> names;
    for (const auto& row : rows) {
        names.emplace_back(*row.at(0));
    }
    if (std::find(names.begin(), names.end(), database) != names.end()) {
        return;
    }
    const std::string near = base::nearest(database, names);
    throw Error{ExitCode::refused,
                fmt::format("{} has no database {} that the user may see", connection.description(),
                            in_quotes(database)),
                near.empty()
                    ? fmt::format("GRANT SELECT ON {}.* TO the user, if it is there", database)
                    : fmt::format("Did you mean {}?", in_quotes(near))};
}

std::vector<event::PresentTable> present_tables(Connection& connection,
                                                const std::string& database) {
    std::vector<event::PresentTable> out;
    std::map<std::pair<std::string, std::string>, std::size_t> places;
    for (const auto& row : connection.query(
             "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type IN "
             "('BASE TABLE', 'SYSTEM VERSIONED') AND table_schema NOT IN ('mysql', 'sys', "
             "'information_schema', "
             "'performance_schema') ORDER BY 1, 2")) {
        const std::string db = row.at(0).value_or("");
        if (database.empty() || database == db) {
            out.push_back({db, row.at(1).value_or(""), {}});
            places[{db, out.back().table}] = out.size() - 1;
        }
    }
    for (const auto& row : connection.query(
             "SELECT table_schema, table_name, column_name FROM information_schema.columns")) {
        const auto place = places.find({row.at(0).value_or(""), row.at(1).value_or("")});
        if (place != places.end()) {
            out[place->second].columns.push_back(row.at(2).value_or(""));
        }
    }
    return out;
}

TableFacts Catalog::describe(const std::string& db, const std::string& table) {
    TableFacts facts;
    const std::string where = fmt::format(" WHERE table_schema = {} AND table_name = {}",
                                          m_connection->literal(db), m_connection->literal(table));
    for (const auto& row : m_connection->query(
             "SELECT column_name, data_type, datetime_precision, extra, generation_expression FROM "
             "information_schema.columns" +
             where)) {
        facts.types[row.at(0).value_or("")] = row.at(1).value_or("");
        if (row.at(2).value_or("0") != "0") {
            facts.with_fraction.insert(row.at(0).value_or(""));
        }
        // Not DEFAULT_GENERATED, nor the times of MariaDB's system versions.
        const std::string expression = row.at(4).value_or("");
        if (row.at(3).value_or("").find(" GENERATED") != std::string::npos &&
            expression != "ROW START" && expression != "ROW END") {
            facts.generated[row.at(0).value_or("")] = expression;
        }
    }
    if (m_connection->is_mariadb()) {
        facts.long_key = promoted_keys(*m_connection, db, table).of_long_texts;
    }
    if (m_connection->is_mariadb() && !m_connection
                                           ->query("SELECT 1 FROM information_schema.tables" +
                                                   where + " AND table_type = 'SYSTEM VERSIONED'")
                                           .empty()) {
        const auto named =
            m_connection->query("SELECT column_name FROM information_schema.columns" + where +
                                " AND generation_expression = 'ROW END'");
        facts.hides_period = named.empty();
        facts.row_end = named.empty() ? "row_end" : named[0].at(0).value_or("");
    }
    return facts;
}

const Collations& Catalog::collations() {
    if (!m_collations) {
        m_collations = read_collations(*m_connection);
    }
    return *m_collations;
}

std::vector<StoredCode> Catalog::stored_code(const TableNames& names) {
    return mysql::stored_code(*m_connection, names);
}

std::string Catalog::hidden(const std::string& db, const std::string& table,
                            const std::vector<std::string>& columns) {
    if (m_rights == nullptr) {
        m_rights = std::make_shared<const ReadRights>(read_rights(*m_connection));
    }
    if (m_rights->none() || m_rights->reads_all(db, table)) {
        return "";
    }
    const auto map = shape(db, table);
    if (!map) {
        return fmt::format("table '{}.{}'", db, table);
    }
    for (const std::string& name : columns) {
        if (std::none_of(map->columns.begin(), map->columns.end(),
                         [&name](const auto& column) { return column.name == name; })) {
            return fmt::format("column {} of table '{}.{}'", in_quotes(name), db, table);
        }
    }
    return "";
}

std::uint64_t Catalog::end_of_log() {
    return log_end(*m_connection).position.order_position();
}

std::string Catalog::stored_name(const std::string& name) {
    if (!m_lower_case_names) {
        m_lower_case_names = variable(*m_connection, "lower_case_table_names") != "0";
    }
    if (!*m_lower_case_names) {
        return name;
    }
    const bool ascii = std::all_of(name.begin(), name.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0x80U) == 0;
    });
    // The server folds letters of all scripts, by the tables of its charset for names.
    return ascii ? folded_name(name)
                 : m_connection->value(fmt::format("SELECT LOWER(CONVERT({} USING utf8))",
                                                   m_connection->literal(name)));
}

std::optional<TableMap> Catalog::shape(const std::string& db, const std::string& table) {
    auto found = read_table(*m_connection, db, table);
    return found ? std::optional{std::move(found->map)} : std::nullopt;
}

std::vector<TableMap> Catalog::all_tables() {
    std::vector<TableMap> out;
    for (CatalogTable& table : read_tables(*m_connection, "", event::TableFilter{{}, {}})) {
        out.push_back(std::move(table.map));
    }
    return out;
}

} // namespace cdc::mysql
