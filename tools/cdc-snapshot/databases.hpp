#ifndef CDC_SNAPSHOT_DATABASES_HPP
#define CDC_SNAPSHOT_DATABASES_HPP

#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/snapshot_source.hpp"

#include <memory>

/// Which databases there are. Nothing else of this tool asks which one it has.
namespace cdc::snapshot {

/// Throws Error (usage) for options that the database of --source has no use for, or that
/// contradict each other there; fills in its defaults.
void check_database_options(Options& options);

/// Of the database that --source names. `options` must outlive it.
std::unique_ptr<SnapshotSource> make_source(const Options& options);

} // namespace cdc::snapshot

#endif
