#include "postgres/resume.hpp"

#include "base/error.hpp"

namespace cdc::postgres {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

void position_lost(const std::string& message) {
    throw Error{ExitCode::position_lost, message,
                "the target has a gap there: cdc-capture --drop takes away what is left of the "
                "slot; then move the checkpoint file away, and begin anew with cdc-snapshot "
                "--create"};
}

void slot_gone(const ResumePoint& resume, const std::string& name) {
    position_lost(fmt::format("slot {} is gone: what was committed since {}, where {} is, is lost",
                              in_quotes(name), format_lsn(resume.position), resume.where));
}

void check_slot(const SlotState& slot, const std::string& name, const std::string& database) {
    if (slot.plugin.empty()) {
        fail(ExitCode::refused, "slot {} is a physical one, of no plugin", in_quotes(name));
    }
    if (slot.plugin != "pgoutput") {
        fail(ExitCode::refused, "slot {} is of plugin {}, not of pgoutput", in_quotes(name),
             in_quotes(slot.plugin));
    }
    if (slot.database != database) {
        fail(ExitCode::refused, "slot {} belongs to database {}, not to {}", in_quotes(name),
             in_quotes(slot.database), in_quotes(database));
    }
    if (slot.wal_status == "lost" || !slot.invalidation.empty()) {
        position_lost(fmt::format("the server gave up slot {} ({}): the log from {} on is gone",
                                  in_quotes(name),
                                  slot.invalidation.empty() ? "wal_status lost" : slot.invalidation,
                                  format_lsn(slot.confirmed)));
    }
}

void check_identity(const ResumePoint& resume, const SystemIdentity& system,
                    const std::string& database) {
    if (resume.server != system.identifier) {
        fail(ExitCode::refused, "{} belongs to server {}, but this one is {}", resume.where,
             in_quotes(resume.server), in_quotes(system.identifier));
    }
    if (resume.database != database) {
        fail(ExitCode::refused, "{} belongs to database {}, not to {}", resume.where,
             in_quotes(resume.database), in_quotes(database));
    }
}

void check_resume(const ResumePoint& resume, const SlotState& slot, const SystemIdentity& system,
                  const std::string& database) {
    check_identity(resume, system, database);
    const std::string position = format_lsn(resume.position);
    if (!system.timelines.contains(resume.epoch, resume.position)) {
        position_lost(
            fmt::format("{} is at {} of timeline {}, which is not part of the history of this "
                        "server's timeline {}",
                        resume.where, position, resume.epoch, system.timelines.current()));
    }
    if (resume.position < slot.confirmed) {
        position_lost(
            fmt::format("{} is at {}, but the slot was confirmed up to {}: the changes between "
                        "them are lost",
                        resume.where, position, format_lsn(slot.confirmed)));
    }
    if (resume.position > system.flushed) {
        position_lost(
            fmt::format("{} is at {}, but the server's log ends at {}: it was set back, and the "
                        "changes between them are lost",
                        resume.where, position, format_lsn(system.flushed)));
    }
}

} // namespace cdc::postgres
