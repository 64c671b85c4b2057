#include "cdc-transform/options.hpp"

#include "base/error.hpp"
#include "checkpoints/by_input.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "event/table_filter.hpp"
#include "io/file_place.hpp"
#include "io/standard_streams.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace cdc::transform {

using base::Error;
using base::ExitCode;

namespace {

void add_state_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("--state", options.state,
                   "Folder of the tables' and views' rows; made when it is missing")
        ->type_name("DIR")
        ->group("State");
    app.add_bytes("--memory", options.memory, "Of the SQL engine; what does not fit is spilled")
        ->group("State");
    cli.add_option("--threads", options.threads, "Of the SQL engine")
        ->type_name("N")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str()
        ->group("State");
    app.add_duration("--merge-after", options.merge_after_ms,
                     "Behind for so long, take checkpoint lines that wait as one cut")
        ->group("State");
    cli.add_option("--epoch", options.epoch,
                   "First part of the orders of a state that is made (default: days since "
                   "2020-01-01)")
        ->type_name("N")
        ->check(CLI::Range(1, 65'535))
        ->group("State");
    cli.add_option("--duckdb-library", options.duckdb_library,
                   "libduckdb.so (default: from the cache folder)")
        ->type_name("FILE")
        ->group("State");
}

void add_flink_options(CLI::App& cli, Options& options) {
    cli.add_flag("--print-flink-sql", options.print_flink_sql,
                 "Print the views as a job of Apache Flink, from the table lines of stdin")
        ->group("Apache Flink");
    cli.add_option("--brokers", options.brokers, "Of the topics that it reads and writes")
        ->type_name("HOST:PORT,...")
        ->group("Apache Flink");
}

void check_flink_options(const Options& options) {
    if (options.brokers.empty()) {
        throw Error{ExitCode::usage, "--print-flink-sql needs --brokers"};
    }
    const std::pair<bool, const char*> excluded[] = {{options.dry_run, "--dry-run"},
                                                     {options.explain, "--explain"},
                                                     {options.check, "--check"},
                                                     {!options.inputs.empty(), "--input"}};
    for (const auto& [given, name] : excluded) {
        cli::refuse_together(true, "--print-flink-sql", given, name);
    }
    io::require_stdin();
    io::require_stdout();
}

void check_inputs(const Options& options) {
    std::set<std::string> names;
    std::set<std::string> paths;
    for (const std::string& text : options.inputs) {
        const NamedInput input = parse_input(text);
        if (!names.insert(input.name).second || !paths.insert(input.path).second) {
            throw Error{ExitCode::usage,
                        fmt::format("--input {} is given twice",
                                    names.size() > paths.size() ? input.path : input.name)};
        }
        if (input.path != "-") {
            if (!std::filesystem::exists(input.path)) {
                throw Error{ExitCode::usage,
                            fmt::format("--input {}: there is no file {}", input.name,
                                        base::in_quotes(input.path)),
                            fmt::format("mkfifo {}", base::in_quotes(input.path))};
            }
            io::check_file_place("--input", input.path, io::FileUse::read);
        }
    }
}

/// Each input needs a file of its own: its source goes on from there.
void check_checkpoints(const Options& options) {
    const std::vector<checkpoints::NamedFile> files = checkpoints::named_files(options.checkpoints);
    const std::vector<NamedInput> inputs = options.named_inputs();
    for (const checkpoints::NamedFile& file : files) {
        if (std::none_of(inputs.begin(), inputs.end(),
                         [&](const NamedInput& input) { return input.name == file.input; })) {
            throw file.input.empty()
                ? Error{ExitCode::usage, fmt::format("--checkpoint {} is of no input", file.path),
                        fmt::format("With --input: --checkpoint {}={}", inputs.front().name,
                                    file.path)}
                : Error{ExitCode::usage, fmt::format("--checkpoint {}={}: there is no --input {}",
                                                     file.input, file.path, file.input)};
        }
    }
    for (const NamedInput& input : inputs) {
        if (std::none_of(files.begin(), files.end(), [&](const checkpoints::NamedFile& file) {
                return file.input == input.name;
            })) {
            throw Error{ExitCode::usage,
                        input.name.empty()
                            ? "--checkpoint is missing"
                            : fmt::format("--checkpoint {}=FILE is missing", input.name),
                        "It names the file that the last stage of the pipe writes; --ack on-write "
                        "needs none, and loses what is in the pipe when it breaks."};
        }
    }
}

} // namespace

std::vector<NamedInput> Options::named_inputs() const {
    std::vector<NamedInput> out;
    for (const std::string& text : inputs) {
        out.push_back(parse_input(text));
    }
    return out.empty() ? std::vector<NamedInput>{{"", "-"}} : out;
}

void add_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("--views", options.views, "File of CREATE VIEW statements")
        ->type_name("FILE")
        ->group("Views");
    cli.add_option("--input", options.inputs,
                   "Lines of one of several sources, from a FIFO or a file ('-': stdin); may be "
                   "repeated")
        ->type_name("NAME=FILE")
        ->allow_extra_args(false)
        ->group("Input");
    cli.add_option("--empty", options.empty,
                   "Tables that match this glob on schema.table are whole from the start; may be "
                   "repeated")
        ->type_name("PATTERN")
        ->allow_extra_args(false)
        ->group("Views");
    cli.add_option("--pass", options.pass,
                   "Lines of tables that match this glob go through as well; may be repeated")
        ->type_name("PATTERN")
        ->allow_extra_args(false)
        ->group("Views");
    cli.add_option("--drop-view", options.drop_views,
                   "A view that left the file: its rows leave the target by a truncate; may be "
                   "repeated")
        ->type_name("VIEW")
        ->allow_extra_args(false)
        ->group("Views");
    cli.add_option("--name", options.name, "Name and database of the views in their lines")
        ->type_name("NAME")
        ->capture_default_str()
        ->group("Views");
    cli.add_option("--on-error", options.on_error,
                   "A row of a view that cannot be computed: stop, or park: it stays as it was")
        ->type_name("stop|park")
        ->check(CLI::IsMember({"stop", "park"}))
        ->capture_default_str()
        ->group("Views");
    cli.add_flag("--explain", options.explain,
                 "Print which queries find the keys that a change touches; needs a state")
        ->group("What to do");
    cli.add_flag(
           "--check", options.check,
           "Compute every view of a stopped state anew and compare; status 1 when one differs")
        ->group("What to do");
    app.add_duration("--check-every", options.check_every_ms,
                     "While it runs, do the same at the first cut after this time (0: never)")
        ->group("What to do");
    cli.add_flag("--dry-run", options.dry_run, "Check the view file alone; touch nothing")
        ->group("What to do");
    add_flink_options(cli, options);
    add_state_options(app, options);
    cli::add_checkpoints_of_inputs(app, options.checkpoints);
    cli::add_ack(app, options.ack, "lines have arrived when they are written to stdout",
                 "Checkpoint");
    cli::add_metrics(app, options.metrics);
    app.add_drain(options.drain_ms, "After SIGINT or SIGTERM, read on for at most this time")
        ->group("When to stop");
}

void check_options(const Options& options) {
    if (options.views.empty()) {
        throw Error{ExitCode::usage, "--views is missing"};
    }
    const event::TableFilter empty{options.empty, {}}; // throws for a pattern that is none
    const event::TableFilter pass{options.pass, {}};
    if (options.print_flink_sql) {
        check_flink_options(options);
        return;
    }
    if (options.dry_run) {
        return;
    }
    if (options.state.empty()) {
        throw Error{ExitCode::usage, "--state is missing"};
    }
    const bool asks = options.explain || options.check;
    if (asks) {
        if (!std::filesystem::exists(options.state + "/state.duckdb")) {
            throw Error{ExitCode::usage,
                        fmt::format("there is no state in {}", base::in_quotes(options.state))};
        }
        io::require_stdout();
        return;
    }
    cli::refuse_together(!options.checkpoints.empty(), "--checkpoint", options.on_write(),
                         "--ack on-write");
    check_inputs(options);
    if (!options.on_write()) {
        check_checkpoints(options);
    }
    const std::vector<NamedInput> inputs = options.named_inputs();
    if (std::any_of(inputs.begin(), inputs.end(),
                    [](const NamedInput& input) { return input.path == "-"; })) {
        io::require_stdin();
    }
    io::require_stdout();
}

} // namespace cdc::transform
