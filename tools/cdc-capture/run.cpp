#include "cdc-capture/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-capture/acknowledgement.hpp"
#include "cdc-capture/capture.hpp"
#include "cdc-capture/databases.hpp"
#include "io/file_lock.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

namespace cdc::capture {

using base::ExitCode;

namespace {

/// False: stopped before anything was read.
bool get_ready(const std::function<void()>& work) {
    try {
        work();
        return true;
    } catch (const io::Stopped& stopped) {
        base::log::info("{}: nothing was read", stopped.what());
        return false;
    }
}

/// Where no slot keeps a second one away: its changes would come twice, and one of both would run
/// ahead of what the file says.
std::vector<io::FileLock> lock_files(const Options& options, const Server& server) {
    std::vector<io::FileLock> locks;
    if (!server.has_slot() && !options.peek) {
        for (const std::string& file : options.checkpoints) {
            locks.emplace_back(file, "another cdc-capture");
        }
    }
    return locks;
}

int stream(const Options& options, Server& server) {
    std::vector<io::FileLock> locks;
    if (!get_ready([&] { locks = lock_files(options, server); })) {
        return 0;
    }
    Acknowledgement acknowledgement{options.checkpoints, options.on_write(), server.file_check()};
    if (!get_ready([&] { server.check_patterns(); })) {
        return 0;
    }
    if (options.create) {
        server.create(acknowledgement.any_file());
        if (options.exit_after_create) {
            return 0;
        }
    }
    if (server.has_slot() && !options.peek && options.checkpoints.empty() && !options.on_write()) {
        base::log::warning("without --checkpoint or --ack nothing is confirmed: the source keeps "
                           "its log from here on");
    }
    const auto changes = server.changes();
    Capture capture{options, *changes, acknowledgement, STDOUT_FILENO};
    if (!get_ready([&] {
            server.await();
            capture.connect();
        })) {
        return 0;
    }
    try {
        return capture.run();
    } catch (const io::ReaderGone&) {
        if (!options.peek) {
            throw;
        }
        return 1; // "--peek | head": nothing was to be confirmed, and nothing is to be said
    }
}

/// Whether capture can work, on stderr. Returns the exit code.
int check(Server& server) {
    ExitCode code = server.check();
    try {
        server.check_patterns();
    } catch (const base::Error& error) {
        base::log::write_error(error.what(), error.hint());
        code = code == ExitCode::ok ? error.code() : code;
    }
    base::log::info("{}", code == ExitCode::ok ? "ready" : "not ready");
    return static_cast<int>(code);
}

} // namespace

int run(const Options& options) {
    const auto server = make_server(options);
    if (options.drop) {
        server->drop();
        return 0;
    }
    return options.check ? check(*server) : stream(options, *server);
}

} // namespace cdc::capture
