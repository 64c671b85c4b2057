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

/// Foreign keys with CASCADE or SET NULL of captured tables, and MERGE tables over or among them.
/// `database`: the only one that is captured; "": all.
std::vector<Finding> unlogged_changes(Connection& connection, const std::string& database,
                                      const event::TableFilter& filter);

/// Why a statement with these names may write to tables that it does not name: views, triggers and
/// routines, or that the user may not see them; "": it does not. Shows the source as it is now.
std::string writes_further(Connection& connection, const TableNames& names);

} // namespace cdc::mysql

#endif
