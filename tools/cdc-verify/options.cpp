#include "cdc-verify/options.hpp"

#include "base/error.hpp"
#include "cdc-verify/databases.hpp"
#include "cdc-verify/report.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "event/order.hpp"
#include "event/table_filter.hpp"
#include "io/standard_streams.hpp"

#include <algorithm>
#include <charconv>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

double parse_sample(const std::string& text) {
    std::string_view number = text;
    const bool percent = !number.empty() && number.back() == '%';
    number.remove_suffix(percent ? 1 : 0);
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    value /= percent ? 100 : 1;
    if (error != std::errc{} || end != number.data() + number.size() || !(value > 0) || value > 1) {
        throw CLI::ValidationError{"--sample",
                                   in_quotes(text) + " is not a part such as 1% or 0.01"};
    }
    return value;
}

void add_selection(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    const auto add = [&cli](const char* name, auto& where, const char* type, const char* help) {
        return cli.add_option(name, where, help)->type_name(type)->group("What to compare");
    };
    // Commas here, line ends where each setting may be a list (cli/settings.hpp).
    const auto add_list = [&cli](const char* name, std::vector<std::string>& where,
                                 const char* type, const char* help) {
        const auto split = [&where](const std::vector<std::string>& given) {
            for (std::string_view rest : given) {
                while (!rest.empty()) {
                    const std::string_view part = rest.substr(0, rest.find(','));
                    where.emplace_back(part);
                    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
                }
            }
        };
        cli.add_option_function<std::vector<std::string>>(name, split, help)
            ->type_name(type)
            ->group("What to compare");
    };
    cli::add_source(app, options.source, "What to compare");
    add("--target", options.target, "URL",
        "ClickHouse: http(s)://USER@HOST:PORT/DATABASE or chdb:DIR");
    cli::add_chdb_library(app, options.chdb_library, "What to compare");
    cli::add_tables(app, options.tables, options.exclude, options.allow_no_match,
                    "What to compare");
    add("--table", options.pairs, "SOURCE=TARGET",
        "Two tables that need not be cdc-load's; may be repeated");
    add_list("--key", options.key, "COLUMN", "Columns that tell the rows of --table apart");
    add_list("--exclude-columns", options.exclude_columns, "NAME",
             "Columns, or table.column, not to compare; may be repeated");
    add("--where", options.where, "TABLE=CONDITION",
        "Only rows of this table for which the condition, as SQL of both sides, holds");
    add("--keys-from", options.keys_from, "FILE",
        "Only rows whose keys these change lines have; - is standard input; may be repeated");
    add("--changed-since", options.changed_since, "ORDER",
        "Only rows of the target above this order; last: since they were last found the same");
    add("--on-dropped", options.on_dropped, "HOW",
        "A table that the source dropped: report it, or call it different")
        ->check(CLI::IsMember({"report", "differ"}));
    cli.add_option_function<std::string>(
           "--sample", [&options](const std::string& text) { options.sample = parse_sample(text); },
           "Only this part of the rows, chosen by a hash of the key")
        ->type_name("PART")
        ->group("What to compare");
    add("--float-tolerance", options.float_tolerance, "X",
        "Floats that differ by no more than this, relative to the larger, are the same")
        ->check(CLI::Range(0.0, 1.0));
}

void add_method(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    const auto flag = [&cli](const char* name, bool& where, const char* help) {
        cli.add_flag(name, where, help)->group("How");
    };
    flag("--counts", options.counts, "Compare only how many rows there are");
    flag("--rows", options.rows, "Compare every row's values, not checksums");
    flag("--no-wait", options.no_wait,
         "Compare as both stand; the user knows that they stand still");
    flag("--repair", options.repair,
         "Write lines to stdout that, loaded, make the target right; the report goes to stderr");
    flag("--explain", options.explain, "Say how each table is compared, and why, on stderr");
    cli.add_option("--slot", options.slot, "Slot whose position in the target counts")
        ->type_name("NAME")
        ->group("How");
    cli.add_option("--publication", options.publication,
                   "Publication whose tables the target has to hold (default: named as the slot)")
        ->type_name("NAME")
        ->group("How");
    cli.add_option("--checkpoint", options.checkpoint,
                   "File that holds the target's position (default: its table _cdc_state)")
        ->type_name("FILE")
        ->group("How");
    app.add_duration("--settle", options.settle_ms,
                     "How long rows that differ are looked at again before they are given up")
        ->group("How");
    app.add_duration("--time-budget", options.time_budget_ms,
                     "Compare for no longer than this; 0: no limit")
        ->group("How");
    cli.add_option("--jobs", options.jobs, "Readers of the source at a time")
        ->type_name("N")
        ->check(CLI::Range(1, 64))
        ->capture_default_str()
        ->group("How");
    cli.add_option("--max-rows", options.max_rows, "Rows of each side held in memory at a time")
        ->type_name("N")
        ->check(CLI::Range(1000, 1'000'000'000))
        ->capture_default_str()
        ->group("How");
}

void add_output(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("--show", options.show, "Differing rows shown of each table")
        ->type_name("N")
        ->capture_default_str()
        ->group("Output");
    cli.add_flag("--json", options.json, "One JSON document instead of the table")->group("Output");
    cli.add_flag("--quiet", options.quiet, "No summary of tables that are the same")
        ->group("Output");
}

} // namespace

void add_options(cli::App& app, Options& options) {
    app.set_stopped_code(static_cast<int>(Verdict::unknown));
    add_selection(app, options);
    add_method(app, options);
    cli::add_metrics(app, options.metrics);
    cli::add_metrics_per_table(app, options.metrics);
    cli::add_column_edits(app, options.edited, "What to compare");
    add_output(app, options);
}

void check_options(const Options& options) {
    if (options.source.empty()) {
        fail(ExitCode::usage, "--source is missing");
    }
    if (options.target.empty()) {
        fail(ExitCode::usage, "--target is missing");
    }
    check_database_options(options);
    cli::refuse_together(options.counts, "--counts", options.rows, "--rows");
    cli::refuse_together(options.counts, "--counts", options.repair, "--repair");
    cli::refuse_together(options.counts, "--counts", options.sample < 1, "--sample");
    cli::refuse_together(options.json, "--json", options.repair, "--repair");
    cli::refuse_together(options.no_wait, "--no-wait", !options.checkpoint.empty(), "--checkpoint");
    for (const auto& [given, name] :
         {std::pair{!options.keys_from.empty(), "--keys-from"},
          std::pair{!options.changed_since.empty(), "--changed-since"}}) {
        cli::refuse_together(given, name, options.counts, "--counts");
        cli::refuse_together(given, name, options.rows, "--rows");
        cli::refuse_together(given, name, options.sample < 1, "--sample");
        cli::refuse_together(given, name, !options.pairs.empty(), "--table");
    }
    if (!options.changed_since.empty() && options.changed_since != "last" &&
        !event::Order::parse(options.changed_since)) {
        fail(ExitCode::usage, "--changed-since {} is neither an order (32 hex digits) nor last",
             in_quotes(options.changed_since));
    }
    const bool pairs = !options.pairs.empty();
    cli::refuse_together(pairs, "--table", !options.tables.empty(), "--tables");
    cli::refuse_together(pairs, "--table", !options.exclude.empty(), "--exclude");
    cli::refuse_together(pairs, "--table", options.repair, "--repair");
    cli::refuse_together(pairs, "--table", !options.publication.empty(), "--publication");
    if (!pairs && !options.key.empty()) {
        fail(ExitCode::usage, "--key is for --table");
    }
    for (const std::string& text : options.pairs) {
        if (const auto equals = text.rfind('=');
            equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
            fail(ExitCode::usage, "--table {} is not SOURCE=TARGET", in_quotes(text));
        }
    }
    for (const std::string& text : options.where) {
        if (options.pairs.size() != 1 && text.find('=') == std::string::npos) {
            fail(ExitCode::usage, "--where {} is not TABLE=CONDITION", in_quotes(text));
        }
    }
    [[maybe_unused]] const event::TableFilter checked{options.tables, options.exclude};
    options.edits();
    io::require_stdout();
}

} // namespace cdc::verify
