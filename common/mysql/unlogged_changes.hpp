#ifndef CDC_MYSQL_UNLOGGED_CHANGES_HPP
#define CDC_MYSQL_UNLOGGED_CHANGES_HPP

#include "event/table_filter.hpp"
#include "mysql/connection.hpp"
#include "mysql/server.hpp"
#include "mysql/table_plan.hpp"

#include <string>
#include <vector>

/// What changes rows of captured tables without the log saying so by their names.
namespace cdc::mysql {

/// Foreign keys with CASCADE or SET NULL of captured tables, MERGE tables over or among them,
/// captured databases that the server leaves out of its log, and a replica that does not log what
/// it gets. `database`: the only one that is captured; "": all.
std::vector<Finding> unlogged_changes(Connection& connection, const std::string& database,
                                      const event::TableFilter& filter);

/// SourceLookup::stored_code(), as the catalog is now. Where the user has no right to see all
/// triggers and routines there is one more, which says so.
std::vector<StoredCode> stored_code(Connection& connection, const TableNames& names);

} // namespace cdc::mysql

#endif
