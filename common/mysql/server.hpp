#ifndef CDC_MYSQL_SERVER_HPP
#define CDC_MYSQL_SERVER_HPP

#include "event/pattern_check.hpp"
#include "mysql/connection.hpp"
#include "mysql/position.hpp"
#include "mysql/table_plan.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::mysql {

class ReadRights;

/// Who the server is, whatever name it is reached by: MySQL its server_uuid, MariaDB
/// "server_id@hostname:port".
std::string identity(Connection& connection);

struct LogEnd {
    Position position;
    /// Executed before it; "" where there are no global ids. MySQL: without those that are written
    /// to the log and not committed yet, which stand before `position`.
    std::string gtids;
    std::string only_databases{}; ///< binlog_do_db, with commas: no others are in the log
    std::string left_databases{}; ///< binlog_ignore_db
};
/// Where the next event will be written. Throws Error (refused) when there is no binary log.
LogEnd log_end(Connection& connection);

struct LogFile {
    std::string name;
    std::uint64_t size = 0;
};
/// Files that are still there, the oldest first.
std::vector<LogFile> log_files(Connection& connection);

/// A global variable of the server; "" where it has none of the name.
std::string variable(Connection& connection, const std::string& name);
/// Whether every transaction has a global id: MySQL by gtid_mode, MariaDB always.
bool uses_gtids(Connection& connection);
/// Global ids executed before a position: of any on MariaDB, on MySQL only of the oldest position
/// that the log holds.
std::string gtids_before(Connection& connection, const Position& position);

/// Whether the server refused for want of a right.
bool is_right_missing(const ServerError& error);

/// Throws Error (position_lost) with what is there when the log does not hold `position`.
void check_position(Connection& connection, const Position& position);

struct Finding {
    base::ExitCode code = base::ExitCode::ok; ///< ok: only a warning
    std::string text;
    std::string remedy;
    bool good = false; ///< nothing to mend: told by \--check alone
};
/// Settings without which capture cannot work, or not well. `minimal_metadata`: a log without the
/// names of columns will do.
std::vector<Finding> preflight(Connection& connection, bool minimal_metadata);

/// Throws Error (refused) where there is no such database that the user may see, with the name that
/// was probably meant. "": no one is named.
void require_database(Connection& connection, const std::string& database);

/// Every table of users, its database as the schema. `database`: the only one that is captured; "":
/// all.
std::vector<event::PresentTable> present_tables(Connection& connection,
                                                const std::string& database);

/// Reads information_schema.
class Catalog : public SourceLookup {
public:
    explicit Catalog(Connection& connection) : m_connection{&connection} {}
    TableFacts describe(const std::string& db, const std::string& table) override;
    std::optional<TableMap> shape(const std::string& db, const std::string& table) override;
    std::vector<TableMap> all_tables() override;
    const Collations& collations() override;
    std::vector<StoredCode> stored_code(const TableNames& names) override;
    std::string hidden(const std::string& db, const std::string& table,
                       const std::vector<std::string>& columns) override;
    std::uint64_t end_of_log() override;
    std::string names_changed_behind(const std::string& db, const std::string& table,
                                     const Position& from, std::int64_t seconds) override;
    std::string stored_name(const std::string& name) override;

private:
    Connection* m_connection;
    std::optional<bool> m_lower_case_names;
    std::optional<Collations> m_collations;
    std::shared_ptr<const ReadRights> m_rights; ///< as they were when they were asked for first
};

} // namespace cdc::mysql

#endif
