#ifndef CDC_SNAPSHOT_SNAPSHOT_SOURCE_HPP
#define CDC_SNAPSHOT_SNAPSHOT_SOURCE_HPP

#include "cdc-snapshot/checkpoint_files.hpp"
#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/output.hpp"
#include "cdc-snapshot/throttle.hpp"
#include "cdc-snapshot/work.hpp"

#include <optional>
#include <string>

namespace cdc::snapshot {

/// What all readers share, of every source.
struct Pipe {
    const Options& options;
    Work& work;
    Output& output;
    Throttle& throttle;
};

/// What is known when all checks are done: position and rows are fixed, nothing is read yet.
struct Start {
    event::Checkpoint checkpoint; ///< where the stream begins
    event::Order order;           ///< of the position at which this run reads
    Progress before;              ///< what is done already
    Work::Tables tables;
    std::string database; ///< for people, as is the next
    std::string position; ///< at which this run reads
};

/// The database whose tables are read, as they were at one position of its log. Made without a
/// connection. All throw Error.
class SnapshotSource {
public:
    virtual ~SnapshotSource() = default;

    /// Of checkpoint files: throws Error unless one is of this kind of source.
    virtual checkpoints::Watch::Check file_check() const = 0;

    /// Once, first. Looks at rights, settings and tables before anything is made, then makes what
    /// the options ask for, and fixes the position. What it makes stays until the source goes.
    virtual Start begin(const std::optional<CheckpointFiles::Resume>& resume) = 0;

    /// How many threads call read() at the same time.
    virtual int readers() const = 0;
    /// Reads ranges of tables until nothing is left. `reader`: from 0, each once, in a thread of
    /// its own. Throws Stopped, too.
    virtual void read(int reader, const Pipe& pipe) = 0;

    /// Ten times a second meanwhile, in the main thread.
    virtual void on_tick() {}
    /// Before it is said that all was read.
    virtual void at_end() {}
};

} // namespace cdc::snapshot

#endif
