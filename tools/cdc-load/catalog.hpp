#ifndef CDC_LOAD_CATALOG_HPP
#define CDC_LOAD_CATALOG_HPP

#include "clickhouse/schema.hpp"
#include "clickhouse/transport.hpp"

#include <string>
#include <vector>

/// What the target's own system tables say. All functions throw ServerError.
namespace cdc::load {

struct FoundTable {
    bool exists = false;
    std::string engine;
    std::string sorting_key;
    std::string comment;
    std::string as_select;   ///< of a view
    std::string engine_full; ///< with its arguments
};

/// Of the current database.
FoundTable find_table(clickhouse::Transport& transport, const std::string& name);

/// Empty: there is no such table.
std::vector<clickhouse::ExistingColumn> find_columns(clickhouse::Transport& transport,
                                                     const std::string& name);

} // namespace cdc::load

#endif
