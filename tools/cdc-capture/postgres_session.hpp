#ifndef CDC_CAPTURE_POSTGRES_SESSION_HPP
#define CDC_CAPTURE_POSTGRES_SESSION_HPP

#include "cdc-capture/options.hpp"
#include "event/checkpoint.hpp"
#include "postgres/catalog.hpp"
#include "postgres/change_builder.hpp"
#include "postgres/looks.hpp"
#include "postgres/resume.hpp"
#include "postgres/slot.hpp"
#include "postgres/stream.hpp"
#include "postgres/timeline.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cdc::capture {

using postgres::ResumePoint;

/// From a checkpoint file. Throws Error (refused) for an unfinished snapshot.
ResumePoint resume_point(const event::Checkpoint& checkpoint, const std::string& file);

/// A member of a checkpoint that we do not know there; "": it is none, or no text.
std::string text_member(const nlohmann::ordered_json& extra, const char* name);

/// One connection's worth of capture: all checks done, the stream started.
struct Session {
    Session(postgres::Connection plain_connection, postgres::SystemIdentity identity,
            postgres::ReplicationStream started, ResumePoint from, std::string catalog_xmin,
            const Options& options, const event::TableFilter& filter);

    postgres::Connection plain; ///< for questions beside the stream
    postgres::SystemIdentity system;
    postgres::Catalog catalog;
    postgres::ReplicationStream stream;
    postgres::ChangeBuilder builder;
    ResumePoint start;
    std::string slot_xmin;          ///< SlotState::catalog_xmin
    std::int64_t sender_timeout_ms; ///< the server's wal_sender_timeout; 0: none
    postgres::Looks looks;
};

/// A slot that another session holds, or held, from one try to the next.
struct HeldSlot {
    std::int64_t give_up = 0; ///< of the monotonic clock; 0: nobody waits yet
    std::int32_t holder = 0;
    postgres::Lsn below = 0; ///< a position to resume from that the slot had passed
};

/// `in_progress`: see postgres::StreamSettings. `resume`: nothing starts where the slot stands.
/// A slot that another session holds is waited for as long as the server may take to see that a
/// lost client is gone. Nothing: `resume` may have gone on since its file was read, for that
/// session writes the file and moves the slot; it is to be read again. Throws Error.
std::unique_ptr<Session> open_session(const Options& options, const std::string& in_progress,
                                      const std::optional<ResumePoint>& resume,
                                      const event::TableFilter& filter, HeldSlot& held);

/// Throws Error (refused) for servers that are too old.
void check_version(const postgres::Connection& connection);

} // namespace cdc::capture

#endif
