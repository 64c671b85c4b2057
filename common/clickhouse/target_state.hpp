#ifndef CDC_CLICKHOUSE_TARGET_STATE_HPP
#define CDC_CLICKHOUSE_TARGET_STATE_HPP

#include "clickhouse/transport.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// All that `_cdc_state` (state.hpp) says, for the tools that only look.
namespace cdc::clickhouse {

struct LoadedSource {
    std::string name; ///< "postgres:SERVER:DATABASE:SLOT"
    event::Order order;
    std::string position;
    std::string checkpoint;     ///< the checkpoint line
    std::int64_t commit_ms = 0; ///< of the last commit before it; 0: none seen
    std::int64_t load_ms = 0;   ///< when the loader wrote this
};

struct LoadedTable {
    std::string name;   ///< of the target table
    std::string source; ///< {"db":…,"schema":…,"table":…}; "": not known
    event::Order barrier;
    std::string layout;            ///< of layout_json()
    std::string stale;             ///< why its rows differ until it is read again; "": they do not
    std::string unproven;          ///< why nothing proves that they are the source's; "": they are
    std::uint64_t parked_keys = 0; ///< with lines that could not be loaded, and were not since
};

struct TargetState {
    std::int64_t now_ms = 0; ///< the target's clock
    std::vector<LoadedSource> sources;
    std::vector<LoadedTable> tables;
};

/// Throws Error: refused when the target has no `_cdc_state`, else ServerError.
TargetState read_target_state(Transport& transport);

/// What the target's database holds, in all tables.
struct StoredParts {
    std::uint64_t rows = 0; ///< stored ones, replaced and deleted too
    std::uint64_t disk_bytes = 0;
    std::uint64_t parts = 0;
    std::uint64_t most_parts = 0; ///< of one partition: inserts are refused above a limit
    std::uint64_t merges = 0;     ///< that run now
};

/// Nothing where the user may not read system tables. Throws ServerError where the target does not
/// answer.
std::optional<StoredParts> read_stored_parts(Transport& transport);

/// open_transport() for tools that only look: a chdb: folder that is not there is refused, not
/// made.
std::unique_ptr<Transport> open_existing(const std::string& url, const std::string& chdb_library);

} // namespace cdc::clickhouse

#endif
