#include "cdc-transform/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-transform/cut_lines.hpp"
#include "cdc-transform/flink_sql.hpp"
#include "cdc-transform/inputs.hpp"
#include "cdc-transform/parking.hpp"
#include "cdc-transform/transformer.hpp"
#include "checkpoints/by_input.hpp"
#include "checkpoints/watch.hpp"
#include "event/input_hint.hpp"
#include "io/atomic_file.hpp"
#include "io/line_reader.hpp"
#include "io/line_writer.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"
#include "views/view_file.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include <unistd.h>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using io::LineReader;

namespace {

constexpr int kTurnMs = 200;
constexpr int kLinesPerTurn = 1024;
constexpr std::uint64_t kChangesOfCut = 50'000; ///< that more than one checkpoint may be of

std::atomic<bool> g_check_asked{false}; ///< by SIGUSR1

void ask_check(int /*signal*/) {
    g_check_asked = true;
}

/// A wait that it interrupts goes on.
void install_check_signal() {
    struct sigaction action {};
    action.sa_handler = ask_check;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);
}

views::ViewFile read_view_file(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
        base::fail(ExitCode::usage, "cannot read --views {}: {}", base::in_quotes(path),
                   std::strerror(errno));
    }
    return views::parse_view_file(text.str(), path);
}

duckdb::Settings engine_settings(const Options& options) {
    duckdb::Settings settings;
    settings.library = options.duckdb_library;
    settings.memory_bytes = options.memory;
    settings.threads = options.threads;
    return settings;
}

int dry_run(const Options& options, const views::ViewFile& file) {
    duckdb::Database database{"", engine_settings(options)};
    duckdb::Connection connection{database};
    KeptViews checked;
    for (const views::View& view : file.views) {
        checked.push_back(
            std::make_unique<KeptView>(connection, connection, view, 0, options.name));
        base::log::info("view {} reads {}", view.name, fmt::join(checked.back()->named(), ", "));
    }
    check_order(checked);
    return static_cast<int>(ExitCode::ok);
}

int print_flink_sql(const Options& options, const views::ViewFile& file) {
    FlinkSql job{options, file};
    LineReader reader{STDIN_FILENO};
    std::string_view line;
    for (auto result = reader.next(line, kTurnMs); result != LineReader::Result::end;
         result = reader.next(line, kTurnMs)) {
        if (io::stop_signal::requested()) {
            return static_cast<int>(ExitCode::ok);
        }
        if (result == LineReader::Result::torn) {
            throw Error{ExitCode::failed, "the last line has no end"};
        }
        if (result == LineReader::Result::line) {
            job.take(line);
        }
    }
    io::write_report(STDOUT_FILENO, job.text());
    return static_cast<int>(ExitCode::ok);
}

/// stdout, for as long as its reader takes.
class Output {
public:
    Output() : m_writer{STDOUT_FILENO} {}

    void write(std::string_view bytes) {
        m_writer.buffer() += bytes;
        if (m_writer.full()) {
            submit();
        }
    }
    /// It leaves while the next cut is made.
    void write(io::FileRange range) {
        wait();
        m_writer.submit(std::move(range));
    }
    void submit() {
        if (!m_writer.buffer().empty()) {
            wait();
            m_writer.submit();
        }
    }
    void check() const { m_writer.check(); }
    bool all_written() const { return m_writer.written() == m_writer.submitted(); }
    void finish(std::int64_t timeout_ms) {
        wait(); // the last batch may be large, and its reader slow
        if (!m_writer.finish(static_cast<int>(timeout_ms))) {
            base::fail(ExitCode::failed, "the output was not read to its end within --drain");
        }
    }

private:
    void wait() {
        while (!m_writer.ready()) {
            m_writer.check();
            if (io::stop_signal::give_up()) {
                throw io::Stopped{"nobody reads the output"};
            }
            m_writer.wait_ready(kTurnMs);
        }
    }

    io::LineWriter m_writer;
};

/// What the last stage has acknowledged, by the checkpoint files of each input: the outbox keeps
/// the rest.
class Acknowledged {
public:
    Acknowledged(const Options& options, Outbox& outbox) : m_outbox{outbox} {
        std::map<std::string, std::vector<std::string>> paths;
        for (const checkpoints::NamedFile& file : checkpoints::named_files(options.checkpoints)) {
            paths[file.input].push_back(file.path);
        }
        for (const auto& [input, files] : paths) {
            m_files.emplace(input, checkpoints::Watch{files, {}});
            tell(input);
        }
    }

    void look() {
        for (auto& [input, files] : m_files) {
            if (files.poll()) {
                tell(input);
            }
        }
    }

private:
    void tell(const std::string& input) {
        if (const auto& lowest = m_files.at(input).lowest()) {
            m_outbox.acknowledged(*lowest, input);
        }
    }

    Outbox& m_outbox;
    std::map<std::string, checkpoints::Watch> m_files; ///< by input
};

/// Reads lines into the transformer, and writes what its cuts give.
using MakeTransformer = std::function<std::unique_ptr<Transformer>(Parking*)>;

class Pipe {
public:
    Pipe(const Options& options, MakeTransformer make, Outbox& outbox, Figures& figures)
        : m_options{options}, m_make{std::move(make)},
          m_transformer{m_make(options.on_error == "park" ? &m_parking : nullptr)},
          m_outbox{outbox}, m_figures{figures},
          m_acknowledged{options, outbox}, m_names{options.named_inputs()}, m_inputs{m_names} {
        if (options.on_error == "park") {
            for (std::size_t i = 0; i < m_names.size(); ++i) {
                m_lines.emplace_back(options.state + "/tmp");
            }
        }
    }

    /// True when the last line of each input was whole.
    bool run() {
        m_output.write(m_transformer->table_lines());
        m_outbox.send_again(m_give);
        m_output.submit();
        bool whole = true;
        try {
            whole = read();
        } catch (const Error& error) {
            if (error.code() != ExitCode::bad_data) {
                throw;
            }
            throw Error{error.code(),
                        fmt::format("{}line {}: {}", place(), m_inputs.line_number(), error.what()),
                        error.hint()};
        }
        m_output.finish(m_options.drain_ms);
        turn();
        if (m_transformer->left_over() > 0) {
            base::log::info("{} changes stand behind the last checkpoint: they come again",
                            m_transformer->left_over());
        }
        return whole;
    }

    std::uint64_t lines() const { return m_inputs.lines(); }

private:
    /// Of messages: the input of the last line, where it has a name.
    std::string place() const {
        const std::string& name = m_names[m_inputs.current()].name;
        return name.empty() ? "" : "input " + name + ", ";
    }

    bool read() {
        bool whole = true;
        int lines = 0;
        while (!over()) {
            std::string_view line;
            switch (m_inputs.next(line, kTurnMs)) {
            case LineReader::Result::line:
                take(line);
                if (++lines % kLinesPerTurn == 0) {
                    turn();
                }
                break;
            case LineReader::Result::waiting:
                turn();
                break;
            case LineReader::Result::end:
                return whole;
            case LineReader::Result::torn:
                base::log::warning("{}line {} has no end: the writer was stopped; it is dropped",
                                   place(), m_inputs.line_number() + 1);
                whole = false;
                break;
            }
        }
        return whole;
    }

    void take(std::string_view line) {
        try {
            if (!m_lines.empty()) {
                m_lines[m_inputs.current()].append(line);
            }
            m_transformer->take(m_inputs.current(), line);
        } catch (const Error& error) {
            if (error.code() == ExitCode::bad_data && error.hint().empty()) {
                throw Error{error.code(), error.what(), event::input_hint(line)};
            }
            throw;
        }
        if (m_transformer->cut_due()) {
            if (is_behind() && m_transformer->left_over() < kChangesOfCut) {
                m_transformer->leave_cut();
                return;
            }
            cut();
            while (m_transformer->cut_due()) { // a checkpoint that waited for this one
                if (!m_lines.empty()) {
                    m_lines[m_inputs.current()].append(m_transformer->cut_line());
                }
                cut();
            }
            m_inputs.yield();
            if (g_check_asked || check_is_due()) {
                turn();
                check();
            }
        }
    }

    /// Whether the next checkpoint waits already, and has so at each cut for a while: cuts take
    /// longer than their lines to come.
    bool is_behind() {
        const auto next = m_inputs.find_waiting("{\"checkpoint\":");
        const std::int64_t now = base::steady_ms();
        if (!next || !m_transformer->can_leave_cut_for(*next)) {
            m_not_behind_ms = now;
            return false; // also with --merge-after 0s
        }
        return now - m_not_behind_ms >= m_options.merge_after_ms;
    }

    void cut() {
        const Outbox::Write write = [this](std::string_view bytes) {
            m_output.write(bytes);
        };
        while (!attempt(write)) {
        }
        m_outbox.send(m_give);
        m_output.submit();
    }

    /// False: a row cannot be computed, and the lines of the cut were taken again.
    bool attempt(const Outbox::Write& write) {
        try {
            m_transformer->cut(write);
        } catch (const RowFailed& failure) {
            if (m_lines.empty() || !m_transformer->can_begin_again()) {
                throw;
            }
            m_parking.failed(failure);
            begin_again();
            return false;
        }
        if (!m_lines.empty()) {
            m_lines[m_inputs.current()].clear();
            m_parking.done();
        }
        return true;
    }

    void begin_again() {
        m_transformer.reset(); // and its transaction
        m_outbox.forget();
        m_transformer = m_make(&m_parking);
        const std::int64_t changes = m_figures.changes.value();
        const std::int64_t replayed = m_figures.replayed.value();
        for (std::size_t i = 0; i < m_lines.size(); ++i) {
            take_again((m_inputs.current() + 1 + i) % m_lines.size()); // the one of the cut last
        }
        m_figures.changes.set(changes);
        m_figures.replayed.set(replayed);
    }

    void take_again(std::size_t input) {
        m_lines[input].each([&](std::string_view line) { m_transformer->take(input, line); });
    }

    void turn() {
        m_output.check();
        if (m_options.on_write()) {
            if (m_output.all_written()) {
                m_outbox.acknowledged_all();
            }
        } else {
            m_acknowledged.look();
        }
        m_figures.bytes.set(static_cast<std::int64_t>(m_inputs.bytes()));
        m_figures.waiting.set(static_cast<std::int64_t>(m_outbox.waiting_batches()));
        m_figures.show();
        if (g_check_asked && m_transformer->at_cut()) {
            check();
        }
    }

    bool check_is_due() const {
        return m_options.check_every_ms > 0 &&
               base::steady_ms() - m_checked_ms >= m_options.check_every_ms;
    }

    void check() {
        const bool asked = g_check_asked.exchange(false);
        const int differing = m_transformer->check();
        if (asked || differing > 0) {
            base::log::info("{} views differ from their SELECT", differing);
        }
        m_checked_ms = base::steady_ms();
        m_figures.checks.add();
    }

    bool over() {
        if (!io::stop_signal::requested()) {
            return false;
        }
        if (!m_stop_at) {
            base::log::info("stopping: reading to the end of input");
            m_stop_at = base::steady_ms() + m_options.drain_ms / 2;
        }
        return base::steady_ms() >= *m_stop_at || io::stop_signal::give_up();
    }

    const Options& m_options;
    MakeTransformer m_make;
    Parking m_parking;
    std::unique_ptr<Transformer> m_transformer;
    std::vector<CutLines> m_lines; ///< of each input, with --on-error park
    Outbox& m_outbox;
    Figures& m_figures;
    Acknowledged m_acknowledged;
    std::vector<NamedInput> m_names;
    Inputs m_inputs;
    Output m_output;
    const Outbox::Give m_give = [this](io::FileRange range) {
        m_output.write(std::move(range));
    };
    std::int64_t m_checked_ms = base::steady_ms();
    std::int64_t m_not_behind_ms = base::steady_ms();
    std::optional<std::int64_t> m_stop_at;
};

} // namespace

int run(const Options& options) {
    const views::ViewFile file = read_view_file(options.views);
    if (options.dry_run) {
        return dry_run(options, file);
    }
    if (options.print_flink_sql) {
        return print_flink_sql(options, file);
    }
    io::stop_signal::set_drain_ms(options.drain_ms);
    const std::int64_t started = base::steady_ms();
    State state{options.state, engine_settings(options), static_cast<std::uint16_t>(options.epoch)};
    Outbox outbox{options.state + "/outbox", state.outbox_end()};
    Figures figures{options.metrics};
    const MakeTransformer make = [&](Parking* parking) {
        return std::make_unique<Transformer>(options, file, state, outbox, figures, parking);
    };
    if (options.explain) {
        io::write_report(STDOUT_FILENO, make(nullptr)->explain());
        return static_cast<int>(ExitCode::ok);
    }
    if (options.check) {
        const int differing = make(nullptr)->check();
        io::write_report(STDOUT_FILENO, fmt::format("{} views differ\n", differing));
        return static_cast<int>(differing == 0 ? ExitCode::ok : ExitCode::failed);
    }
    install_check_signal();
    Pipe pipe{options, make, outbox, figures};
    const bool whole = pipe.run();
    if (pipe.lines() > 0) {
        base::log::info("{} changes, {} rows of views, {:.1f} s",
                        cli::grouped_number(figures.changes.value()),
                        cli::grouped_number(figures.rows.value()),
                        static_cast<double>(base::steady_ms() - started) / 1000);
    }
    return static_cast<int>(whole ? ExitCode::ok : ExitCode::failed);
}

} // namespace cdc::transform
