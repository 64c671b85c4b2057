#include "cdc-snapshot/mysql_snapshot.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-snapshot/checkpoint_files.hpp"
#include "cdc-snapshot/mysql_reader.hpp"
#include "cdc-snapshot/reading.hpp"
#include "checkpoints/file.hpp"
#include "event/pattern_check.hpp"
#include "io/stop_signal.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/consistent_snapshot.hpp"
#include "mysql/epoch.hpp"
#include "mysql/log_history.hpp"

#include <map>
#include <memory>

#include <unistd.h>

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
    for (auto& key : mysql::cascading_keys(plain, address.database, filter)) {
        findings.push_back(std::move(key));
    }
    for (const mysql::Finding& finding : findings) {
        if (finding.code != ExitCode::ok) {
            throw Error{finding.code, finding.text, finding.remedy};
        }
    }
}

/// By the tables' names, from before the snapshot is opened: what is altered about that moment is
/// found out as what is altered later, when the table is opened.
using Fingerprints = std::map<std::string, std::string>;

Fingerprints read_fingerprints(mysql::Connection& plain, const std::string& database,
                               const event::TableFilter& filter) {
    Fingerprints out;
    for (const mysql::CatalogTable& table : mysql::read_tables(plain, database, filter)) {
        out[table.display_name()] = table.fingerprint;
    }
    return out;
}

/// The stream is to begin at a place that the server may remove meanwhile: then what was read is
/// worth nothing, and the sooner this is known, the better. Beside a stream no stream begins here.
class Seam {
public:
    Seam(mysql::Connection& plain, const mysql::ServerAddress& address,
         const event::Checkpoint& checkpoint, std::string where)
        : m_plain{plain}, m_address{address}, m_place{mysql::place_of(checkpoint,
                                                                      std::move(where))},
          m_begins_stream{!checkpoint.beside_stream()}, m_next_ms{base::steady_ms() + kSeamMs} {}

    void check() {
        if (m_begins_stream) {
            mysql::continuation(m_plain, m_address, m_place);
        }
        m_next_ms = base::steady_ms() + kSeamMs;
    }
    void check_when_due() {
        if (base::steady_ms() >= m_next_ms) {
            check();
        }
    }

private:
    mysql::Connection& m_plain;
    const mysql::ServerAddress& m_address;
    mysql::LogPlace m_place;
    bool m_begins_stream;
    std::int64_t m_next_ms;
};

} // namespace

int read_mysql(const Options& options) {
    CheckpointFiles files{options.checkpoints, {}, CheckpointFiles::Source::mysql};
    if (files.done()) {
        base::log::info("the snapshot is done: nothing to read");
        return static_cast<int>(ExitCode::ok);
    }
    const auto resume = files.resume();
    const mysql::ServerAddress address = mysql::parse_url(options.source);
    const event::TableFilter filter = filter_of(options);
    mysql::Connection plain{address};
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
    const Fingerprints fingerprints = read_fingerprints(plain, address.database, filter);
    auto snapshot = mysql::open_snapshot(
        address, plain, {options.schema_only ? 1 : options.jobs, options.wait_ms, [] {
                             if (io::stop_signal::requested()) {
                                 fail(ExitCode::failed, "stopped before anything was read");
                             }
                         }});
    event::Checkpoint checkpoint = first_checkpoint(options, plain, address, snapshot.place);
    const std::string prefix = !options.prefix.empty()     ? options.prefix
                               : !address.database.empty() ? address.database
                                                           : checkpoint.kind;
    mysql::SnapshotLines::Place place{prefix, plain.is_mariadb(), snapshot.place.position,
                                      checkpoint.order, base::now_ms()};
    Progress before;
    if (resume) {
        if (resume->checkpoint.server != checkpoint.server) {
            fail(ExitCode::refused, "{} belongs to server {}, the source is {}", resume->where,
                 in_quotes(resume->checkpoint.server), in_quotes(checkpoint.server));
        }
        before = resume->progress;
        // Rows of this run are of its own place; the stream begins where it always did.
        place.order = event::Order::make(resume->checkpoint.order.epoch(),
                                         snapshot.place.position.order_position(), 0);
        checkpoint = resume->checkpoint;
    }
    Seam seam{plain, address, checkpoint, resume ? resume->where : "the snapshot"};
    seam.check();
    Work::Tables tables;
    mysql::Catalog catalog{plain};
    for (mysql::CatalogTable& found : mysql::read_tables(plain, address.database, filter)) {
        mysql::TablePlan plan{found.map, catalog, plain.is_mariadb(), options.edits, options.types};
        if (const auto then = fingerprints.find(found.display_name()); then != fingerprints.end()) {
            found.fingerprint = then->second;
        }
        const std::string condition =
            condition_of(options, found.map.db, found.map.table, !plan.key().empty());
        auto table = std::make_unique<MysqlTable>(found, std::move(plan), condition, place);
        if (!options.schema_only) {
            table->refuse_doubled(snapshot.exact);
        }
        tables.push_back(std::move(table));
    }
    if (tables.empty()) {
        fail(ExitCode::refused, "there is no table to read in {}", plain.description());
    }
    base::log::info("reading {} tables of {} as they were at {}{}", tables.size(),
                    plain.description(), snapshot.place.position.text(),
                    resume ? ", going on where the last run stopped" : "");
    Output output{STDOUT_FILENO};
    Work work{options, output, checkpoint, std::move(before), place.order, std::move(tables)};
    Throttle throttle{options.max_rows_per_second};
    MysqlPresent present{mysql::Connection{address}};
    MysqlReader::Shared shared{options, work, output, throttle, present};
    std::vector<MysqlReader> readers;
    for (mysql::Connection& connection : snapshot.readers) {
        readers.emplace_back(std::move(connection), shared);
    }
    return read_all({options, files, output, work, checkpoint.position,
                     static_cast<int>(readers.size()),
                     [&readers](int i) { readers[static_cast<std::size_t>(i)].run(); },
                     [&seam] { seam.check_when_due(); },
                     [&seam] {
                         seam.check();
                     }});
}

} // namespace cdc::snapshot
