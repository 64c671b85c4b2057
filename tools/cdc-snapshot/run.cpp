#include "cdc-snapshot/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-snapshot/acknowledged.hpp"
#include "cdc-snapshot/figures.hpp"
#include "cdc-snapshot/mysql_snapshot.hpp"
#include "cdc-snapshot/reader.hpp"
#include "cdc-snapshot/readers.hpp"
#include "cdc-snapshot/start.hpp"
#include "io/file_descriptor.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"
#include "mysql/connection.hpp"

#include <csignal>
#include <exception>
#include <thread>

#include <unistd.h>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {

constexpr int kMinVersion = 130000;
constexpr int kTidRangeScans = 140000;
constexpr int kTickMs = 100;
constexpr std::int64_t kDisorderMs = 5000;

void read_tables(const Options& options, postgres::Connection& plain, Start& start, Work& work,
                 Output& output) {
    Throttle throttle{options.max_rows_per_second};
    Present present{plain};
    Figures figures{options.metrics, [&](double rate) {
                        return work.progress_text(rate);
                    }};
    const auto update = [&](bool last = false) {
        figures.update(
            {work.rows(), output.written(), work.tables(), work.tables_over()},
            [&](const auto& tell) { work.tell_tables(tell); }, last);
    };
    update();
    Reader::Shared shared{options,
                          work,
                          output,
                          throttle,
                          present,
                          figures,
                          start.snapshot->name(),
                          plain.parameter("server_encoding") == "SQL_ASCII"};
    plain.set_on_wait({});
    Readers readers{output, options.jobs, [&](int) {
                        Reader{shared}.run();
                    }};
    while (readers.running()) {
        io::wait_readable(io::stop_signal::wake_fd(), kTickMs);
        if (io::stop_signal::requested() && !output.stopped()) {
            output.stop();
        }
        output.check();
        work.checkpoint(false);
        output.flush();
        update();
    }
    readers.join();
    update(true);
    if (readers.error() != nullptr) {
        // What is whole is worth having: the next run goes on behind it.
        work.checkpoint(true);
        finish_output(output, base::steady_ms() + kDisorderMs);
        std::rethrow_exception(readers.error());
    }
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) {
        out += (out.empty() ? "" : ", ") + part;
    }
    return out;
}

} // namespace

namespace {

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
    Work work{options,      output,      start.checkpoint,
              start.before, start.place, std::move(start.tables)};
    if (options.schema_only) {
        work.append_shapes();
    } else {
        work.checkpoint(true); // from now on a rerun knows where the stream begins
        read_tables(options, plain, start, work, output);
    }
    if (io::stop_signal::requested()) {
        work.checkpoint(true);
        finish_output(output, base::steady_ms() + options.drain_ms);
        throw Error{ExitCode::failed, "stopped before all rows were read",
                    "run this again: it goes on where it stopped"};
    }
    const auto missing = work.given_up();
    if (missing.empty()) {
        work.checkpoint_done();
    } else {
        work.checkpoint(true);
    }
    if (!finish_output(output, base::steady_ms() + options.drain_ms)) {
        fail(ExitCode::failed, "the output took not all lines within --drain");
    }
    if (!missing.empty()) {
        throw Error{ExitCode::failed,
                    fmt::format("could not be read to the end: {}", joined(missing)),
                    "run this again: it reads what is there now, and nothing twice"};
    }
    wait_acknowledged(options, files, output);
    base::log::info("{} rows; the stream goes on at {}", work.rows(), start.checkpoint.position);
    return static_cast<int>(ExitCode::ok);
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
