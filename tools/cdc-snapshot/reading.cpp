#include "cdc-snapshot/reading.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-snapshot/acknowledged.hpp"
#include "cdc-snapshot/figures.hpp"
#include "cdc-snapshot/readers.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <exception>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {

constexpr int kTickMs = 100;
constexpr std::int64_t kDisorderMs = 5000;

void read_tables(const Reading& reading) {
    Output& output = reading.output;
    Work& work = reading.work;
    Figures figures{reading.options.metrics, [&](double rate) {
                        return work.progress_text(rate);
                    }};
    const auto update = [&](bool last = false) {
        figures.update(
            {work.rows(), output.written(), work.tables(), work.tables_over()},
            [&](const auto& tell) { work.tell_tables(tell); }, last);
    };
    work.set_on_range([&figures](std::uint64_t rows, std::int64_t took_ms) {
        figures.range_rows.observe(static_cast<std::int64_t>(rows));
        figures.range_seconds.observe(took_ms);
    });
    update();
    Throttle throttle{reading.options.max_rows_per_second};
    const Pipe pipe{reading.options, work, output, throttle};
    Readers readers{output, reading.source.readers(), [&](int reader) {
                        reading.source.read(reader, pipe);
                    }};
    while (readers.running()) {
        io::wait_readable(io::stop_signal::wake_fd(), kTickMs);
        if (io::stop_signal::requested() && !output.stopped()) {
            output.stop();
        }
        output.check();
        reading.source.on_tick();
        work.checkpoint(false);
        output.flush();
        update();
    }
    readers.join();
    update(true);
    work.set_on_range({});
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

int read_all(const Reading& reading) {
    const Options& options = reading.options;
    Output& output = reading.output;
    Work& work = reading.work;
    if (options.schema_only) {
        work.append_shapes();
    } else {
        work.checkpoint(true); // from now on a rerun knows where the stream begins
        read_tables(reading);
    }
    if (io::stop_signal::requested()) {
        work.checkpoint(true);
        finish_output(output, base::steady_ms() + options.drain_ms);
        throw Error{ExitCode::failed, "stopped before all rows were read",
                    "run this again: it goes on where it stopped"};
    }
    reading.source.at_end();
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
    wait_acknowledged(options, reading.files, output);
    base::log::info("{} rows; the stream goes on at {}", work.rows(), reading.position);
    return static_cast<int>(ExitCode::ok);
}

} // namespace cdc::snapshot
