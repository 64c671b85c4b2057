#include "cdc-snapshot/postgres_snapshot.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "event/table_filter.hpp"
#include "io/stop_signal.hpp"
#include "postgres/catalog.hpp"
#include "postgres/facts.hpp"
#include "postgres/patience.hpp"
#include "postgres/preflight.hpp"
#include "postgres/present_tables.hpp"
#include "postgres/resume.hpp"
#include "postgres/slot.hpp"

#include <algorithm>
#include <unordered_map>

#include <unistd.h>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::Connection;
using postgres::format_lsn;
using postgres::ScanTable;

namespace {

constexpr int kMinVersion = 130000;
constexpr int kSlotsOnStandby = 160000;

void stop_if_asked() {
    if (io::stop_signal::requested()) {
        fail(ExitCode::failed, "stopped before the first row was read");
    }
}

void check_patterns(const Options& options, Connection& plain) {
    postgres::ask_patiently(plain, "the catalog", [&] {
        event::PatternCheck check{postgres::present_tables(plain, options.publication),
                                  plain.description()};
        check.tables("--tables", options.tables);
        check.tables("--exclude", options.exclude);
        check.tables("--where", patterns_of_conditions(options));
        options.edits.check(check);
        check.finish(options.allow_no_match);
    });
}

void check_version(Connection& plain) {
    if (plain.server_version() < kMinVersion) {
        fail(ExitCode::refused, "the source is PostgreSQL {}; 13 or newer is needed",
             plain.server_version() / 10000);
    }
}

void check_standby(const Options& options, Connection& plain) {
    if (!postgres::in_recovery(plain)) {
        return;
    }
    if (plain.server_version() < kSlotsOnStandby) {
        throw Error{ExitCode::refused,
                    fmt::format("the source is a standby of PostgreSQL {}, which has no logical "
                                "slots; 16 or newer is needed",
                                plain.server_version() / 10000),
                    "read from the primary"};
    }
    if (options.add) {
        fail(ExitCode::refused, "--add changes a publication, and the source is a standby");
    }
    base::log::info("the source is a standby: the position comes with the primary's next record of "
                    "running transactions (pg_log_standby_snapshot() there makes one at once)");
}

std::optional<std::string> publication_of(const Options& options) {
    return options.publication.empty() ? std::nullopt
                                       : std::optional<std::string>{options.publication};
}

/// The tables to be read and their columns, as they are now: for checks before anything is made.
std::vector<ScanTable> present_tables(const Options& options, Connection& plain,
                                      bool publication_exists) {
    const bool all = options.add || !publication_exists;
    std::vector<ScanTable> tables;
    postgres::ask_patiently(plain, "the catalog", [&] {
        tables = postgres::list_scan_tables(plain, all ? std::nullopt : publication_of(options),
                                            filter_of(options));
        postgres::describe_scan_columns(plain, tables);
    });
    if (tables.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("there is no table to read in database {}", plain.description()),
                    publication_exists && !all
                        ? fmt::format("publication {} has none that --tables and --exclude leave",
                                      in_quotes(options.publication))
                        : "--tables and --exclude leave none"};
    }
    return tables;
}

void check_rights(const Options& options, Connection& plain, bool publication_exists,
                  bool slot_exists) {
    const bool publishes = options.create || options.add;
    auto findings = postgres::preflight(
        plain,
        {options.source, options.slot, options.add ? "" : options.publication, filter_of(options),
         options.allow_no_identity || !publishes, options.create, false, options.publication});
    std::erase_if(findings, [&](const postgres::Finding& finding) {
        using Level = postgres::Finding::Level;
        const bool about_publication = finding.subject == "publication";
        const bool asked_below = finding.remedy.rfind("GRANT SELECT", 0) == 0 ||
                                 finding.remedy.rfind("GRANT USAGE", 0) == 0;
        return finding.level != Level::lost && (finding.subject == "slot" || asked_below ||
                                                (about_publication && !publication_exists) ||
                                                (finding.level == Level::warning && !publishes));
    });
    auto tables = present_tables(options, plain, publication_exists);
    const auto missing = postgres::missing_rights(plain, tables);
    findings.insert(findings.end(), missing.begin(), missing.end());
    const ExitCode code = postgres::report(findings, false);
    if (code != ExitCode::ok) {
        throw Error{code, fmt::format("nothing was made{}: see the errors above",
                                      slot_exists ? " or read" : "")};
    }
}

void add_tables(const Options& options, Connection& plain,
                const postgres::PublicationState& publication) {
    if (publication.all_tables) {
        base::log::info("publication {} is for all tables", in_quotes(options.publication));
        return;
    }
    const auto published =
        postgres::list_scan_tables(plain, options.publication, filter_of(options));
    for (const ScanTable& table :
         postgres::list_scan_tables(plain, std::nullopt, filter_of(options))) {
        const bool there =
            std::any_of(published.begin(), published.end(),
                        [&](const ScanTable& other) { return other.oid == table.oid; });
        if (!there) {
            postgres::ask_patiently(
                plain, fmt::format("table {}", in_quotes(table.display_name())), [&] {
                    plain.query(fmt::format("ALTER PUBLICATION {} ADD TABLE {}.{}",
                                            plain.quoted_name(options.publication),
                                            plain.quoted_name(table.schema),
                                            plain.quoted_name(table.name)));
                });
            base::log::info("added {} to publication {}", in_quotes(table.display_name()),
                            in_quotes(options.publication));
        }
    }
}

/// The slot of the stream that follows, if it is there. Throws Error.
std::optional<postgres::SlotState> find_slot(const Options& options, Connection& plain,
                                             const std::optional<CheckpointFiles::Resume>& resume) {
    if (!options.before_stream()) {
        return std::nullopt;
    }
    auto slot = postgres::inspect_slot(plain, options.slot);
    if (!slot && resume) {
        postgres::position_lost(fmt::format("slot {} is gone: what was committed since {} is lost",
                                            in_quotes(options.slot), resume->checkpoint.position));
    }
    if (!slot && !options.create) {
        throw Error{ExitCode::refused,
                    fmt::format("there is no slot {} in database {}", in_quotes(options.slot),
                                plain.description()),
                    "--create makes it, and the publication"};
    }
    if (slot) {
        postgres::check_slot(*slot, options.slot, plain.database());
    }
    if (slot && slot->active_pid != 0) {
        throw Error{ExitCode::refused,
                    fmt::format("slot {} is in use by {}", in_quotes(options.slot),
                                postgres::describe_session(plain, slot->active_pid)),
                    "leave --slot out to read tables beside a capture that runs"};
    }
    return slot;
}

using Tables = std::vector<std::unique_ptr<PostgresTable>>;

void add_facts(const Tables& tables, std::vector<event::Facts> all) {
    std::unordered_map<std::uint32_t, event::Facts> by_oid;
    for (event::Facts& facts : all) {
        by_oid[facts.oid] = std::move(facts);
    }
    for (const auto& table : tables) {
        if (const auto found = by_oid.find(table->scan.oid); found != by_oid.end()) {
            table->facts = std::move(found->second);
        }
    }
}

/// Views lie in the tables.
std::vector<postgres::pgoutput::Relation> scans_as_relations(const std::vector<ScanTable>& scans) {
    std::vector<postgres::pgoutput::Relation> relations;
    relations.reserve(scans.size());
    for (const ScanTable& scan : scans) {
        relations.push_back(scan.relation());
    }
    return relations;
}

/// The tables as the snapshot has them, and the look at their facts without those.
Tables tables_in_snapshot(const Options& options, Connection& plain, const std::string& snapshot,
                          const postgres::SnapshotLines::Place& place, postgres::FactsLook& look) {
    postgres::begin_in_snapshot(plain, snapshot);
    plain.query("SET LOCAL jit = off");
    Tables tables;
    postgres::Catalog catalog{plain, options.types};
    const event::ColumnEdits& edits = options.edits;
    auto scans = postgres::list_scan_tables(plain, publication_of(options), filter_of(options));
    postgres::describe_scan_tables(plain, scans);
    catalog.describe_each(scans_as_relations(scans), [&](std::size_t number, auto facts) {
        ScanTable& table = scans[number];
        postgres::RelationPlan plan{table.relation(), plain.database(), std::move(facts), edits};
        if (std::any_of(table.paging_key.begin(), table.paging_key.end(), [&](const auto& column) {
                return edits.of(table.schema, table.name, column.name).kind !=
                       event::ColumnEdits::Kind::keep;
            })) {
            table.paging_key.clear(); // checkpoints would tell its values
        }
        std::string condition =
            condition_of(options, table.schema, table.name, !plan.key().empty());
        tables.push_back(std::make_unique<PostgresTable>(std::move(table), std::move(plan),
                                                         std::move(condition), place));
    });
    look = postgres::read_facts(plain,
                                {options.publication, filter_of(options), edits, options.types});
    for (event::Facts& facts : look.tables) {
        facts.slot = options.slot;
    }
    add_facts(tables, std::move(look.tables));
    plain.query("COMMIT");
    return tables;
}

event::Checkpoint checkpoint_at(const postgres::ExportedSnapshot& snapshot, const Options& options,
                                const std::string& database,
                                const std::optional<postgres::SlotState>& slot,
                                const std::optional<CheckpointFiles::Resume>& resume) {
    if (resume) {
        return resume->checkpoint;
    }
    const postgres::SystemIdentity& system = snapshot.system();
    const postgres::Lsn position = slot ? slot->confirmed : snapshot.position();
    event::Checkpoint checkpoint;
    checkpoint.kind = "postgres";
    checkpoint.server = system.identifier;
    checkpoint.database = database;
    checkpoint.slot = options.slot;
    checkpoint.position = format_lsn(position);
    checkpoint.order = event::Order::make(system.timelines.at(position), position, 0);
    checkpoint.commit_ts_ms = slot ? 0 : snapshot.made_ms();
    return checkpoint;
}

postgres::ResumePoint point_of(const CheckpointFiles::Resume& resume) {
    const event::Checkpoint& file = resume.checkpoint;
    const auto position = postgres::parse_lsn(file.position);
    if (!position) {
        fail(ExitCode::bad_data, "{} has a broken position {}", resume.where,
             in_quotes(file.position));
    }
    return {*position,    file.order.epoch(), file.server,   file.database,
            resume.where, file.commit_ts_ms,  file.snapshot, file.extra};
}

/// Before anything of it is called lost.
void check_file_is_of_source(const Options& options, const CheckpointFiles::Resume& resume,
                             const std::string& database) {
    Connection replication{options.source, Connection::Kind::replication};
    check_identity(point_of(resume), postgres::identify_system(replication), database);
}

void check_file(const CheckpointFiles::Resume& resume, const postgres::SystemIdentity& system,
                const std::optional<postgres::SlotState>& slot, const std::string& database) {
    // Without a slot of our own there is none that could have moved past us.
    postgres::SlotState none;
    postgres::check_resume(point_of(resume), slot ? *slot : none, system, database);
}

/// All that can be looked at before anything is made; then makes the publication. Returns the slot.
std::optional<postgres::SlotState> prepare(const Options& options, Connection& plain,
                                           const std::optional<CheckpointFiles::Resume>& resume) {
    check_version(plain);
    check_standby(options, plain);
    if (resume) {
        check_file_is_of_source(options, *resume, plain.database());
    }
    auto slot = find_slot(options, plain, resume);
    const auto publication = options.publication.empty()
                                 ? std::nullopt
                                 : postgres::inspect_publication(plain, options.publication);
    if (!options.publication.empty() && !publication && !options.create) {
        throw Error{ExitCode::refused,
                    fmt::format("there is no publication {} in database {}",
                                in_quotes(options.publication), plain.description()),
                    "--create makes it, and the slot; --publication names another"};
    }
    check_patterns(options, plain);
    check_rights(options, plain, publication.has_value(), slot.has_value());
    if (options.create) {
        postgres::ensure_publication(plain, options.publication, filter_of(options));
    }
    if (options.add) {
        add_tables(options, plain, *publication);
    }
    return slot;
}

} // namespace

checkpoints::Watch::Check PostgresSnapshot::file_check() const {
    return [slot = m_options.slot](const std::string& path, const event::Checkpoint& checkpoint) {
        checkpoints::check_kind(path, checkpoint, {"postgres"});
        check_has_snapshot(path, checkpoint, slot, "leave --slot out to read tables beside it");
    };
}

Start PostgresSnapshot::begin(const std::optional<CheckpointFiles::Resume>& resume) {
    postgres::await_server(m_options.source, m_options.connect_timeout_ms);
    Connection& plain = m_plain.emplace(m_options.source, Connection::Kind::plain);
    plain.set_on_wait(stop_if_asked);
    const auto slot = prepare(m_options, plain, resume);

    const bool make_slot = m_options.before_stream() && !slot;
    const std::string temporary = fmt::format("cdc_snapshot_{}", ::getpid());
    base::log::debug("waiting for the transactions that write now");
    const postgres::ExportedSnapshot& snapshot = m_snapshot.emplace(
        m_options.source,
        postgres::ExportedSnapshot::Slot{make_slot ? m_options.slot : temporary, !make_slot},
        m_options.wait_ms, stop_if_asked);
    const postgres::Lsn position = snapshot.position();
    if (make_slot) {
        base::log::info("made slot {}; its stream begins at {}", in_quotes(m_options.slot),
                        format_lsn(position));
    }
    const std::string database = plain.database();
    Start start;
    if (resume) {
        check_file(*resume, snapshot.system(), slot, database);
        start.before = resume->progress;
    }
    start.checkpoint = checkpoint_at(snapshot, m_options, database, slot, resume);
    start.order = event::Order::make(snapshot.system().timelines.at(position), position, 0);
    start.database = "database " + plain.description();
    start.position = format_lsn(position);
    const postgres::SnapshotLines::Place place{m_options.prefix.empty() ? database
                                                                        : m_options.prefix,
                                               database, position, start.order, snapshot.made_ms()};
    postgres::FactsLook look;
    postgres::ask_patiently(plain, "the catalog", [&] {
        Tables tables = tables_in_snapshot(m_options, plain, snapshot.name(), place, look);
        start.tables = {std::make_move_iterator(tables.begin()),
                        std::make_move_iterator(tables.end())};
    });
    if (!resume) {
        start.checkpoint.extra[event::kFactsMember] = look.digest;
        start.checkpoint.extra[event::kFactsXidMember] = look.moment.running;
    }
    if (start.tables.empty()) {
        fail(ExitCode::refused, "there is no table to read at {} in database {}", start.position,
             plain.description());
    }
    PostgresPresent& present = m_present.emplace(plain);
    m_shared.emplace(PostgresReader::Shared{present, snapshot.name(),
                                            plain.parameter("server_encoding") == "SQL_ASCII"});
    plain.set_on_wait({});
    return start;
}

} // namespace cdc::snapshot
