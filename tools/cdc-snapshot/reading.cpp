#include "cdc-snapshot/reading.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-snapshot/acknowledged.hpp"
#include "cdc-snapshot/readers.hpp"
#include "cli/figures.hpp"
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

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    Figures(const std::string& destination, Work& work)
        : cli::Figures{"cdc_snapshot"}, m_work{&work} {
        update();
        publish(destination);
    }
    void update() {
        m_rows.set(static_cast<std::int64_t>(m_work->rows()));
        m_tables.set(static_cast<std::int64_t>(m_work->tables()));
        m_over.set(static_cast<std::int64_t>(m_work->tables_over()));
        show();
    }

private:
    std::string line() override { return m_work->progress_text(per_second(m_rows)); }

    Work* m_work;
    cli::Metric& m_rows = counter("rows_total", "Rows read, those of earlier runs too");
    cli::Metric& m_tables = gauge("tables", "Tables to read");
    cli::Metric& m_over = gauge("tables_finished", "Tables that are finished");
};

void read_tables(const Reading& reading) {
    Output& output = reading.output;
    Work& work = reading.work;
    Figures figures{reading.options.metrics, work};
    Readers readers{output, reading.jobs, reading.reader};
    while (readers.running()) {
        io::wait_readable(io::stop_signal::wake_fd(), kTickMs);
        if (io::stop_signal::requested() && !output.stopped()) {
            output.stop();
        }
        output.check();
        if (reading.on_tick) {
            reading.on_tick();
        }
        work.checkpoint(false);
        output.flush();
        figures.update();
    }
    readers.join();
    figures.update();
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
    if (reading.at_end) {
        reading.at_end();
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
    wait_acknowledged(options, reading.files, output);
    base::log::info("{} rows; the stream goes on at {}", work.rows(), reading.position);
    return static_cast<int>(ExitCode::ok);
}

} // namespace cdc::snapshot
