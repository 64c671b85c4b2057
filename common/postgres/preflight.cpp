#include "postgres/preflight.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "postgres/patience.hpp"
#include "postgres/preflight_parts.hpp"

namespace cdc::postgres {

using base::ExitCode;
using base::in_quotes;
using Level = Finding::Level;

namespace {

constexpr int kMinVersion = 130000;
constexpr int kSlotsOnStandby = 160000;

std::int64_t number(const Result& result, int column) {
    return base::parse_integer<std::int64_t>(result.text(0, column)).value_or(0);
}

void look_at_settings(Connection& plain, bool slot_exists, Findings& findings) {
    const Result settings = plain.query(
        "SELECT current_setting('server_version'), current_setting('wal_level'), "
        "current_setting('max_replication_slots'), (SELECT count(*) FROM pg_replication_slots), "
        "current_setting('max_wal_senders'), "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'), "
        "current_setting('max_slot_wal_keep_size'), pg_is_in_recovery()");
    findings.push_back(
        {Level::good, "server",
         fmt::format("PostgreSQL {}, database {}", settings.text(0, 0), plain.description()), ""});
    if (settings.text(0, 7) == "t" && plain.server_version() < kSlotsOnStandby) {
        findings.push_back({Level::problem, "server",
                            "is a standby, and one of a version below 16 has no logical slots",
                            "read from the primary"});
    }
    if (settings.text(0, 1) == "logical") {
        findings.push_back({Level::good, "wal_level", "logical", ""});
    } else {
        findings.push_back(
            {Level::problem, "wal_level",
             fmt::format("is {}, but must be logical", in_quotes(settings.text(0, 1))),
             "ALTER SYSTEM SET wal_level = logical; and restart the server"});
    }
    const auto count = [&](const char* name, int column, bool one_is_ours) {
        const std::int64_t limit = number(settings, column);
        const std::int64_t used = number(settings, column + 1);
        const bool free = one_is_ours || used < limit;
        findings.push_back({free ? Level::good : Level::problem, name,
                            fmt::format("{} of {} in use", used, limit),
                            free ? ""
                                 : fmt::format("ALTER SYSTEM SET {} = {}; and restart the server",
                                               name, limit * 2 + 4)});
    };
    count("max_replication_slots", 2, slot_exists);
    count("max_wal_senders", 4, false);
    const auto keep = settings.text(0, 6);
    findings.push_back(
        {Level::good, "max_slot_wal_keep_size",
         keep == "-1" ? "no limit: the server keeps its log for as long as we do not confirm it"
                      : fmt::format("{}: a slot that is further behind is given up", keep),
         ""});
}

/// Logging in as capture does is the only test that knows of pg_hba.conf and of the roles that
/// hosted servers use instead of REPLICATION.
void look_at_rights(Connection& plain, const std::string& source, Findings& findings) {
    const std::string role{plain.query("SELECT quote_ident(current_user)").text(0, 0)};
    try {
        Connection replication{source, Connection::Kind::replication};
        findings.push_back({Level::good, "replication", "role " + role + " may replicate", ""});
    } catch (const ServerError& error) {
        if (error.code() == ExitCode::failed) {
            throw;
        }
        findings.push_back({Level::problem, "replication", error.what(),
                            error.sqlstate() == "42501"
                                ? "ALTER ROLE " + role + " REPLICATION;"
                                : "a line for this role and database in pg_hba.conf"});
    }
}

void look_at_slot(Connection& plain, const std::string& name, const std::optional<SlotState>& slot,
                  Findings& findings) {
    if (!slot) {
        findings.push_back({Level::good, "slot",
                            fmt::format("there is none of the name {}", in_quotes(name)),
                            "--create makes it"});
        return;
    }
    if (slot->plugin != "pgoutput" || slot->database != plain.database()) {
        findings.push_back({Level::problem, "slot",
                            fmt::format("{} is of plugin {} and database {}", in_quotes(name),
                                        in_quotes(slot->plugin), in_quotes(slot->database)),
                            "another name by --slot"});
    } else if (slot->wal_status == "lost" || !slot->invalidation.empty()) {
        findings.push_back(
            {Level::lost, "slot",
             fmt::format("the server gave up {} ({}): the log from {} on is gone", in_quotes(name),
                         slot->invalidation.empty() ? "wal_status lost" : slot->invalidation,
                         format_lsn(slot->confirmed)),
             "--drop, --create, and a new snapshot"});
    } else {
        if (slot->two_phase) {
            findings.push_back(
                {Level::warning, "slot",
                 fmt::format("{} has two_phase: the stream stops at the first "
                             "PREPARE TRANSACTION",
                             in_quotes(name)),
                 "--drop, then --create, which makes it without, and a new snapshot"});
        }
        const bool close = slot->wal_status == "unreserved";
        findings.push_back(
            {close ? Level::warning : Level::good, "slot",
             fmt::format(
                 "{} is confirmed up to {}, wal_status {}{}{}", in_quotes(name),
                 format_lsn(slot->confirmed), slot->wal_status,
                 slot->safe_wal_size
                     ? fmt::format(", {} MB until it may be lost", *slot->safe_wal_size / (1 << 20))
                     : "",
                 slot->active_pid != 0 ? ", in use by " + describe_session(plain, slot->active_pid)
                                       : ""),
             close ? "let capture and its sinks run: the log it needs is about to be removed"
                   : ""});
    }
}

} // namespace

namespace {

Findings look(Connection& plain, const PreflightQuestion& question) {
    Findings findings;
    if (plain.server_version() < kMinVersion) {
        findings.push_back({Level::problem, "server",
                            fmt::format("PostgreSQL {} is too old; 13 or newer is needed",
                                        plain.server_version() / 10000),
                            ""});
        return findings;
    }
    const auto slot = inspect_slot(plain, question.slot);
    const auto publication = inspect_publication(plain, question.publication);
    look_at_settings(plain, slot.has_value(), findings);
    look_at_rights(plain, question.source, findings);
    look_at_tables(plain, question, publication, findings);
    look_at_publication(plain, question, publication, slot, findings);
    look_at_slot(plain, question.slot, slot, findings);
    return findings;
}

} // namespace

std::vector<Finding> preflight(Connection& plain, const PreflightQuestion& question) {
    Findings findings;
    ask_patiently(plain, "the catalog", [&] { findings = look(plain, question); });
    return findings;
}

ExitCode report(const std::vector<Finding>& findings, bool everything) {
    ExitCode code = ExitCode::ok;
    for (const Finding& finding : findings) {
        std::string text = finding.subject + ": " + finding.text;
        if (finding.level == Level::problem || finding.level == Level::lost) {
            base::log::write_error(text, finding.remedy);
            if (code != ExitCode::position_lost) {
                code = finding.level == Level::lost ? ExitCode::position_lost : ExitCode::refused;
            }
            continue;
        }
        if (!finding.remedy.empty()) {
            text += " (" + finding.remedy + ")";
        }
        if (finding.level == Level::warning) {
            base::log::warning("{}", text);
        } else if (everything) {
            base::log::info("{}", text);
        }
    }
    return code;
}

} // namespace cdc::postgres
