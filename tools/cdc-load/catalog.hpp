#ifndef CDC_LOAD_CATALOG_HPP
#define CDC_LOAD_CATALOG_HPP

#include "clickhouse/schema.hpp"
#include "clickhouse/transport.hpp"

#include <cstdint>
#include <optional>
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
    std::string place;       ///< of its files: another one for each table that is made
};

/// Of the current database.
FoundTable find_table(clickhouse::Transport& transport, const std::string& name);

/// Empty: there is no such table. EPHEMERAL ones, which cannot be read, only where they are asked
/// for.
std::vector<clickhouse::ExistingColumn>
find_columns(clickhouse::Transport& transport, const std::string& name, bool ephemeral = false);

/// How many updates wait in the pending table, which is there; nothing in a dry run.
std::optional<std::uint64_t> waiting_lines(clickhouse::Transport& transport,
                                           const clickhouse::Target& target);

} // namespace cdc::load

#endif
