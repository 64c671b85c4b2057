#ifndef CDC_QUERY_OPTIONS_HPP
#define CDC_QUERY_OPTIONS_HPP

#include <string>

namespace cdc::cli {
class App;
}

namespace cdc::query {

struct Options {
    std::string target; ///< a folder, chdb:DIR, or http(s)://user@host:port/database
    std::string sql;    ///< "-": read it from stdin
    std::string format; ///< ClickHouse's name; "": for people on a terminal, else TabSeparated
    std::string chdb_library;
};

void add_options(cli::App& app, Options& options);
/// Throws Error (usage).
void check_options(Options& options);

} // namespace cdc::query

#endif
