#ifndef CDC_POSTGRES_RESUME_HPP
#define CDC_POSTGRES_RESUME_HPP

#include "postgres/lsn.hpp"
#include "postgres/slot.hpp"
#include "postgres/timeline.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace cdc::postgres {

/// Where to go on, and what the checkpoints from there on carry forward.
struct ResumePoint {
    Lsn position = 0;
    std::uint16_t epoch = 0; ///< timeline that the position was seen on
    std::string server;      ///< system identifier
    std::string database;
    std::string where; ///< for messages: "checkpoint file 'x'"
    std::int64_t commit_ts_ms = 0;
    nlohmann::ordered_json snapshot;
    nlohmann::ordered_json extra = nlohmann::ordered_json::object();
};

/// What the server will not tell by itself. Throws Error: refused (another server or
/// database; a slot of another plugin), position_lost with the range that is lost (slot given up,
/// position below the slot's, beyond the log, or off this timeline's history).
void check_resume(const ResumePoint& resume, const SlotState& slot, const SystemIdentity& system,
                  const std::string& database);
/// The part of it that asks whether this is the source at all: to be asked before anything is
/// called lost. Throws Error (refused).
void check_identity(const ResumePoint& resume, const SystemIdentity& system,
                    const std::string& database);
void check_slot(const SlotState& slot, const std::string& name, const std::string& database);

/// Throws Error (position_lost) with the way out.
[[noreturn]] void position_lost(const std::string& message);
/// The same where there is no slot of this name any more.
[[noreturn]] void slot_gone(const ResumePoint& resume, const std::string& name);

} // namespace cdc::postgres

#endif
