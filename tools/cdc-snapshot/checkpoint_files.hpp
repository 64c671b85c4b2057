#ifndef CDC_SNAPSHOT_CHECKPOINT_FILES_HPP
#define CDC_SNAPSHOT_CHECKPOINT_FILES_HPP

#include "cdc-snapshot/progress.hpp"
#include "checkpoints/watch.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cdc::snapshot {

/// What the sinks have made durable, from the checkpoint files that they write.
class CheckpointFiles {
public:
    /// Reads the files. Throws Error (bad_data: one is not a checkpoint file), and what `check`
    /// throws.
    CheckpointFiles(const std::vector<std::string>& paths, checkpoints::Watch::Check check)
        : m_files{paths, std::move(check)} {}

    bool none() const { return m_files.none(); }
    /// Every file says that the snapshot is done; false without files.
    bool done() const;
    /// Looks at files that changed.
    void poll() { m_files.poll(); }

    struct Resume {
        event::Checkpoint checkpoint;
        Progress progress;
        std::string where; ///< for messages: "checkpoint file 'x'"
    };
    /// The least of what the files hold; nothing when one of them holds nothing. Throws Error
    /// (refused) when one is past a stream that had no snapshot.
    std::optional<Resume> resume() const;

private:
    checkpoints::Watch m_files;
};

/// For the check of a source. Throws Error (refused) unless the checkpoint is of this slot, and of
/// a stream that began with a snapshot. `way_beside`: how tables are read beside one that did not.
void check_has_snapshot(const std::string& path, const event::Checkpoint& checkpoint,
                        const std::string& slot, const char* way_beside);

} // namespace cdc::snapshot

#endif
