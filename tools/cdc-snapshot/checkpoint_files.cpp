#include "cdc-snapshot/checkpoint_files.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::in_quotes;

void check_has_snapshot(const std::string& path, const event::Checkpoint& checkpoint,
                        const std::string& slot, const char* way_beside) {
    checkpoints::check_slot(
        path, checkpoint, slot,
        slot.empty() ? "beside a running capture a snapshot has a file of its own, or none" : "");
    if (checkpoint.snapshot.is_null()) {
        throw Error{ExitCode::refused,
                    fmt::format("checkpoint file {} belongs to a stream that began without a "
                                "snapshot",
                                in_quotes(path)),
                    way_beside};
    }
}

bool CheckpointFiles::done() const {
    const auto& files = m_files.files();
    return !files.empty() && std::all_of(files.begin(), files.end(), [](const auto& file) {
        return file.checkpoint && file.checkpoint->snapshot == "done";
    });
}

std::optional<CheckpointFiles::Resume> CheckpointFiles::resume() const {
    std::optional<Resume> least;
    for (const checkpoints::Watch::File& file : m_files.files()) {
        if (!file.checkpoint) {
            return std::nullopt;
        }
        if (file.checkpoint->snapshot == "done") {
            continue;
        }
        const std::string where = fmt::format("checkpoint file {}", in_quotes(file.path()));
        Progress progress = parse_progress(file.checkpoint->snapshot, where);
        if (!least || progress.seq < least->progress.seq) {
            least = {*file.checkpoint, std::move(progress), where};
        }
    }
    return least;
}

} // namespace cdc::snapshot
