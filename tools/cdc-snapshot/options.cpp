#include "cdc-snapshot/options.hpp"

#include "base/error.hpp"
#include "cdc-snapshot/databases.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "event/table_filter.hpp"
#include "io/standard_streams.hpp"

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {

void add_source_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli::add_source(app, options.source);
    cli.add_option("--slot", options.slot,
                   "Replication slot of the stream that follows; without it the tables are read "
                   "beside a running capture")
        ->type_name("NAME")
        ->group("Source");
    cli.add_option("--publication", options.publication,
                   "Only its tables, as it publishes them (default: as the slot)")
        ->type_name("NAME")
        ->group("Source");
    cli::add_tables(app, options.tables, options.exclude, options.allow_no_match);
    cli::add_minimal_metadata(app, options.minimal_metadata);
    cli.add_option("--where", options.where,
                   "Only rows of this table for which the SQL condition holds; may be repeated")
        ->type_name("TABLE=CONDITION")
        ->group("Source");
    cli.add_flag("--create", options.create, "Make publication and slot if they are not there")
        ->group("Setting up");
    cli.add_flag("--add", options.add,
                 "Add the tables to --publication first, for a capture that runs")
        ->group("Setting up");
    cli.add_flag("--allow-no-identity", options.allow_no_identity,
                 "With --create and --add: publish tables without replica identity too, although "
                 "the application's UPDATE and DELETE on them will then fail")
        ->group("Setting up");
    cli.add_option("--beside", options.beside,
                   "MySQL, MariaDB: read tables again beside the running stream that writes this "
                   "checkpoint file")
        ->type_name("FILE")
        ->group("Source");
    app.add_duration("--connect-timeout", options.connect_timeout_ms,
                     "How long to try a first connection that is refused (PostgreSQL)")
        ->group("Source");
    app.add_duration("--wait", options.wait_ms,
                     "How long to wait for transactions that write at the start (default: for "
                     "ever)")
        ->default_str("")
        ->group("Source");
}

void add_reading_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("--jobs", options.jobs, "Connections that read at the same time")
        ->check(CLI::Range(1, 64))
        ->type_name("N")
        ->capture_default_str()
        ->group("Reading");
    cli.add_option("--chunk-by", options.chunk_by,
                   "Parts of a large table: key (goes on in the middle after a failure), ctid "
                   "(physical, fastest), or auto")
        ->check(CLI::IsMember({"auto", "key", "ctid"}))
        ->type_name("HOW")
        ->capture_default_str()
        ->group("Reading");
    cli.add_option("--chunk-rows", options.chunk_rows, "About so many rows a part")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
        ->type_name("N")
        ->capture_default_str()
        ->group("Reading");
    cli.add_option("--max-rows-per-second", options.max_rows_per_second,
                   "Read no faster, all readers together; 0: no limit")
        ->type_name("N")
        ->group("Reading");
    cli.add_flag("--schema-only", options.schema_only, "Table lines, no rows")->group("Reading");
}

} // namespace

void add_options(cli::App& app, Options& options) {
    add_source_options(app, options);
    add_reading_options(app, options);
    cli::add_line_prefix(app, options.prefix);
    cli::add_column_edits(app, options.edited);
    cli::add_types(app, options.types);
    cli::add_metrics(app, options.metrics);
    cli::add_metrics_per_table(app, options.metrics);
    cli::add_checkpoints_to_read(app, options.checkpoints);
    app.add_drain(options.drain_ms,
                  "How long to wait at the end until the checkpoint files say that all is "
                  "durable")
        ->group("When to stop");
}

std::vector<std::string> patterns_of_conditions(const Options& options) {
    std::vector<std::string> patterns;
    for (const Where& where : options.conditions) {
        patterns.push_back(where.pattern);
    }
    return patterns;
}

event::TableFilter filter_of(const Options& options) {
    return {options.tables.empty() ? patterns_of_conditions(options) : options.tables,
            options.exclude};
}

std::string condition_of(const Options& options, const std::string& schema,
                         const std::string& table, bool keyed) {
    std::string condition;
    for (const Where& where : options.conditions) {
        if (event::TableFilter{{where.pattern}, {}}.matches(schema, table)) {
            condition += (condition.empty() ? "(" : " AND (") + where.condition + ")";
        }
    }
    if (!condition.empty() && !keyed) {
        throw Error{ExitCode::refused,
                    fmt::format("--where on table {}, which has no key: its rows would be there "
                                "twice",
                                base::in_quotes(schema + "." + table)),
                    "read it whole, or give it a key"};
    }
    return condition;
}

Where parse_where(const std::string& text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        quoted ^= text[i] == '"';
        if (text[i] == '=' && !quoted) {
            Where where{text.substr(0, i), text.substr(i + 1)};
            const bool blank = where.condition.find_first_not_of(" \t\n") == std::string::npos;
            if (i == 0 || blank) {
                break;
            }
            return where;
        }
    }
    throw Error{ExitCode::usage,
                fmt::format("--where {} is not TABLE=CONDITION", base::in_quotes(text)),
                "for example: --where 'public.orders=created_at >= ''2025-01-01'''"};
}

void check_options(Options& options) {
    if (options.source.empty()) {
        fail(ExitCode::usage, "--source is missing");
    }
    for (const std::string& text : options.where) {
        options.conditions.push_back(parse_where(text));
    }
    [[maybe_unused]] const event::TableFilter conditions{patterns_of_conditions(options), {}};
    check_database_options(options);
    [[maybe_unused]] const event::TableFilter checked{options.tables, options.exclude};
    options.edits = event::ColumnEdits{options.edited};
    io::require_stdout();
}

} // namespace cdc::snapshot
