#include "cdc-load/options.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "clickhouse/http.hpp"
#include "io/standard_streams.hpp"
#include "kafka/topic_name.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include <unistd.h>

namespace cdc::load {

using base::Error;
using base::ExitCode;

namespace {

void add_layout_options(CLI::App& cli, clickhouse::Layout& layout) {
    cli.add_option_function<std::string>(
           "--mode",
           [&layout](const std::string& mode) {
               layout.mode =
                   mode == "history" ? clickhouse::Mode::history : clickhouse::Mode::replace;
           },
           "replace: the rows as they are; history: a row for each operation")
        ->type_name("MODE")
        ->check(CLI::IsMember{{"replace", "history"}})
        ->default_str("replace")
        ->group("Target");
    cli.add_option("--cluster", layout.cluster,
                   "Make replicated tables on all servers of this cluster, rows by key over its "
                   "shards")
        ->type_name("NAME")
        ->group("Target");
    cli.add_option("--table-name", layout.table,
                   "Name of a target table; {db}, {schema} and {table} are replaced")
        ->type_name("TEMPLATE")
        ->capture_default_str()
        ->group("Names");
    cli.add_option("--raw-name", layout.raw,
                   "Name of the table with the changes; {name} is what --table-name gives "
                   "(default: {name}_raw, or {name}_history)")
        ->type_name("TEMPLATE")
        ->group("Names");
    const std::pair<const char*, std::string*> templates[] = {{"--view-name", &layout.view},
                                                              {"--pending-name", &layout.pending}};
    for (const auto& [name, value] : templates) {
        cli.add_option(name, *value,
                       value == &layout.view ? "Name of the view of current rows"
                                             : "Name of the table of waiting updates")
            ->type_name("TEMPLATE")
            ->capture_default_str()
            ->group("Names");
    }
    struct Column {
        const char* option;
        std::string* value;
        const char* help;
    };
    const Column columns[] = {
        {"--version-column", &layout.version, "Column of the change's order"},
        {"--deleted-column", &layout.deleted, "Column that says that a row is gone"},
        {"--operation-column", &layout.operation, "Column of the operation, in a history"},
        {"--source-time-column", &layout.source_time, "Column of the commit time"},
        {"--load-time-column", &layout.synced_at, "Column of the time of loading"},
        {"--row-column", &layout.row, "Column of the row's number, in tables without key"},
        {"--sign-column", &layout.sign, "Column of the sign, in tables without key"},
    };
    for (const Column& column : columns) {
        cli.add_option(column.option, *column.value, column.help)
            ->type_name("NAME")
            ->capture_default_str()
            ->group("Names");
    }
}

void add_policy_options(CLI::App& cli, Options& options) {
    const auto misfit = [&cli](const char* name, clickhouse::Misfit& wanted, const char* help) {
        cli.add_option_function<std::string>(
               name,
               [&wanted](const std::string& text) {
                   wanted = text == "null"    ? clickhouse::Misfit::null
                            : text == "clamp" ? clickhouse::Misfit::clamp
                                              : clickhouse::Misfit::fail;
               },
               help)
            ->type_name("POLICY")
            ->check(CLI::IsMember{{"fail", "null", "clamp"}})
            ->default_str("fail")
            ->group("Policies");
    };
    misfit("--on-bad-date", options.policy.dates,
           "Dates that the column cannot hold: fail, null, or clamp to the nearest");
    misfit("--on-overflow", options.policy.numbers,
           "Numbers that the column cannot hold: fail, null, or clamp to the nearest");
    cli.add_option_function<std::string>(
           "--on-null",
           [&options](const std::string& text) {
               options.policy.nulls = text == "default" ? clickhouse::NullPolicy::zero
                                      : text == "fail"  ? clickhouse::NullPolicy::fail
                                                        : clickhouse::NullPolicy::widen;
           },
           "NULL for a column that is not Nullable: widen the column, fail, or the type's default")
        ->type_name("POLICY")
        ->check(CLI::IsMember{{"widen", "fail", "default"}})
        ->default_str("widen")
        ->group("Policies");
    cli.add_option_function<std::string>(
           "--on-truncate",
           [&options](const std::string& text) { options.ignore_truncates = text == "ignore"; },
           "Truncates of the source: apply or ignore")
        ->type_name("POLICY")
        ->check(CLI::IsMember{{"apply", "ignore"}})
        ->default_str("apply")
        ->group("Policies");
    cli.add_option_function<std::string>(
           "--on-partition-drop",
           [&options](const std::string& text) {
               options.keep_dropped_partitions = text == "keep";
           },
           "A partition that is gone at the source: its rows are kept, or the table is stale")
        ->type_name("POLICY")
        ->check(CLI::IsMember{{"keep", "stale"}})
        ->default_str("stale")
        ->group("Policies");
}

void add_dead_letter_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option_function<std::string>(
           "--on-error",
           [&options](const std::string& text) { options.dead_letters = text == "dead-letter"; },
           "For a line that cannot be loaded: stop, or dead-letter")
        ->type_name("POLICY")
        ->check(CLI::IsMember{{"stop", "dead-letter"}})
        ->default_str("stop")
        ->group("Dead letters");
    cli.add_option("--dead-letter", options.dead_letter, "Append dead letters to this file")
        ->type_name("FILE")
        ->group("Dead letters");
    app.add_file("--dead-letter", options.dead_letter, io::FileUse::append);
    cli.add_option("--replay", options.replay,
                   "Load the lines of this dead-letter file instead of stdin, and free their keys")
        ->type_name("FILE")
        ->group("Dead letters");
}

void add_kafka_engine_options(CLI::App& cli, KafkaEngineOptions& options) {
    const char* group = "ClickHouse's Kafka engine";
    cli.add_flag("--print-kafka-engine-ddl", options.print,
                 "Print the SQL by which ClickHouse reads the tables' topics itself; load nothing")
        ->group(group);
    cli.add_option("--brokers", options.brokers, "Brokers to begin with")
        ->type_name("HOST:PORT,...")
        ->group(group);
    cli.add_option("--prefix", options.prefix,
                   "What names of topics begin with; default: that of the lines")
        ->type_name("NAME")
        ->group(group);
    cli.add_option("--topic", options.topic, "Names of the tables' topics")
        ->type_name("TEMPLATE")
        ->capture_default_str()
        ->group(group);
    cli.add_option("--group", options.group, "Each table's group is this name, '.' and the table's")
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
}

void check_kafka_engine(const Options& options) {
    if (options.kafka_engine.brokers.empty()) {
        throw Error{ExitCode::usage, "--print-kafka-engine-ddl needs --brokers"};
    }
    [[maybe_unused]] const kafka::TopicNamer checked{"prefix", options.kafka_engine.topic};
    const std::pair<bool, const char*> excluded[] = {
        {options.dry_run, "--dry-run"},    {options.purge, "--purge"},
        {options.rebuild, "--rebuild"},    {options.dead_letters, "--on-error dead-letter"},
        {options.replaying(), "--replay"}, {options.layout.clustered(), "--cluster"}};
    for (const auto& [given, name] : excluded) {
        if (given) {
            throw Error{ExitCode::usage,
                        fmt::format("--print-kafka-engine-ddl and {} exclude each other", name)};
        }
    }
}

void check_dead_letters(const Options& options) {
    if (options.dead_letters != !options.dead_letter.empty()) {
        throw Error{ExitCode::usage, "--on-error dead-letter and --dead-letter FILE go together"};
    }
    if (options.dead_letters && options.dry_run) {
        throw Error{ExitCode::usage, "--dry-run writes no dead letters"};
    }
    if (!options.replaying()) {
        return;
    }
    std::error_code ignored;
    if (options.replay == options.dead_letter ||
        std::filesystem::equivalent(options.replay, options.dead_letter, ignored)) {
        throw Error{ExitCode::usage,
                    "--replay and --dead-letter are the same file: what fails again goes to a new "
                    "one"};
    }
    if (!options.checkpoints.empty() || options.dry_run) {
        throw Error{ExitCode::usage, fmt::format("--replay and {} exclude each other",
                                                 options.dry_run ? "--dry-run" : "--checkpoint")};
    }
}

/// Before anything is loaded of those that come first.
void check_readable(const std::string& path) {
    std::error_code code;
    const bool folder = std::filesystem::is_directory(path, code);
    if (path != "-" && (folder || ::access(path.c_str(), R_OK) != 0)) {
        throw Error{ExitCode::usage, fmt::format("cannot read {}: {}", base::in_quotes(path),
                                                 std::strerror(folder ? EISDIR : errno))};
    }
}

void check_files(const Options& options) {
    if (!options.files.empty() && (options.replaying() || options.purge)) {
        throw Error{ExitCode::usage, fmt::format("{} reads no other files",
                                                 options.purge ? "--purge" : "--replay FILE")};
    }
    std::for_each(options.files.begin(), options.files.end(), check_readable);
    if (options.replaying()) {
        check_readable(options.replay);
    }
}

void check_layout(const clickhouse::Layout& layout) {
    if (layout.table.find("{table}") == std::string::npos) {
        throw Error{ExitCode::usage, "--table-name has no {table} in it, so that all tables would "
                                     "share one name"};
    }
    const std::pair<const char*, const std::string*> templates[] = {
        {"--raw-name", &layout.raw},
        {"--view-name", &layout.view},
        {"--pending-name", &layout.pending}};
    event::Table example;
    example.db = "d";
    example.schema = "s";
    example.table = "t";
    const clickhouse::Target target{layout, example};
    for (const auto& [option, value] : templates) {
        if (!value->empty() && value->find("{name}") == std::string::npos &&
            value->find("{table}") == std::string::npos) {
            throw Error{ExitCode::usage,
                        fmt::format("{} has neither {{name}} nor {{table}} in it, so that all "
                                    "tables would share one name",
                                    option)};
        }
    }
    if (std::set<std::string>{target.raw, target.view, target.pending}.size() != 3) {
        throw Error{ExitCode::usage,
                    "--raw-name, --view-name and --pending-name give the same name twice"};
    }
    const std::set<std::string> columns{layout.version,  layout.deleted, layout.operation,
                                        layout.row,      layout.sign,    layout.source_time,
                                        layout.synced_at};
    if (columns.size() != 7 || columns.contains("")) {
        throw Error{ExitCode::usage, "two of the loader's own columns have the same name, or one "
                                     "has none"};
    }
}

} // namespace

void add_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("--target", options.target,
                   "chdb:DIR, or http(s)://user:password@host:8123/database")
        ->type_name("URL")
        ->group("Target");
    cli.add_flag("--create-database", options.create_database,
                 "Make the target's database if there is none")
        ->group("Target");
    cli.add_option("files", options.files, "Files with lines, instead of stdin; - is stdin")
        ->type_name("FILE");
    add_layout_options(cli, options.layout);
    add_policy_options(cli, options);
    add_dead_letter_options(app, options);
    cli::add_chdb_library(app, options.chdb_library);
    app.add_duration("--timeout", options.timeout_ms, "Longest wait for the answer to one request")
        ->group("Target");
    cli.add_option_function<std::string>(
           "--retry",
           [&options](const std::string& text) {
               const auto value = base::parse_duration_ms(text);
               if (text != "forever" && !value) {
                   throw CLI::ValidationError{"--retry", base::in_quotes(text) +
                                                             " is not a duration such as 10s, 5m, "
                                                             "or forever"};
               }
               options.retry_ms = value.value_or(-1);
           },
           "How long a busy or unreachable target is waited for")
        ->type_name("TIME")
        ->default_str("forever")
        ->group("Target");
    cli.add_flag("--dry-run", options.dry_run,
                 "Print the DDL and the first batch to stdout; touch no target")
        ->group("What to do");
    add_kafka_engine_options(cli, options.kafka_engine);
    cli.add_flag("--rebuild", options.rebuild,
                 "Let the snapshot of a whole table fill a new table beside the old one, and "
                 "exchange the two at its end")
        ->group("What to do");
    cli.add_flag("--purge", options.purge,
                 "Load nothing: remove deleted rows that nothing can bring back")
        ->group("What to do");
    cli::add_metrics(app, options.metrics);
    cli::add_metrics_per_table(app, options.metrics);
    cli.add_option("--batch-rows", options.batch_rows, "Insert at the latest after so many rows")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}))
        ->capture_default_str()
        ->group("Batches");
    app.add_bytes("--batch-bytes", options.batch_bytes,
                  "Insert at the latest after so many bytes; twice that is held in memory")
        ->group("Batches");
    app.add_duration("--flush-interval", options.flush_interval_ms,
                     "Insert at the latest after this time")
        ->group("Batches");
    cli.add_option("--insert-jobs", options.insert_jobs,
                   "Store so many tables of a batch at once, each over a connection of its own")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{64}))
        ->capture_default_str()
        ->group("Batches");
    cli::add_checkpoints_to_write(app, options.checkpoints);
    app.add_drain(options.drain_ms, "After SIGINT or SIGTERM, read on for at most this time")
        ->group("When to stop");
}

void check_options(const Options& options) {
    if (options.kafka_engine.print) {
        check_kafka_engine(options);
    }
    if (options.target.empty() && (options.dry_run || options.kafka_engine.print)) {
        // any target will do
    } else if (options.target.empty()) {
        throw Error{ExitCode::usage, "--target is missing"};
    } else if (options.target.rfind("chdb:", 0) != 0) {
        clickhouse::parse_http_url(options.target);
    } else if (options.target == "chdb:") {
        throw Error{ExitCode::usage, "--target: chdb: has no folder behind it"};
    }
    if (options.layout.clustered() && options.target.rfind("chdb:", 0) == 0) {
        throw Error{ExitCode::usage, "--cluster: the embedded engine is no member of a cluster"};
    }
    if (options.layout.clustered() && options.purge) {
        throw Error{ExitCode::usage, "--purge does not know clusters"};
    }
    const std::pair<bool, const char*> excluded[] = {
        {options.layout.history(), "--mode history"},
        {options.layout.clustered(), "--cluster"},
        {options.dead_letters, "--on-error dead-letter"},
        {options.replaying(), "--replay"},
        {options.purge, "--purge"}};
    for (const auto& [given, name] : excluded) {
        if (options.rebuild && given) {
            throw Error{ExitCode::usage, fmt::format("--rebuild and {} exclude each other", name)};
        }
    }
    check_layout(options.layout);
    check_dead_letters(options);
    if (options.purge && (options.dry_run || options.keeps_lines())) {
        throw Error{ExitCode::usage,
                    "--purge loads nothing: it excludes --dry-run, --replay and --dead-letter"};
    }
    if (options.purge && std::count(options.checkpoints.begin(), options.checkpoints.end(), "-")) {
        throw Error{ExitCode::usage, "--checkpoint - is no file, which --purge needs"};
    }
    check_files(options);
    if (options.batch_bytes < (1U << 16)) {
        throw Error{ExitCode::usage, "--batch-bytes is less than 64k"};
    }
    const bool reads_stdin =
        options.replaying() ? options.replay == "-"
                            : options.files.empty() ||
                                  std::count(options.files.begin(), options.files.end(), "-") > 0;
    if (!options.purge && reads_stdin) {
        io::require_stdin();
    }
    if (options.purge || options.dry_run || options.kafka_engine.print ||
        std::find(options.checkpoints.begin(), options.checkpoints.end(), "-") !=
            options.checkpoints.end()) {
        io::require_stdout();
    }
}

} // namespace cdc::load
