#include "cdc-capture/mysql_session.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "mysql/epoch.hpp"
#include "mysql/prepared_transactions.hpp"
#include "mysql/unlogged_changes.hpp"

#include <algorithm>
#include <random>

namespace cdc::capture {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using mysql::Connection;
using mysql::first_epoch;
using mysql::Position;

std::uint32_t server_id_of(const Options& options) {
    // A random one is above the numbers that people give to servers.
    return options.server_id != 0 ? options.server_id : std::random_device{}() | 0x80000000U;
}

namespace {

/// Their rows stand before the end of the log, and come to pass behind it.
void refuse_prepared(Connection& plain) {
    if (const auto xid = mysql::PreparedTransactions{plain}.any()) {
        throw Error{ExitCode::failed,
                    fmt::format("XA transaction {} is prepared: its rows stand before the end of "
                                "the log, where the stream would begin",
                                in_quotes(*xid)),
                    "Run this again when it has ended, or begin before it with --from-position"};
    }
}

/// Behind transactions that another reader has, wherever this server's log has them.
MysqlResume behind_gtids(Connection& plain, const Options& options,
                         const mysql::ServerAddress& address) {
    const mysql::LogState state = mysql::log_state(plain, address, 0, "");
    MysqlResume out;
    out.server = state.server;
    out.epoch = first_epoch();
    out.where = "--from-gtids";
    mysql::check_gtids(options.from_gtids, out.where, state);
    out.gtids = options.from_gtids;
    // The stream says in which file it begins.
    out.position = {state.files.empty() ? state.end.position.file : state.files.front().name,
                    Position::kFirst};
    return out;
}

MysqlResume first_start(Connection& plain, const Options& options,
                        const mysql::ServerAddress& address) {
    if (!options.from_gtids.empty()) {
        return behind_gtids(plain, options, address);
    }
    const mysql::LogEnd end = mysql::log_end(plain);
    MysqlResume out;
    out.server = mysql::identity(plain);
    out.epoch = first_epoch();
    out.where = "--from-position";
    if (options.from_position.empty()) {
        refuse_prepared(plain);
        out.position = end.position;
        if (mysql::uses_gtids(plain)) {
            out.gtids = end.gtids;
        }
    } else if (options.from_position == "earliest") {
        const auto files = mysql::log_files(plain);
        out.position = {files.empty() ? end.position.file : files.front().name, Position::kFirst};
    } else {
        out.position = Position::parse(options.from_position).value();
        if (plain.is_mariadb()) {
            out.gtids = mysql::gtids_before(plain, out.position);
        }
    }
    mysql::check_position(plain, out.position);
    return out;
}

std::uint16_t next_epoch(std::uint16_t epoch) {
    if (epoch == 0xffff) {
        fail(ExitCode::refused, "no epoch of orders is left behind {}", epoch);
    }
    return std::max<std::uint16_t>(epoch + 1, first_epoch());
}

/// The name of the server can lead to several hosts: the log must be read from the one that was
/// asked about it.
Connection connect_for_stream(const mysql::ServerAddress& address, const std::string& server) {
    Connection out{address};
    if (const std::string other = mysql::identity(out); other != server) {
        throw mysql::ServerError{ExitCode::failed,
                                 fmt::format("{} leads to server {} and to server {}",
                                             out.description(), in_quotes(server),
                                             in_quotes(other)),
                                 0};
    }
    return out;
}

/// The end of the log, where what follows the checkpoint is gone. Changes `resume`.
mysql::Continuation begin_again(MysqlResume& resume, const Error& lost,
                                const mysql::LogState& state) {
    const std::uint16_t epoch = next_epoch(resume.epoch);
    base::log::warning("{}. Beginning again at {}, with orders of epoch {} instead of {}: what "
                       "lies between is not sent, cdc-verify --repair finds it",
                       lost.what(), state.end.position.text(), epoch, resume.epoch);
    resume.epoch = epoch;
    resume.created = 0;
    resume.position = state.end.position;
    resume.gtids = state.has_gtids ? std::optional{state.end.gtids} : std::nullopt;
    resume.emitted = resume.position.order_position(); // what stands before is left out
    resume.emitted_gtids.reset();
    return {false, resume.gtids.has_value()};
}

/// Where the stream of an earlier time goes on. Changes `resume` where that is another log.
mysql::Continuation go_on(MysqlResume& resume, Connection& plain, const Options& options,
                          const mysql::ServerAddress& address, std::uint32_t server_id) {
    const mysql::LogState state = mysql::log_state(plain, address, server_id, resume.position.file);
    mysql::Continuation way;
    try {
        way = mysql::continuation(resume.place(), state);
    } catch (const Error& error) {
        if (error.code() != ExitCode::position_lost || !options.begin_again) {
            throw;
        }
        return begin_again(resume, error, state);
    }
    if (!way.same_history) {
        const std::uint16_t epoch = next_epoch(resume.epoch);
        base::log::warning("the log of {} (server {}) is another one than that of {}: going on by "
                           "global transaction ids, with orders of epoch {} instead of {}",
                           plain.description(), in_quotes(state.server), resume.where, epoch,
                           resume.epoch);
        resume.epoch = epoch;
        resume.server = state.server;
        resume.created = 0;
        resume.emitted = 0;
        // The stream says in which file it begins.
        resume.position = {state.files.empty() ? state.end.position.file : state.files.front().name,
                           Position::kFirst};
    }
    return way;
}

std::string prefix_of(const Options& options, const mysql::ServerAddress& address, bool mariadb) {
    if (!options.prefix.empty()) {
        return options.prefix;
    }
    return !address.database.empty() ? address.database : mariadb ? "mariadb" : "mysql";
}

} // namespace

MysqlResume MysqlResume::from(const event::Checkpoint& checkpoint, const std::string& file) {
    const mysql::LogPlace place =
        mysql::place_of(checkpoint, fmt::format("checkpoint file {}", in_quotes(file)));
    if (!checkpoint.snapshot.is_null() && checkpoint.snapshot != "done") {
        throw Error{ExitCode::refused, fmt::format("{} holds an unfinished snapshot", place.where),
                    "Let cdc-snapshot finish it first."};
    }
    MysqlResume out;
    out.where = place.where;
    out.position = place.position;
    out.server = place.server;
    out.created = place.created;
    out.gtids = place.gtids;
    out.epoch = checkpoint.order.epoch();
    out.emitted = checkpoint.order.position();
    out.emitted_gtids = place.emitted_gtids;
    out.commit_ts_ms = checkpoint.commit_ts_ms;
    out.snapshot = checkpoint.snapshot;
    out.extra = checkpoint.extra;
    out.extra.erase("history");
    out.extra.erase("gtids");
    out.extra.erase("emitted_gtids");
    if (const auto effects = out.extra.find(mysql::StatementEffects::kMember);
        effects != out.extra.end()) {
        try {
            out.effects = mysql::StatementEffects::from_json(*effects);
        } catch (const nlohmann::json::exception& error) {
            fail(ExitCode::bad_data, "{}: member \"{}\": {}", place.where,
                 mysql::StatementEffects::kMember, error.what());
        }
        out.extra.erase(effects);
    }
    return out;
}

event::Checkpoint MysqlResume::checkpoint(bool mariadb) const {
    event::Checkpoint out;
    out.kind = mariadb ? "mariadb" : "mysql";
    out.server = server;
    out.position = position.text();
    out.order = event::Order::make(epoch, std::max(emitted, position.order_position()), 0);
    out.commit_ts_ms = commit_ts_ms;
    out.snapshot = snapshot;
    out.extra = extra;
    out.extra["history"] = {{"base", std::string{position.base_name()}}, {"created", created}};
    if (gtids) {
        out.extra["gtids"] = *gtids;
    }
    if (emitted_gtids && emitted_gtids != gtids) {
        out.extra["emitted_gtids"] = *emitted_gtids;
    }
    if (!effects.empty()) {
        out.extra[mysql::StatementEffects::kMember] = effects.to_json();
    }
    out.ts_ms = base::now_ms();
    return out;
}

MysqlSession::MysqlSession(Connection plain_connection, Connection stream_connection,
                           const mysql::ServerAddress& address, MysqlResume from,
                           const mysql::Continuation& way, std::uint32_t server_id,
                           const Options& options, const event::TableFilter& filter)
    : plain{std::move(plain_connection)}, catalog{plain}, start{std::move(from)},
      new_history{!way.same_history}, end{mysql::log_end(plain)},
      stream{std::move(stream_connection),
             {start.gtids ? start.position : Position{start.position.file, Position::kFirst},
              way.by_gtid ? start.gtids : std::nullopt},
             server_id},
      builder{{prefix_of(options, address, plain.is_mariadb()), address.database,
               plain.is_mariadb(), start.epoch, way.by_gtid, stream.checksum(),
               options.transactions, options.edits, options.types, options.minimal_metadata},
              filter,
              catalog,
              start.position} {
    builder.set_gtids(start.gtids);
    builder.set_emitted(start.emitted, start.emitted_gtids);
    builder.set_effects(start.effects);
    // What a table asks for: one may come when this connection was idle for too long.
    catalog.collations();
    static_cast<void>(catalog.hidden("", "", {}));
}

std::unique_ptr<MysqlSession> open_mysql_session(const Options& options,
                                                 const std::optional<MysqlResume>& resume,
                                                 const event::TableFilter& filter) {
    const mysql::ServerAddress address = mysql::parse_url(options.source);
    Connection plain{address};
    auto findings = mysql::preflight(plain, options.minimal_metadata);
    if (findings.empty() || findings.back().code == ExitCode::ok) {
        for (auto& finding : mysql::unlogged_changes(plain, address.database, filter)) {
            findings.push_back(std::move(finding));
        }
    }
    for (const mysql::Finding& finding : findings) {
        if (finding.code != ExitCode::ok) {
            throw Error{finding.code, finding.text, finding.remedy};
        }
        if (!resume) {
            base::log::warning("{}", finding.text);
        }
    }
    const std::uint32_t server_id = server_id_of(options);
    MysqlResume start = resume ? *resume : first_start(plain, options, address);
    const mysql::Continuation way = resume ? go_on(start, plain, options, address, server_id)
                                           : mysql::Continuation{true, !options.from_gtids.empty()};
    Connection stream = connect_for_stream(address, start.server);
    return std::make_unique<MysqlSession>(std::move(plain), std::move(stream), address,
                                          std::move(start), way, server_id, options, filter);
}

} // namespace cdc::capture
