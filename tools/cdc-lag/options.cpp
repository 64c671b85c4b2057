#include "cdc-lag/options.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cdc-lag/hop.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "io/standard_streams.hpp"
#include "kafka/settings.hpp"
#include "kafka/topic_pattern.hpp"
#include "sources/open.hpp"

namespace cdc::lag {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

std::int64_t duration(const std::string& name, const std::string& text) {
    const auto value = base::parse_duration_ms(text);
    if (!value) {
        throw CLI::ValidationError{name,
                                   in_quotes(text) + " is not a duration such as 250ms, 10s, 5m"};
    }
    return *value;
}

std::uint64_t size(const std::string& name, const std::string& text) {
    const auto value = base::parse_bytes(text);
    if (!value) {
        throw CLI::ValidationError{name,
                                   in_quotes(text) + " is not a size such as 512k, 64MB, 1GB"};
    }
    return *value;
}

} // namespace

void add_options(cli::App& app, Options& options) {
    app.set_stopped_code(static_cast<int>(Verdict::unknown));
    CLI::App& cli = app.options();
    cli::add_source(app, options.source, "What to look at");
    cli.add_option("--slot", options.slots,
                   "Replication slot (default: all logical slots of the database); may be repeated")
        ->type_name("NAME")
        ->group("What to look at");
    cli.add_option("--checkpoint", options.checkpoints, "Checkpoint file; may be repeated")
        ->type_name("FILE")
        ->group("What to look at");
    cli.add_option("--stage", options.stages,
                   "What a running tool was given as --metrics: its figures; may be repeated")
        ->type_name("FILE|ADDR")
        ->allow_extra_args(false)
        ->group("What to look at");
    cli.add_option("--target", options.target,
                   "ClickHouse: http(s)://USER@HOST:PORT/DATABASE or chdb:DIR")
        ->type_name("URL")
        ->group("What to look at");
    cli::add_chdb_library(app, options.chdb_library, "What to look at");

    cli::add_kafka(app, options.kafka);
    app.set_client(kafka::library_name());
    cli.add_option("--group", options.groups, "Consumer group; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->group("Kafka");
    cli.add_option(
           "--topics", options.topics,
           "Topics whose rates are shown (default: those of the groups), globs, or a regular "
           "expression that begins with '^'; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->group("Kafka");

    cli.add_option_function<std::string>(
           "--max-bytes",
           [&options](const std::string& text) { options.max_bytes = size("--max-bytes", text); },
           "A hop that is more bytes of log behind is beyond: exit 1")
        ->type_name("SIZE")
        ->group("Limits");
    cli.add_option("--max-messages", options.max_messages,
                   "A group that is more messages behind is beyond: exit 1")
        ->type_name("N")
        ->group("Limits");
    cli.add_option_function<std::string>(
           "--max-seconds",
           [&options](const std::string& text) {
               options.max_ms = duration("--max-seconds", text);
           },
           "A hop that is behind for longer is beyond: exit 1")
        ->type_name("TIME")
        ->group("Limits");
    cli.add_option_function<std::string>(
           "--min-safe-wal",
           [&options](const std::string& text) {
               options.min_safe_wal = size("--min-safe-wal", text);
           },
           "A slot that has less room before the server gives it up is beyond: exit 1")
        ->type_name("SIZE")
        ->group("Limits");

    cli.add_flag("--json", options.json, "One JSON document instead of the table")->group("Output");
    cli.add_flag("--csv", options.csv, "One line a hop instead of the table, exact numbers")
        ->group("Output");
    cli.add_flag("--partitions", options.partitions,
                 "Also each partition of a group, which --json and --csv always have")
        ->group("Output");
    cli.add_option("--prometheus", options.prometheus,
                   "Also write metrics to this file, atomically")
        ->type_name("FILE")
        ->group("Output");
    app.add_file("--prometheus", options.prometheus, io::FileUse::replace);
    cli.add_flag("--quiet", options.quiet, "Print only when something is beyond or unknown")
        ->group("Output");
    cli.add_option_function<std::string>(
           "--watch",
           [&options](const std::string& text) { options.watch_ms = duration("--watch", text); },
           "Look again and again, so long apart, until stopped")
        ->type_name("TIME")
        ->expected(0, 1)
        ->default_str("5s")
        ->group("Output");
}

void check_options(const Options& options) {
    const bool kafka = !options.groups.empty() || !options.topics.empty();
    if (options.source.empty() && options.checkpoints.empty() && options.target.empty() &&
        options.stages.empty() && !kafka) {
        fail(ExitCode::usage,
             "nothing to look at: give --source, --checkpoint, --stage, --group or --target");
    }
    kafka::parse_topics(options.topics);
    if (kafka) {
        kafka::check_settings(kafka::make_settings(options.kafka.brokers, options.kafka.properties,
                                                   options.kafka.config_file),
                              {});
    } else if (!options.kafka.brokers.empty()) {
        fail(ExitCode::usage, "--brokers needs --group or --topics");
    }
    if (options.json && options.csv) {
        fail(ExitCode::usage, "--json and --csv: one of them");
    }
    if (options.max_messages && options.groups.empty()) {
        fail(ExitCode::usage, "--max-messages needs --group");
    }
    if (!options.slots.empty() && options.source.empty()) {
        fail(ExitCode::usage, "--slot needs --source");
    }
    sources::check_url(options.source);
    if (!options.slots.empty() && !sources::has_slots(options.source)) {
        fail(ExitCode::usage, "--slot is for PostgreSQL sources: MySQL and MariaDB keep none");
    }
    if (options.min_safe_wal && options.source.empty()) {
        fail(ExitCode::usage, "--min-safe-wal needs --source");
    }
    if (options.watch_ms && *options.watch_ms <= 0) {
        fail(ExitCode::usage, "--watch needs a time above 0");
    }
    io::require_stdout();
}

} // namespace cdc::lag
