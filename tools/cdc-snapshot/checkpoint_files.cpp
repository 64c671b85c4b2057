#include "cdc-snapshot/checkpoint_files.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

CheckpointFiles::CheckpointFiles(const std::vector<std::string>& paths, std::string slot,
                                 Source source)
    : m_slot{std::move(slot)}, m_source{source} {
    for (const std::string& path : paths) {
        m_files.push_back({io::FileWatch{path}, {}});
    }
    poll();
}

void CheckpointFiles::read(File& file) {
    const std::string& path = file.watch.path();
    file.checkpoint = event::read_checkpoint_file(path);
    if (!file.checkpoint) {
        return;
    }
    const std::string& kind = file.checkpoint->kind;
    if (m_source == Source::postgres ? kind != "postgres" : kind != "mysql" && kind != "mariadb") {
        fail(ExitCode::refused, "checkpoint file {} belongs to a source of kind {}",
             in_quotes(path), in_quotes(file.checkpoint->kind));
    }
    if (file.checkpoint->slot != m_slot) {
        throw Error{ExitCode::refused,
                    fmt::format("checkpoint file {} belongs to slot {}, not to {}", in_quotes(path),
                                in_quotes(file.checkpoint->slot), in_quotes(m_slot)),
                    m_slot.empty() ? "beside a running capture a snapshot has a file of its own, "
                                     "or none"
                                   : ""};
    }
    if (file.checkpoint->snapshot.is_null()) {
        throw Error{ExitCode::refused,
                    fmt::format("checkpoint file {} belongs to a stream that began without a "
                                "snapshot",
                                in_quotes(path)),
                    m_source == Source::mysql
                        ? "to read tables beside it, name it with --beside, and another file with "
                          "--checkpoint, or none"
                        : "leave --slot out to read tables beside it"};
    }
}

void CheckpointFiles::poll() {
    for (File& file : m_files) {
        if (file.watch.changed()) {
            read(file);
        }
    }
}

bool CheckpointFiles::done() const {
    return !m_files.empty() && std::all_of(m_files.begin(), m_files.end(), [](const File& file) {
        return file.checkpoint && file.checkpoint->snapshot == "done";
    });
}

std::optional<CheckpointFiles::Resume> CheckpointFiles::resume() const {
    std::optional<Resume> least;
    for (const File& file : m_files) {
        if (!file.checkpoint) {
            return std::nullopt;
        }
        if (file.checkpoint->snapshot == "done") {
            continue;
        }
        const std::string where = fmt::format("checkpoint file {}", in_quotes(file.watch.path()));
        Progress progress = parse_progress(file.checkpoint->snapshot, where);
        if (!least || progress.seq < least->progress.seq) {
            least = {*file.checkpoint, std::move(progress), where};
        }
    }
    return least;
}

} // namespace cdc::snapshot
