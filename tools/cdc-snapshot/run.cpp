#include "cdc-snapshot/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-snapshot/mysql_snapshot.hpp"
#include "cdc-snapshot/reader.hpp"
#include "cdc-snapshot/reading.hpp"
#include "cdc-snapshot/start.hpp"
#include "io/standard_streams.hpp"
#include "mysql/connection.hpp"

#include <unistd.h>

namespace cdc::snapshot {

using base::ExitCode;
using base::fail;

namespace {

constexpr int kMinVersion = 130000;
constexpr int kTidRangeScans = 140000;
int read(Options options) {
    CheckpointFiles files{options.checkpoints, options.slot};
    if (files.done()) {
        base::log::info("the snapshot is done: nothing to read");
        return static_cast<int>(ExitCode::ok);
    }
    const auto resume = files.resume();
    postgres::await_server(options.source, options.connect_timeout_ms);
    postgres::Connection plain{options.source, postgres::Connection::Kind::plain};
    if (plain.server_version() < kMinVersion) {
        fail(ExitCode::refused, "the source is PostgreSQL {}; 13 or newer is needed",
             plain.server_version() / 10000);
    }
    options.tid_ranges = plain.server_version() >= kTidRangeScans;
    Start start = begin(options, plain, resume);
    base::log::info("reading {} tables of database {} as they were at {}{}", start.tables.size(),
                    plain.description(), postgres::format_lsn(start.place.position),
                    resume ? ", going on where the last run stopped" : "");

    Output output{STDOUT_FILENO};
    Work work{options,           output,
              start.checkpoint,  start.before,
              start.place.order, std::move(start.tables)};
    Throttle throttle{options.max_rows_per_second};
    Present present{plain};
    Reader::Shared shared{options,
                          work,
                          output,
                          throttle,
                          present,
                          start.snapshot->name(),
                          plain.parameter("server_encoding") == "SQL_ASCII"};
    plain.set_on_wait({});
    return read_all(
        {options, files, output, work, start.checkpoint.position, options.jobs, [&shared](int) {
             Reader{shared}.run();
         }});
}

} // namespace

int run(const Options& options) {
    try {
        return mysql::is_mysql_url(options.source) ? read_mysql(options) : read(options);
    } catch (const io::ReaderGone&) {
        if (!options.checkpoints.empty()) {
            throw;
        }
        return static_cast<int>(ExitCode::failed); // "| head": nothing was to be made durable
    }
}

} // namespace cdc::snapshot
