#ifndef CDC_SNAPSHOT_READING_HPP
#define CDC_SNAPSHOT_READING_HPP

#include "cdc-snapshot/checkpoint_files.hpp"
#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/output.hpp"
#include "cdc-snapshot/snapshot_source.hpp"
#include "cdc-snapshot/work.hpp"

#include <string>

namespace cdc::snapshot {

/// A run whose checks are done and whose tables are known.
struct Reading {
    const Options& options;
    CheckpointFiles& files;
    Output& output;
    Work& work;
    SnapshotSource& source;
    std::string position; ///< where the stream goes on, for people
};

/// Lets the source's readers read, and sees to it that the lines leave the process and are
/// acknowledged. Returns the exit code; throws Error, or io::ReaderGone.
int read_all(const Reading& reading);

} // namespace cdc::snapshot

#endif
