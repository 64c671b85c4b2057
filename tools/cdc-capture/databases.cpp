#include "cdc-capture/databases.hpp"

#include "base/error.hpp"
#include "cdc-capture/mysql_server.hpp"
#include "cdc-capture/postgres_server.hpp"
#include "cli/groups.hpp"
#include "mysql/connection.hpp"
#include "mysql/gtid_set.hpp"
#include "mysql/position.hpp"
#include "postgres/lsn.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <unistd.h>

namespace cdc::capture {

using base::ExitCode;
using base::fail;

namespace {

/// What the log of MySQL and MariaDB has no use for.
void check_mysql_options(const Options& options) {
    const auto refuse = [](bool given, const char* name, const char* hint = "") {
        if (given) {
            throw base::Error{ExitCode::usage, fmt::format("{} is for PostgreSQL sources", name),
                              hint};
        }
    };
    constexpr const char* kNothingToMake =
        "MySQL and MariaDB need no slot and no publication: --checkpoint FILE keeps the place in "
        "the binary log, --tables says what to capture.";
    refuse(!options.slot.empty(), "--slot", kNothingToMake);
    refuse(!options.publication.empty(), "--publication", kNothingToMake);
    refuse(options.create, "--create", kNothingToMake);
    refuse(options.exit_after_create, "--exit-after-create", kNothingToMake);
    refuse(options.drop, "--drop", kNothingToMake);
    refuse(!options.messages.empty(), "--messages");
    refuse(options.emit_heartbeat_ms != 0, "--emit-heartbeat");
    refuse(options.on_write(), "--ack");
    refuse(!options.spool.empty(), "--spool");
    mysql::parse_url(options.source);
    if (options.until_position && !mysql::Position::parse(*options.until_position)) {
        fail(ExitCode::usage,
             "--until-position: {} is not a log position such as binlog.000003:154",
             base::in_quotes(*options.until_position));
    }
    if (!options.from_position.empty() && options.from_position != "earliest" &&
        !mysql::Position::parse(options.from_position)) {
        fail(ExitCode::usage,
             "--from-position: {} is neither 'earliest' nor a log position such as "
             "binlog.000003:154",
             base::in_quotes(options.from_position));
    }
    cli::refuse_together(!options.from_position.empty(), "--from-position",
                         !options.from_gtids.empty(), "--from-gtids");
    if (!options.from_gtids.empty() && !mysql::is_gtid_set(options.from_gtids)) {
        fail(ExitCode::usage,
             "--from-gtids: {} is no set of global transaction ids, of MySQL such as "
             "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5, of MariaDB such as 0-1-7",
             base::in_quotes(options.from_gtids));
    }
}

void check_spool(const Options& options) {
    if (options.spool.empty()) {
        return;
    }
    std::error_code code;
    if (!std::filesystem::is_directory(options.spool, code)) {
        fail(ExitCode::usage, "--spool: there is no folder {}", base::in_quotes(options.spool));
    }
    if (::access(options.spool.c_str(), W_OK | X_OK) != 0) {
        fail(ExitCode::usage, "--spool: cannot write into {}: {}", base::in_quotes(options.spool),
             std::strerror(errno));
    }
}

void check_postgres_options(Options& options) {
    if (!options.from_position.empty() || !options.from_gtids.empty() || options.begin_again ||
        options.server_id != 0 || options.minimal_metadata) {
        fail(ExitCode::usage, "--from-position, --from-gtids, --begin-again, --server-id and "
                              "--allow-minimal-metadata are for MySQL and MariaDB sources");
    }
    if (options.until_position && !postgres::parse_lsn(*options.until_position)) {
        fail(ExitCode::usage, "--until-position: {} is not a log position such as 0/16B3748",
             base::in_quotes(*options.until_position));
    }
    if (options.slot.empty()) {
        fail(ExitCode::usage, "--slot is missing");
    }
    cli::check_slot_name(options.slot);
    cli::refuse_together(options.create, "--create", options.drop, "--drop");
    cli::refuse_together(options.create, "--create", options.peek, "--peek");
    cli::refuse_together(options.check, "--check", options.drop, "--drop");
    cli::refuse_together(!options.checkpoints.empty(), "--checkpoint", options.on_write(),
                         "--ack on-write");
    check_spool(options);
    cli::refuse_together(options.peek, "--peek", options.on_write(), "--ack on-write");
    cli::refuse_together(options.peek, "--peek", options.emit_heartbeat_ms != 0,
                         "--emit-heartbeat");
    if (options.exit_after_create && !options.create) {
        fail(ExitCode::usage, "--exit-after-create needs --create");
    }
    if (options.publication.empty()) {
        options.publication = options.slot;
    }
}

} // namespace

bool is_log_position(const std::string& text) {
    return postgres::parse_lsn(text) || mysql::Position::parse(text);
}

void check_database_options(Options& options) {
    if (mysql::is_mysql_url(options.source)) {
        check_mysql_options(options);
    } else {
        check_postgres_options(options);
    }
}

std::unique_ptr<Server> make_server(const Options& options) {
    if (mysql::is_mysql_url(options.source)) {
        return std::make_unique<MysqlServer>(options);
    }
    return std::make_unique<PostgresServer>(options);
}

} // namespace cdc::capture
