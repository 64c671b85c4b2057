#include "checkpoints/file.hpp"

#include "base/error.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"

#include <cstring>

#include <unistd.h>

namespace cdc::checkpoints {

using base::ExitCode;
using base::fail;
using base::in_quotes;

std::optional<event::Checkpoint> read(const std::string& path) {
    const auto line = io::read_last_line(path);
    if (!line) {
        return std::nullopt;
    }
    return event::parse_checkpoint(*line, fmt::format("checkpoint file {}", in_quotes(path)));
}

void write(const std::vector<std::string>& paths, std::string_view line) {
    const std::string bytes = fmt::format("{}\n", line);
    for (const std::string& path : paths) {
        if (path != "-") {
            io::write_file_atomically(path, bytes);
        } else if (const int error = io::write_all(STDOUT_FILENO, bytes); error != 0) {
            fail(ExitCode::failed, "cannot write a checkpoint to stdout: {}", std::strerror(error));
        }
    }
}

} // namespace cdc::checkpoints
