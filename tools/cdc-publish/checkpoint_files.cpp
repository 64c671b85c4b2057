#include "cdc-publish/checkpoint_files.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"

#include <cstring>

#include <unistd.h>

namespace cdc::publish {

namespace {
constexpr std::int64_t kIntervalMs = 100;
}

void CheckpointFiles::durable(std::string line) {
    m_pending = std::move(line);
    write_due();
}

void CheckpointFiles::write_due(bool now) {
    if (!m_pending || (!now && base::steady_ms() - m_written_ms < kIntervalMs)) {
        return;
    }
    const std::string bytes = *m_pending + "\n";
    for (const std::string& path : m_paths) {
        if (path != "-") {
            io::write_file_atomically(path, bytes);
        } else if (const int error = io::write_all(STDOUT_FILENO, bytes); error != 0) {
            base::fail(base::ExitCode::failed, "cannot write checkpoints to stdout: {}",
                       std::strerror(error));
        }
    }
    m_pending.reset();
    m_written_ms = base::steady_ms();
}

} // namespace cdc::publish
