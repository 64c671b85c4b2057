#ifndef CDC_SNAPSHOT_START_HPP
#define CDC_SNAPSHOT_START_HPP

#include "cdc-snapshot/checkpoint_files.hpp"
#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/postgres_table.hpp"
#include "postgres/connection.hpp"
#include "postgres/exported_snapshot.hpp"

#include <memory>
#include <optional>

namespace cdc::snapshot {

/// Everything that readers need: all checks done, position and rows fixed.
struct Start {
    std::unique_ptr<postgres::ExportedSnapshot> snapshot;
    event::Checkpoint checkpoint; ///< where the stream begins
    postgres::SnapshotLines::Place place;
    Progress before;
    Work::Tables tables;
};

/// Looks at rights, settings and tables before anything is made, then makes what the options ask
/// for: publication, slot, snapshot. `plain` stays usable. Throws Error.
Start begin(const Options& options, postgres::Connection& plain,
            const std::optional<CheckpointFiles::Resume>& resume);

} // namespace cdc::snapshot

#endif
