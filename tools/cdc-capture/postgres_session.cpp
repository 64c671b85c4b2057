#include "cdc-capture/postgres_session.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "postgres/preflight.hpp"

#include <algorithm>

namespace cdc::capture {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::Connection;
using postgres::Lsn;
using postgres::ServerError;

namespace {

constexpr char kObjectInUse[] = "55006";
constexpr int kMinVersion = 130000;
constexpr int kMinMessageVersion = 140000;
constexpr int kMinInProgressVersion = 140000;
constexpr std::int64_t kSlotWaitMarginMs = 10000;

std::int64_t sender_timeout_ms(Connection& connection) {
    const auto result =
        connection.query("SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'");
    return result.rows() == 1 ? base::parse_integer<std::int64_t>(result.text(0, 0)).value_or(60000)
                              : 60000;
}

postgres::SlotState find_slot(Connection& plain, const Options& options,
                              const std::optional<ResumePoint>& resume) {
    auto slot = postgres::inspect_slot(plain, options.slot);
    if (!slot && resume) {
        postgres::slot_gone(*resume, options.slot);
    }
    if (!slot) {
        throw Error{ExitCode::refused,
                    fmt::format("there is no slot {} in database {}", in_quotes(options.slot),
                                plain.description()),
                    "--create makes it, and the publication"};
    }
    return *slot;
}

postgres::ChangeBuilder::Settings builder_settings(Connection& plain, const Options& options) {
    return {options.prefix.empty() ? plain.database() : options.prefix,
            plain.database(),
            plain.parameter("server_encoding") == "SQL_ASCII",
            options.transactions,
            options.messages,
            options.edits};
}

void check_messages(const Connection& plain, const Options& options) {
    if (!options.messages.empty() && plain.server_version() < kMinMessageVersion) {
        fail(ExitCode::refused, "--messages needs PostgreSQL 14 or newer; the source is {}",
             plain.server_version() / 10000);
    }
}

void check_heartbeat(Connection& plain, const Options& options) {
    if (options.emit_heartbeat_ms != 0 &&
        plain.query("SELECT pg_is_in_recovery()").text(0, 0) == "t") {
        throw Error{ExitCode::refused,
                    fmt::format("--emit-heartbeat cannot write to {}, which is a standby",
                                plain.description()),
                    "Write the messages on its primary: SELECT pg_logical_emit_message(true, "
                    "'cdc-heartbeat', '')"};
    }
}

/// Without it the stream would break at the first change, or stay stuck.
void check_publication(Connection& plain, const Options& options) {
    if (!postgres::inspect_publication(plain, options.publication)) {
        throw Error{ExitCode::refused,
                    fmt::format("there is no publication {} in database {}",
                                in_quotes(options.publication), plain.description()),
                    "--publication names another one; made anew, it is not seen by a slot that is "
                    "older: --drop, then --create"};
    }
}

void wait_a_second() {
    io::wait_readable(io::stop_signal::wake_fd(), 1000);
    if (io::stop_signal::requested()) {
        throw io::Stopped{"another session held the slot"};
    }
}

/// What older transactions did to the catalog is known.
std::string known_since(const ResumePoint& start, const std::string& slot_xmin) {
    std::string looked = text_member(start.extra, event::kFactsXidMember);
    return looked.empty() ? slot_xmin : looked;
}

} // namespace

std::string text_member(const nlohmann::ordered_json& extra, const char* name) {
    const auto found = extra.find(name);
    return found != extra.end() && found->is_string() ? found->get<std::string>() : "";
}

Session::Session(Connection plain_connection, postgres::SystemIdentity identity,
                 postgres::ReplicationStream started, ResumePoint from, std::string catalog_xmin,
                 const Options& options, const event::TableFilter& filter)
    : plain{std::move(plain_connection)}, system{std::move(identity)}, catalog{plain, options.types,
                                                                               options.slot},
      stream{std::move(started)}, builder{builder_settings(plain, options), filter,
                                          system.timelines, catalog},
      start{std::move(from)}, slot_xmin{std::move(catalog_xmin)},
      sender_timeout_ms{capture::sender_timeout_ms(plain)}, looks{options.source,
                                                                  {options.publication, filter,
                                                                   options.edits, options.types},
                                                                  known_since(start, slot_xmin)} {}

void check_version(const Connection& connection) {
    if (connection.server_version() < kMinVersion) {
        fail(ExitCode::refused, "the source is PostgreSQL {}; 13 or newer is needed",
             connection.server_version() / 10000);
    }
}

ResumePoint resume_point(const event::Checkpoint& checkpoint, const std::string& file) {
    if (!checkpoint.snapshot.is_null() && checkpoint.snapshot != "done") {
        throw Error{
            ExitCode::refused,
            fmt::format("checkpoint file {} belongs to an unfinished snapshot", in_quotes(file)),
            "run cdc-snapshot again with the same options: it goes on where it stopped"};
    }
    return {*postgres::parse_lsn(checkpoint.position),
            checkpoint.order.epoch(),
            checkpoint.server,
            checkpoint.database,
            fmt::format("checkpoint file {}", in_quotes(file)),
            checkpoint.commit_ts_ms,
            checkpoint.snapshot,
            checkpoint.extra};
}

std::unique_ptr<Session> open_session(const Options& options, const std::string& in_progress,
                                      const std::optional<ResumePoint>& resume,
                                      const event::TableFilter& filter, HeldSlot& held) {
    Connection plain{options.source, Connection::Kind::plain};
    check_version(plain);
    check_messages(plain, options);
    check_heartbeat(plain, options);
    const std::string database = plain.database();
    if (held.give_up == 0) {
        // Not all servers notice a dead client at once: its session holds the slot until its
        // timeout.
        held.give_up = base::steady_ms() + sender_timeout_ms(plain) + kSlotWaitMarginMs;
    }
    Connection replication{options.source, Connection::Kind::replication};
    auto system = postgres::identify_system(replication);
    if (resume) {
        check_identity(*resume, system, database);
    }
    const auto slot = find_slot(plain, options, resume);
    check_slot(slot, options.slot, database);
    check_publication(plain, options);
    postgres::check_row_security(plain, options.publication, filter);
    ResumePoint start;
    if (resume) {
        if (resume->position < slot.confirmed && resume->position != held.below) {
            held.below = resume->position;
            return nullptr;
        }
        check_resume(*resume, slot, system, database);
        start = *resume;
    } else {
        start.position = slot.confirmed;
        start.epoch = system.timelines.at(slot.confirmed);
        start.server = system.identifier;
        start.database = database;
    }
    try {
        postgres::ReplicationStream stream{
            std::move(replication),
            options.slot,
            options.publication,
            start.position,
            {!options.messages.empty(),
             plain.server_version() < kMinInProgressVersion ? "" : in_progress}};
        return std::make_unique<Session>(std::move(plain), std::move(system), std::move(stream),
                                         std::move(start), slot.catalog_xmin, options, filter);
    } catch (const ServerError& error) {
        if (error.sqlstate() != kObjectInUse || base::steady_ms() > held.give_up) {
            throw;
        }
    }
    const auto now = postgres::inspect_slot(plain, options.slot);
    if (now && now->active_pid != 0 && now->active_pid != held.holder) {
        held.holder = now->active_pid;
        base::log::warning("slot {} is in use by {}; waiting for it", in_quotes(options.slot),
                           postgres::describe_session(plain, held.holder));
    }
    wait_a_second();
    return nullptr;
}

} // namespace cdc::capture
