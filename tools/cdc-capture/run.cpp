#include "cdc-capture/run.hpp"

#include "base/log.hpp"
#include "cdc-capture/acknowledgement.hpp"
#include "cdc-capture/capture.hpp"
#include "cdc-capture/manage.hpp"
#include "cdc-capture/mysql_changes.hpp"
#include "cdc-capture/patterns.hpp"
#include "cdc-capture/postgres_changes.hpp"
#include "io/file_lock.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"
#include "postgres/connection.hpp"

#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

namespace cdc::capture {

namespace {

/// False: stopped before anything was done.
bool patterns_meet(const Options& options) {
    try {
        check_patterns(options);
        return true;
    } catch (const io::Stopped& stopped) {
        base::log::info("{}: nothing was read", stopped.what());
        return false;
    }
}

/// `await_source`: before the first connection.
int run_stream(const Options& options, source::ChangeStream& changes,
               Acknowledgement& acknowledgement, const std::function<void()>& await_source) {
    Capture capture{options, changes, acknowledgement, STDOUT_FILENO};
    try {
        await_source();
        capture.connect();
    } catch (const io::Stopped& stopped) {
        base::log::info("{}: nothing was read", stopped.what());
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

/// No slot keeps a second one away: its changes would come twice, and one of both would run ahead
/// of what the file says.
int run_mysql(const Options& options) {
    std::vector<io::FileLock> locks;
    try {
        for (const std::string& file :
             options.peek ? std::vector<std::string>{} : options.checkpoints) {
            locks.emplace_back(file, "another cdc-capture");
        }
    } catch (const io::Stopped& stopped) {
        base::log::info("{}: nothing was read", stopped.what());
        return 0;
    }
    Acknowledgement acknowledgement{options.checkpoints, false, mysql_check()};
    MysqlChanges changes{options};
    return run_stream(options, changes, acknowledgement, [] {});
}

} // namespace

int run(const Options& options) {
    if (mysql::is_mysql_url(options.source)) {
        if (options.check) {
            return check_mysql(options);
        }
        if (!patterns_meet(options)) {
            return 0;
        }
        return run_mysql(options);
    }
    const auto await_source = [&] {
        postgres::await_server(options.source, options.connect_timeout_ms);
    };
    if (options.drop) {
        await_source();
        drop(options);
        return 0;
    }
    if (options.check) {
        await_source();
        return check(options);
    }
    Acknowledgement acknowledgement{options.checkpoints, options.on_write(),
                                    postgres_check(options.slot)};
    if (!patterns_meet(options)) {
        return 0;
    }
    if (options.create) {
        await_source();
        create(options, acknowledgement.any_file());
        if (options.exit_after_create) {
            return 0;
        }
    }
    if (!options.peek && options.checkpoints.empty() && !options.on_write()) {
        base::log::warning("without --checkpoint or --ack nothing is confirmed: the source keeps "
                           "its log from here on");
    }
    PostgresChanges changes{options};
    return run_stream(options, changes, acknowledgement, await_source);
}

} // namespace cdc::capture
