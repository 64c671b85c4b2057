#include "cdc-capture/options.hpp"

#include "base/error.hpp"
#include "cdc-capture/databases.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "event/table_filter.hpp"
#include "io/standard_streams.hpp"

#include <limits>

namespace cdc::capture {

using base::ExitCode;
using base::fail;

namespace {

void add_source_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli::add_source(app, options.source);
    cli.add_option("--slot", options.slot, "Replication slot")->type_name("NAME")->group("Source");
    cli.add_option("--publication", options.publication, "Publication (default: as the slot)")
        ->type_name("NAME")
        ->group("Source");
    cli::add_tables(app, options.tables, options.exclude, options.allow_no_match);
    cli::add_minimal_metadata(app, options.minimal_metadata);
    cli.add_flag("--create", options.create, "Make publication and slot, then stream")
        ->group("Setting up");
    cli.add_flag("--exit-after-create", options.exit_after_create, "With --create: do not stream")
        ->group("Setting up");
    cli.add_flag("--allow-no-identity", options.allow_no_identity,
                 "With --create: publish tables without replica identity too, although the "
                 "application's UPDATE and DELETE on them will then fail")
        ->group("Setting up");
    cli.add_flag("--drop", options.drop, "Drop the slot, and the publication if we made it")
        ->group("Setting up");
    cli.add_flag("--check", options.check, "Report whether capture can work, change nothing")
        ->group("Setting up");
    cli.add_option("--from-position", options.from_position,
                   "MySQL, MariaDB: begin at FILE:OFFSET, or 'earliest', without a checkpoint; "
                   "default: the end of the log")
        ->type_name("POSITION")
        ->group("Source");
    cli.add_option("--from-gtids", options.from_gtids,
                   "MySQL, MariaDB: begin behind these global transaction ids, without a "
                   "checkpoint")
        ->type_name("SET")
        ->group("Source");
    cli.add_flag("--begin-again", options.begin_again,
                 "MySQL, MariaDB: where the log behind the checkpoint is gone, go on at its end")
        ->group("Source");
    cli.add_option("--server-id", options.server_id,
                   "MySQL, MariaDB: id to register with; default: a random one")
        ->check(CLI::Range(std::uint32_t{1}, std::numeric_limits<std::uint32_t>::max()))
        ->type_name("N")
        ->group("Source");
    cli.add_option(
           "--spool", options.spool,
           "Folder for transactions that the server sends while they run; default: $TMPDIR, "
           "else /tmp")
        ->type_name("DIR")
        ->group("Source");
    app.add_bytes("--spool-limit", options.spool_limit,
                  "Most bytes of such transactions; 0: all are sent after their commit")
        ->group("Source");
    app.add_duration("--connect-timeout", options.connect_timeout_ms,
                     "How long to try a first connection that is refused (PostgreSQL)")
        ->group("Source");
    app.add_duration("--retry", options.retry_ms,
                     "How long a lost connection is tried again; 0: not at all")
        ->group("Source");
}

void add_output_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli::add_line_prefix(app, options.prefix);
    cli::add_column_edits(app, options.edited);
    cli::add_types(app, options.types);
    cli.add_flag("--transactions", options.transactions,
                 "A line at the begin and at the end of each transaction")
        ->group("Output");
    cli.add_option("--messages", options.messages,
                   "Logical messages whose prefix matches this glob; may be repeated")
        ->type_name("PATTERN")
        ->group("Output");
}

void add_checkpoint_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli::add_checkpoints_to_read(app, options.checkpoints);
    cli::add_ack(app, options.ack, "confirm what left this process, durable or not", "Checkpoint");
    cli.add_flag("--peek", options.peek, "Look only: confirm nothing, whatever the files hold")
        ->group("Checkpoint");
    app.add_duration("--checkpoint-interval", options.checkpoint_interval_ms,
                     "Least time between checkpoint lines in a busy stream")
        ->group("Checkpoint");
    app.add_duration("--heartbeat", options.heartbeat_ms,
                     "Time between checkpoint lines when nothing happens")
        ->group("Checkpoint");
    app.add_duration("--emit-heartbeat", options.emit_heartbeat_ms,
                     "Write a logical message into a quiet source this often; 0: never")
        ->group("Checkpoint");
}

void add_stop_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option_function<std::string>(
           "--until-position",
           [&options](const std::string& text) {
               options.until_position = text;
               if (!is_log_position(text)) {
                   throw CLI::ValidationError{"--until-position",
                                              base::in_quotes(text) +
                                                  " is not a log position such as 0/16B3748"};
               }
           },
           "Stop after the last transaction that committed up to here")
        ->type_name("POSITION")
        ->group("When to stop");
    app.add_duration("--until-idle", options.until_idle_ms, "Stop when no change came for so long")
        ->default_str("")
        ->group("When to stop");
    cli.add_option("--max-events", options.max_events,
                   "Stop after the transaction that brings this many change lines")
        ->type_name("N")
        ->group("When to stop");
    cli.add_flag("--exit-at-end", options.exit_at_end,
                 "Stop at the end that the log has at the start")
        ->group("When to stop");
    app.add_drain(options.drain_ms,
                  "Longest time from stop to exit: end of the transaction, acknowledgement")
        ->group("When to stop");
}

} // namespace

void add_options(cli::App& app, Options& options) {
    add_source_options(app, options);
    add_output_options(app, options);
    add_checkpoint_options(app, options);
    add_stop_options(app, options);
    cli::add_metrics(app, options.metrics);
    cli::add_metrics_per_table(app, options.metrics);
}

void check_options(Options& options) {
    if (options.source.empty()) {
        fail(ExitCode::usage, "--source is missing");
    }
    check_database_options(options);
    [[maybe_unused]] const event::TableFilter checked{options.tables, options.exclude};
    options.edits = event::ColumnEdits{options.edited};
    if (!options.drop && !options.check && !options.exit_after_create) {
        io::require_stdout();
    }
}

} // namespace cdc::capture
