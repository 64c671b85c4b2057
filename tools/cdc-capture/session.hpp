#ifndef CDC_CAPTURE_SESSION_HPP
#define CDC_CAPTURE_SESSION_HPP

#include "cdc-capture/options.hpp"
#include "event/checkpoint.hpp"
#include "postgres/catalog.hpp"
#include "postgres/change_builder.hpp"
#include "postgres/slot.hpp"
#include "postgres/stream.hpp"
#include "postgres/timeline.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cdc::capture {

/// Where to go on, and what the checkpoints from there on carry forward.
struct ResumePoint {
    postgres::Lsn position = 0;
    std::uint16_t epoch = 0; ///< timeline that the position was seen on
    std::string server;      ///< system identifier
    std::string database;
    std::string where; ///< for messages: "checkpoint file 'x'"
    std::int64_t commit_ts_ms = 0;
    nlohmann::ordered_json snapshot;
    nlohmann::ordered_json extra = nlohmann::ordered_json::object();
};

/// From a checkpoint file. Throws Error (refused) for an unfinished snapshot.
ResumePoint resume_point(const event::Checkpoint& checkpoint, const std::string& file);

/// What the server will not tell by itself. Throws Error: refused (another server or
/// database; a slot of another plugin), position_lost with the range that is lost (slot given up,
/// position below the slot's, beyond the log, or off this timeline's history).
void check_resume(const ResumePoint& resume, const postgres::SlotState& slot,
                  const postgres::SystemIdentity& system, const std::string& database);
void check_slot(const postgres::SlotState& slot, const std::string& name,
                const std::string& database);

/// One connection's worth of capture: all checks done, the stream started.
struct Session {
    Session(postgres::Connection plain_connection, postgres::SystemIdentity identity,
            postgres::ReplicationStream started, ResumePoint from, const Options& options,
            const event::TableFilter& filter);

    postgres::Connection plain; ///< for questions beside the stream
    postgres::SystemIdentity system;
    postgres::Catalog catalog;
    postgres::ReplicationStream stream;
    postgres::ChangeBuilder builder;
    ResumePoint start;
    std::int64_t sender_timeout_ms; ///< the server's wal_sender_timeout; 0: none
};

/// `resume`: nothing starts where the slot stands. Waits for a slot that another session holds, as
/// long as the server may take to see that a lost client is gone. Throws Error.
std::unique_ptr<Session> open_session(const Options& options,
                                      const std::optional<ResumePoint>& resume,
                                      const event::TableFilter& filter);

/// Throws Error (refused) for servers that are too old.
void check_version(const postgres::Connection& connection);

} // namespace cdc::capture

#endif
