#include "cdc-load/options.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "clickhouse/http.hpp"

namespace cdc::load {

using base::Error;
using base::ExitCode;

void add_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("--target", options.target,
                   "chdb:DIR, or http(s)://user:password@host:8123/database")
        ->type_name("URL")
        ->group("Target");
    cli.add_option("--table-name", options.table_name,
                   "Name of a target table; {db}, {schema} and {table} are replaced")
        ->type_name("TEMPLATE")
        ->capture_default_str()
        ->group("Target");
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
        ->group("Target");
    cli::add_metrics(app, options.metrics);
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
    cli::add_checkpoints_to_write(app, options.checkpoints);
    app.add_duration("--drain", options.drain_ms,
                     "After SIGINT or SIGTERM, read on for at most this time")
        ->group("Checkpoint");
}

void check_options(const Options& options) {
    if (options.target.empty() && options.dry_run) {
        // any target will do
    } else if (options.target.empty()) {
        throw Error{ExitCode::usage, "--target is missing"};
    } else if (options.target.rfind("chdb:", 0) != 0) {
        clickhouse::parse_http_url(options.target);
    } else if (options.target == "chdb:") {
        throw Error{ExitCode::usage, "--target: chdb: has no folder behind it"};
    }
    if (options.table_name.find("{table}") == std::string::npos) {
        throw Error{ExitCode::usage, "--table-name has no {table} in it, so that all tables would "
                                     "share one name"};
    }
    if (options.batch_bytes < (1U << 16)) {
        throw Error{ExitCode::usage, "--batch-bytes is less than 64k"};
    }
}

} // namespace cdc::load
