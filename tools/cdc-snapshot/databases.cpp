#include "cdc-snapshot/databases.hpp"

#include "base/error.hpp"
#include "cdc-snapshot/mysql_snapshot.hpp"
#include "cdc-snapshot/postgres_snapshot.hpp"
#include "cli/groups.hpp"
#include "mysql/connection.hpp"

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {

void check_mysql_options(const Options& options) {
    const auto refuse = [](bool given, const char* option) {
        if (given) {
            fail(ExitCode::usage, "{} is not for a MySQL or MariaDB source", option);
        }
    };
    mysql::parse_url(options.source);
    refuse(!options.slot.empty(), "--slot");
    refuse(!options.publication.empty(), "--publication");
    refuse(options.create, "--create");
    refuse(options.add, "--add");
    refuse(options.chunk_by == "ctid", "--chunk-by ctid");
}

void check_postgres_options(Options& options) {
    if (!options.beside.empty()) {
        fail(ExitCode::usage, "--beside is for MySQL and MariaDB: leave --slot out instead");
    }
    if (options.minimal_metadata) {
        fail(ExitCode::usage, "--allow-minimal-metadata is for MySQL and MariaDB sources");
    }
    cli::check_slot_name(options.slot);
    if (options.create && !options.before_stream()) {
        fail(ExitCode::usage, "--create needs --slot");
    }
    if (options.add && options.before_stream()) {
        throw Error{ExitCode::usage, "--add and --slot contradict each other",
                    "--add reads beside a capture that runs: name its --publication"};
    }
    if (options.add && options.publication.empty()) {
        fail(ExitCode::usage, "--add needs --publication");
    }
    if (options.add && options.tables.empty()) {
        fail(ExitCode::usage, "--add needs --tables");
    }
    if (options.before_stream() && options.publication.empty()) {
        options.publication = options.slot;
    }
}

} // namespace

void check_database_options(Options& options) {
    if (mysql::is_mysql_url(options.source)) {
        check_mysql_options(options);
    } else {
        check_postgres_options(options);
    }
}

std::unique_ptr<SnapshotSource> make_source(const Options& options) {
    if (mysql::is_mysql_url(options.source)) {
        return std::make_unique<MysqlSnapshot>(options);
    }
    return std::make_unique<PostgresSnapshot>(options);
}

} // namespace cdc::snapshot
