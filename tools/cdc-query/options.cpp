#include "cdc-query/options.hpp"

#include "base/error.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "io/standard_streams.hpp"

#include <filesystem>

#include <unistd.h>

namespace cdc::query {

using base::Error;
using base::ExitCode;
using base::in_quotes;

void add_options(cli::App& app, Options& options) {
    CLI::App& cli = app.options();
    cli.add_option("target", options.target,
                   "Folder of the embedded engine (chdb: may stand before it), or "
                   "http(s)://USER@HOST:PORT/DATABASE");
    cli.add_option("sql", options.sql, "One statement; without it, or -, it is read from stdin");
    cli.add_option("--format", options.format,
                   "One of ClickHouse's formats (default: PrettyCompact on a terminal, else "
                   "TabSeparated)")
        ->type_name("NAME")
        ->group("Output");
    cli::add_chdb_library(app, options.chdb_library);
}

void check_options(Options& options) {
    constexpr std::string_view kChdb = "chdb:";
    if (options.target.empty()) {
        throw Error{ExitCode::usage, "the target is missing",
                    "cdc-query FOLDER 'SELECT count() FROM orders'"};
    }
    if (options.target.find("://") == std::string::npos) {
        // A folder that is not there would be made, and be empty.
        const std::string folder = options.target.rfind(kChdb, 0) == 0
                                       ? options.target.substr(kChdb.size())
                                       : options.target;
        if (!std::filesystem::is_directory(folder)) {
            throw Error{ExitCode::usage, fmt::format("there is no folder {}", in_quotes(folder)),
                        "The target is what cdc-load --target chdb:FOLDER filled, or a URL"};
        }
        options.target = std::string{kChdb} + folder;
    }
    if (options.sql.empty()) {
        options.sql = "-";
    }
    if (options.sql == "-") {
        io::require_stdin();
    }
    io::require_stdout();
    if (options.format.empty()) {
        options.format = ::isatty(STDOUT_FILENO) == 1 ? "PrettyCompact" : "TabSeparated";
    }
}

} // namespace cdc::query
