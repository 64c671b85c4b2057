#include "cdc-load/load.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-load/database.hpp"
#include "cdc-load/dry_run.hpp"
#include "cdc-load/kafka_engine.hpp"
#include "cdc-load/loader.hpp"
#include "cdc-load/purge.hpp"
#include "clickhouse/transport.hpp"
#include "io/file_descriptor.hpp"
#include "io/line_reader.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using io::LineReader;

namespace {

constexpr std::int64_t kIdleMs = 1000;
constexpr int kAskClockEvery = 256; ///< lines

/// Our input, moved away from descriptor 0: the embedded engine takes what it finds there for rows
/// of the INSERT that it runs.
io::FileDescriptor take_stdin() {
    io::FileDescriptor input{::fcntl(0, F_DUPFD_CLOEXEC, 3)};
    const io::FileDescriptor nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (!input || !nothing || ::dup2(nothing.get(), 0) != 0) {
        base::fail(ExitCode::failed, "cannot take over stdin: {}", std::strerror(errno));
    }
    return input;
}

io::FileDescriptor open_file(const std::string& path) {
    io::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status {};
    if (file && ::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        file.reset();
    }
    if (!file) {
        base::fail(ExitCode::failed, "cannot read {}: {}", base::in_quotes(path),
                   std::strerror(errno));
    }
    return file;
}

/// What to read, one after the other; "-" is stdin.
std::vector<std::string> inputs_of(const Options& options) {
    if (options.replaying()) {
        return {options.replay};
    }
    return options.files.empty() ? std::vector<std::string>{"-"} : options.files;
}

void report_dead_letters(const Options& options, const Loader& loader) {
    if (loader.passed_over() > 0) {
        base::log::warning("{} dead letters were passed over", loader.passed_over());
    }
    if (loader.dead_letters() > 0) {
        base::log::warning("{} lines went to {}; {} keys are parked until it is replayed",
                           loader.dead_letters(), base::in_quotes(options.dead_letter),
                           loader.parked_keys());
    } else if (options.replaying() && loader.parked_keys() > 0) {
        base::log::warning("{} keys are still parked: not all of their lines were replayed",
                           loader.parked_keys());
    }
}

int print_kafka_engine(const Options& options, int standard_input) {
    KafkaEngineDdl ddl{options};
    for (const std::string& path : inputs_of(options)) {
        const bool is_stdin = path == "-";
        const io::FileDescriptor file = is_stdin ? io::FileDescriptor{} : open_file(path);
        LineReader reader{is_stdin ? standard_input : file.get()};
        std::string_view line;
        while (reader.next(line, -1) == LineReader::Result::line) {
            ddl.take(line);
        }
    }
    ddl.print();
    return static_cast<int>(ExitCode::ok);
}

/// Reads lines into the loader; true when the last one was whole.
class Reading {
public:
    Reading(const Options& options, Loader& loader, Figures& figures)
        : m_options{options}, m_loader{loader}, m_figures{figures} {}

    bool run(int input) {
        m_bytes_before += m_reader ? m_reader->bytes() : 0;
        m_reader.emplace(input);
        m_reader->set_wake_fd(m_stop_at ? io::stop_signal::second_wake_fd()
                                        : io::stop_signal::wake_fd());
        while (!over()) {
            std::string_view line;
            switch (m_reader->next(line, m_wait_ms)) {
            case LineReader::Result::line:
                m_loader.take(line, m_reader->line_number());
                m_wait_ms = 0;
                if (++m_lines % kAskClockEvery == 0) {
                    turn();
                }
                break;
            case LineReader::Result::waiting:
                m_wait_ms = turn();
                break;
            case LineReader::Result::end:
                turn();
                return true;
            case LineReader::Result::torn:
                base::log::warning("line {} has no end: the writer was stopped; it is dropped",
                                   m_reader->line_number() + 1);
                return false;
            }
        }
        return true;
    }

    /// Whether nothing more is to be read, also of further files.
    bool over() { return drained() || m_loader.done(); }

private:
    /// Flushes what is due; how long to wait for the next line.
    int turn() {
        m_loader.check();
        m_figures.changes.set(static_cast<std::int64_t>(m_loader.changes()));
        m_figures.bytes.set(static_cast<std::int64_t>(m_bytes_before + m_reader->bytes()));
        m_figures.replaced.set(static_cast<std::int64_t>(m_loader.replaced().all()));
        m_figures.show();
        const std::int64_t due = m_loader.due_in_ms();
        if (due == 0) {
            m_loader.flush_if_idle();
            return 10;
        }
        return static_cast<int>(due < 0 ? kIdleMs : std::min(due, kIdleMs));
    }

    bool drained() {
        if (!io::stop_signal::requested()) {
            return false;
        }
        if (!m_stop_at) {
            base::log::info("stopping: reading to the end of input");
            // The other half is for storing what was read.
            m_stop_at = base::steady_ms() + m_options.drain_ms / 2;
            m_reader->set_wake_fd(io::stop_signal::second_wake_fd());
        }
        return base::steady_ms() >= *m_stop_at || io::stop_signal::give_up();
    }

    const Options& m_options;
    Loader& m_loader;
    Figures& m_figures;
    std::optional<LineReader> m_reader;
    std::uint64_t m_bytes_before = 0; ///< of the files before
    int m_wait_ms = 0;
    int m_lines = 0;
    std::optional<std::int64_t> m_stop_at;
};

} // namespace

int run(const Options& options) {
    if (options.dry_run && !base::log::enabled(base::log::Level::debug)) {
        if (base::log::enabled(base::log::Level::info)) {
            base::log::set_level(base::log::Level::warning); // no table is made
        }
    }
    if (!options.purge) {
        io::stop_signal::set_drain_ms(options.drain_ms);
    }
    const io::FileDescriptor standard_input = take_stdin();
    for (const std::string& path : inputs_of(options)) {
        if (path != "-") {
            open_file(path); // before the target is touched
        }
    }
    if (options.kafka_engine.print) {
        return print_kafka_engine(options, standard_input.get());
    }
    clickhouse::TransportOptions transport_options;
    transport_options.chdb_library = options.chdb_library;
    transport_options.request_timeout_ms = options.timeout_ms;
    const std::unique_ptr<clickhouse::Transport> transport =
        options.dry_run ? std::make_unique<DryRun>()
                        : clickhouse::open_transport(options.target, transport_options);
    if (options.create_database && !options.dry_run) {
        ensure_database(*transport, options, transport_options);
    }
    if (options.purge) {
        return purge(*transport, options);
    }
    const std::int64_t started = base::steady_ms();
    Figures figures{options.metrics};
    Loader loader{*transport, options, figures};
    Reading reading{options, loader, figures};
    bool whole = true;
    try {
        for (const std::string& path : inputs_of(options)) {
            const bool is_stdin = path == "-";
            const io::FileDescriptor file = is_stdin ? io::FileDescriptor{} : open_file(path);
            try {
                whole = reading.run(is_stdin ? standard_input.get() : file.get());
            } catch (const Error& error) {
                if (options.files.size() < 2) {
                    throw;
                }
                throw Error{error.code(),
                            fmt::format("{}: {}", base::in_quotes(path), error.what()),
                            error.hint()};
            }
            if (!whole || reading.over()) {
                break;
            }
        }
        if (whole && !reading.over()) {
            loader.end_input();
        }
    } catch (const Error& error) {
        const bool bad_line =
            error.code() == ExitCode::bad_data || error.code() == ExitCode::refused;
        if (!bad_line || loader.flush_failed()) {
            throw;
        }
        // Everything before the line is good, and is kept.
        try {
            loader.finish();
        } catch (const Error& second) {
            base::log::write_error(second.what(), second.hint());
        }
        throw;
    }
    loader.finish();
    if (!options.dry_run) {
        base::log::info("{} rows into {} {}, {:.1f} s", cli::grouped_number(figures.rows.value()),
                        loader.tables(), loader.tables() == 1 ? "table" : "tables",
                        static_cast<double>(base::steady_ms() - started) / 1000);
    }
    if (const clickhouse::ValueCounts replaced = loader.replaced(); replaced.all() > 0) {
        base::log::warning("values that no column could hold were replaced: {} dates, {} numbers, "
                           "{} NULLs",
                           replaced.dates, replaced.numbers, replaced.nulls);
    }
    if (loader.ignored_truncates() > 0) {
        base::log::warning("{} truncates were ignored", loader.ignored_truncates());
    }
    report_dead_letters(options, loader);
    if (options.replaying() && loader.dead_letters() > 0) {
        return static_cast<int>(ExitCode::bad_data);
    }
    return static_cast<int>(whole ? ExitCode::ok : ExitCode::failed);
}

} // namespace cdc::load
