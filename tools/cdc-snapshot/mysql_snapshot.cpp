#include "cdc-snapshot/mysql_snapshot.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "checkpoints/file.hpp"
#include "event/pattern_check.hpp"
#include "io/stop_signal.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/consistent_snapshot.hpp"
#include "mysql/epoch.hpp"
#include "mysql/read_rights.hpp"
#include "mysql/unlogged_changes.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <thread>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::int64_t kSeamMs = 60000;

/// The checkpoint of the stream beside which tables are read again, or of the one that follows.
event::Checkpoint first_checkpoint(const Options& options, mysql::Connection& plain,
                                   const mysql::ServerAddress& address,
                                   const mysql::LogEnd& place) {
    event::Checkpoint out;
    out.kind = plain.is_mariadb() ? "mariadb" : "mysql";
    out.server = mysql::identity(plain);
    std::uint16_t epoch = mysql::first_epoch();
    if (!options.beside.empty()) {
        const auto stream = checkpoints::read(options.beside);
        if (!stream) {
            fail(ExitCode::refused, "--beside: checkpoint file {} holds no checkpoint",
                 in_quotes(options.beside));
        }
        if (stream->kind != out.kind || stream->server != out.server) {
            throw Error{ExitCode::refused,
                        fmt::format("--beside: checkpoint file {} belongs to {} {}, the source is "
                                    "{}",
                                    in_quotes(options.beside), stream->kind,
                                    in_quotes(stream->server), in_quotes(out.server)),
                        "let cdc-capture go on at this server first"};
        }
        const auto stream_place =
            mysql::place_of(*stream, fmt::format("checkpoint file {}", in_quotes(options.beside)));
        if (!mysql::continuation(plain, address, stream_place).same_history) {
            throw Error{ExitCode::refused,
                        fmt::format("--beside: the log of {} is another one than that of {}",
                                    plain.description(), stream_place.where),
                        "let cdc-capture go on at this server first"};
        }
        epoch = stream->order.epoch();
        out.extra[event::kBesideMember] = true;
    }
    out.position = place.position.text();
    out.order = event::Order::make(epoch, place.position.order_position(), 0);
    out.extra["history"] = {{"base", std::string{place.position.base_name()}}, {"created", 0}};
    if (!place.gtids.empty() || plain.is_mariadb()) {
        out.extra["gtids"] = place.gtids;
    }
    return out;
}

void refuse_findings(mysql::Connection& plain, const mysql::ServerAddress& address,
                     const event::TableFilter& filter, bool minimal_metadata) {
    auto findings = mysql::preflight(plain, minimal_metadata);
    for (auto& key : mysql::unlogged_changes(plain, address.database, filter)) {
        findings.push_back(std::move(key));
    }
    for (const mysql::Finding& finding : findings) {
        if (finding.code != ExitCode::ok) {
            throw Error{finding.code, finding.text, finding.remedy};
        }
    }
    for (const mysql::Finding& finding : mysql::hidden_tables(plain, address.database, filter)) {
        base::log::warning("{} ({})", finding.text, finding.remedy);
    }
}

/// By the tables' names, from before the snapshot is opened: what is altered about that moment is
/// found out as what is altered later, when the table is opened.
using Fingerprints = std::map<std::string, mysql::Fingerprint>;

void stop_if_asked() {
    if (io::stop_signal::requested()) {
        fail(ExitCode::failed, "stopped before anything was read");
    }
}

Fingerprints read_fingerprints(mysql::Connection& plain, const std::string& database,
                               const event::TableFilter& filter) {
    constexpr int kMostReadings = 12; // tables may be made all the time
    constexpr std::int64_t kPauseMs = 300;
    for (int readings = 1;; ++readings) {
        Fingerprints out;
        bool young = false;
        for (const mysql::CatalogTable& table : mysql::read_tables(plain, database, filter)) {
            out[table.display_name()] = table.fingerprint;
            young = young || table.fingerprint.young;
        }
        // MySQL tells tables apart by where their rows are.
        if (!young || !plain.is_mariadb() || readings == kMostReadings) {
            return out;
        }
        stop_if_asked();
        std::this_thread::sleep_for(std::chrono::milliseconds{kPauseMs});
    }
}

/// What can be looked at before the snapshot is opened.
void check_source(const Options& options, mysql::Connection& plain,
                  const mysql::ServerAddress& address, const event::TableFilter& filter) {
    if (!options.allow_no_match) {
        mysql::require_database(plain, address.database);
    }
    refuse_findings(plain, address, filter, options.minimal_metadata);
    event::PatternCheck check{mysql::present_tables(plain, address.database), plain.description()};
    check.tables("--tables", options.tables);
    check.tables("--exclude", options.exclude);
    check.tables("--where", patterns_of_conditions(options));
    options.edits.check(check);
    check.finish(options.allow_no_match);
}

} // namespace

MysqlSnapshot::MysqlSnapshot(const Options& options)
    : m_options{options}, m_address{mysql::parse_url(options.source)} {}

checkpoints::Watch::Check MysqlSnapshot::file_check() const {
    return [](const std::string& path, const event::Checkpoint& checkpoint) {
        checkpoints::check_kind(path, checkpoint, {"mysql", "mariadb"});
        check_has_snapshot(path, checkpoint, "",
                           "to read tables beside it, name it with --beside, and another file "
                           "with --checkpoint, or none");
    };
}

Start MysqlSnapshot::begin(const std::optional<CheckpointFiles::Resume>& resume) {
    const event::TableFilter filter = filter_of(m_options);
    mysql::Connection& plain = m_plain.emplace(m_address);
    check_source(m_options, plain, m_address, filter);
    const Fingerprints fingerprints = read_fingerprints(plain, m_address.database, filter);
    auto snapshot = mysql::open_snapshot(
        m_address, plain,
        {m_options.schema_only ? 1 : m_options.jobs, m_options.wait_ms, stop_if_asked});
    const mysql::Position& position = snapshot.place.position;
    m_readers = std::move(snapshot.readers);

    Start start;
    start.checkpoint = first_checkpoint(m_options, plain, m_address, snapshot.place);
    start.order = start.checkpoint.order;
    start.database = plain.description();
    start.position = position.text();
    const std::string prefix = !m_options.prefix.empty()     ? m_options.prefix
                               : !m_address.database.empty() ? m_address.database
                                                             : start.checkpoint.kind;
    if (resume) {
        if (resume->checkpoint.server != start.checkpoint.server) {
            fail(ExitCode::refused, "{} belongs to server {}, the source is {}", resume->where,
                 in_quotes(resume->checkpoint.server), in_quotes(start.checkpoint.server));
        }
        start.before = resume->progress;
        // Rows of this run are of its own place; the stream begins where it always did.
        start.order =
            event::Order::make(resume->checkpoint.order.epoch(), position.order_position(), 0);
        start.checkpoint = resume->checkpoint;
    }
    auto seam = mysql::place_of(start.checkpoint, resume ? resume->where : "the snapshot");
    if (!start.checkpoint.beside_stream()) {
        m_seam = std::move(seam);
    }
    check_seam();
    const mysql::SnapshotLines::Place place{prefix, plain.is_mariadb(), position, start.order,
                                            base::now_ms()};
    mysql::Catalog catalog{plain};
    for (mysql::CatalogTable& found : mysql::read_tables(plain, m_address.database, filter)) {
        mysql::TablePlan plan{found.map, catalog, plain.is_mariadb(), m_options.edits,
                              m_options.types};
        if (const auto then = fingerprints.find(found.display_name()); then != fingerprints.end()) {
            found.fingerprint = then->second;
        }
        const std::string condition =
            condition_of(m_options, found.map.db, found.map.table, !plan.key().empty());
        auto table = std::make_unique<MysqlTable>(found, std::move(plan), condition, place);
        if (!m_options.schema_only) {
            table->refuse_doubled(snapshot.exact);
        }
        start.tables.push_back(std::move(table));
    }
    if (start.tables.empty()) {
        fail(ExitCode::refused, "there is no table to read in {}", plain.description());
    }
    m_present.emplace(mysql::Connection{m_address});
    return start;
}

void MysqlSnapshot::read(int reader, const Pipe& pipe) {
    MysqlReader{pipe, m_readers[static_cast<std::size_t>(reader)], *m_present}.run();
}

/// The server may remove the place where the stream is to begin meanwhile: then what was read is
/// worth nothing, and the sooner this is known, the better.
void MysqlSnapshot::check_seam() {
    if (m_seam) {
        mysql::continuation(*m_plain, m_address, *m_seam);
    }
    m_next_seam_ms = base::steady_ms() + kSeamMs;
}

void MysqlSnapshot::on_tick() {
    if (base::steady_ms() >= m_next_seam_ms) {
        check_seam();
    }
}

} // namespace cdc::snapshot
