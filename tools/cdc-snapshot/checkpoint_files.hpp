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
    enum class Source { postgres, mysql };
    /// Reads the files. Throws Error (bad_data: one is not a checkpoint file; refused: one belongs
    /// to another kind of source, or to another slot).
    CheckpointFiles(const std::vector<std::string>& paths, const std::string& slot,
                    Source source = Source::postgres);

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

} // namespace cdc::snapshot

#endif
