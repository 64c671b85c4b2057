#include "cdc-verify/databases.hpp"

#include "base/error.hpp"
#include "cdc-verify/mysql_source.hpp"
#include "cdc-verify/postgres_source.hpp"
#include "mysql/connection.hpp"

namespace cdc::verify {

namespace {

void check_mysql_options(const Options& options) {
    mysql::parse_url(options.source);
    const auto refuse = [](bool given, const char* name) {
        if (given) {
            base::fail(base::ExitCode::usage, "{} is for PostgreSQL sources", name);
        }
    };
    refuse(!options.slot.empty(), "--slot");
    refuse(!options.publication.empty(), "--publication");
}

} // namespace

void check_database_options(const Options& options) {
    if (mysql::is_mysql_url(options.source)) {
        check_mysql_options(options);
    }
}

std::unique_ptr<Source> open_source(const Options& options, Activity& activity) {
    if (mysql::is_mysql_url(options.source)) {
        return std::make_unique<MysqlSource>(options.source, activity);
    }
    return std::make_unique<PostgresSource>(options.source, activity);
}

} // namespace cdc::verify
