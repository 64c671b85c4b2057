#include "cdc-snapshot/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-snapshot/databases.hpp"
#include "cdc-snapshot/reading.hpp"
#include "io/file_lock.hpp"
#include "io/standard_streams.hpp"

#include <string>
#include <vector>

#include <unistd.h>

namespace cdc::snapshot {

using base::ExitCode;

namespace {

bool is_done(const CheckpointFiles& files) {
    if (files.done()) {
        base::log::info("the snapshot is done: nothing to read");
    }
    return files.done();
}

/// Two that read at once would write over each other's progress, and the slower one over the
/// stream that has begun behind the faster.
std::vector<io::FileLock> lock_files(const Options& options) {
    std::vector<io::FileLock> locks;
    for (const std::string& file : options.checkpoints) {
        locks.emplace_back(file, "another cdc-snapshot");
    }
    return locks;
}

int read(const Options& options) {
    const auto source = make_source(options);
    if (is_done(CheckpointFiles{options.checkpoints, source->file_check()})) {
        return static_cast<int>(ExitCode::ok);
    }
    const auto locks = lock_files(options);
    CheckpointFiles files{options.checkpoints, source->file_check()};
    if (is_done(files)) {
        return static_cast<int>(ExitCode::ok);
    }
    const auto resume = files.resume();
    Start start = source->begin(resume);
    base::log::info("reading {} tables of {} as they were at {}{}", start.tables.size(),
                    start.database, start.position,
                    resume ? ", going on where the last run stopped" : "");
    Output output{STDOUT_FILENO};
    Work work{options,          output,
              start.checkpoint, std::move(start.before),
              start.order,      std::move(start.tables)};
    return read_all({options, files, output, work, *source, start.checkpoint.position});
}

} // namespace

int run(const Options& options) {
    try {
        return read(options);
    } catch (const io::ReaderGone&) {
        if (!options.checkpoints.empty()) {
            throw;
        }
        return static_cast<int>(ExitCode::failed); // "| head": nothing was to be made durable
    }
}

} // namespace cdc::snapshot
