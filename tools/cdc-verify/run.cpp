#include "cdc-verify/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-verify/compare.hpp"
#include "cdc-verify/repair.hpp"
#include "cdc-verify/tables.hpp"
#include "io/file_descriptor.hpp"
#include "postgres/wal_status.hpp"

#include <cstring>

#include <unistd.h>

namespace cdc::verify {

namespace {

void print(int fd, const std::string& text) {
    if (const int error = io::write_all(fd, text); error != 0) {
        base::fail(base::ExitCode::failed, "cannot write the report: {}", std::strerror(error));
    }
}

void announce(const Table& table) {
    if (!table.not_compared.empty()) {
        base::log::warning("{}: the target does not have these columns, which are not compared: {}",
                           table.name(), fmt::join(table.not_compared, ", "));
    }
    if (!table.stale.empty()) {
        base::log::warning("{}: the target knows that its rows differ until it is read again: {}",
                           table.name(), table.stale);
    }
}

/// A table that the target should hold and does not: nothing is missing if it is empty, and nothing
/// is sure before the target has got as far as we have.
void compare_absent(const Options& options, const Candidate& candidate, Source& source,
                    Target& target, Position& position, TableReport& report) {
    Table table;
    auto facts = postgres::read_table_facts(source.connection(), candidate.schema, candidate.table);
    if (!facts) {
        return; // dropped since
    }
    table.facts = std::move(*facts);
    report.source_rows = source.count(table);
    report.target_rows = 0;
    if (*report.source_rows == 0) {
        return;
    }
    if (!options.no_wait) {
        const std::int64_t deadline = base::steady_ms() + options.settle_ms;
        if (!position.wait(source.position_after(), deadline)) {
            report.unsettled = *report.source_rows;
            report.why_unsettled = position.why();
            return;
        }
        const auto now = find_tables(options, source, target, source.connection().database());
        for (const Candidate& other : now) {
            if (other.name() == candidate.name() && !other.target.empty()) {
                report.unsettled = *report.source_rows;
                report.why_unsettled = "the target made this table just now";
                return;
            }
        }
    }
    report.missing = *report.source_rows;
    base::log::warning("{}: the target does not hold this table; cdc-snapshot --tables reads it",
                       candidate.name());
}

/// Nothing: the time was over before anything could be said.
std::optional<TableReport> compare_one(const Options& options, const Candidate& candidate,
                                       const std::shared_ptr<const postgres::ColumnEdits>& edits,
                                       Source& source, Target& target, Position& position,
                                       Comparer& comparer) {
    TableReport report;
    report.table = candidate.name();
    report.target = candidate.target;
    const std::int64_t start = base::steady_ms();
    try {
        if (candidate.target.empty()) {
            compare_absent(options, candidate, source, target, position, report);
        } else {
            const Table table = describe(options, candidate, source, target, edits);
            report.not_compared = table.not_compared;
            report.stale = table.stale;
            announce(table);
            comparer.compare(table, report);
        }
    } catch (const TimeUp&) {
        if (report.differences() == 0) {
            return std::nullopt;
        }
    } catch (const base::Error& error) {
        report.error = error.what();
        base::log::write_error(candidate.name() + ": " + error.what(), error.hint());
    }
    report.ms = base::steady_ms() - start;
    return report;
}

Verdict compare_all(const Options& options) {
    const std::int64_t end =
        options.time_budget_ms > 0 ? base::steady_ms() + options.time_budget_ms : 0;
    std::vector<std::unique_ptr<Source>> sources;
    for (int i = 0; i < options.jobs; ++i) {
        sources.push_back(std::make_unique<Source>(options.source));
    }
    Target target{options.target, options.chdb_library};
    const std::string database = sources[0]->connection().database();
    Position position{options, target, postgres::read_wal_status(sources[0]->connection()).server,
                      database};
    Comparer::Repair write_repair;
    std::unique_ptr<Repairer> repairer;
    if (options.repair) {
        repairer = std::make_unique<Repairer>(options, target);
        write_repair = [&repairer](const Table& table, const std::vector<Found>& found) {
            repairer->repair(table, found);
        };
    }
    Comparer comparer{options, sources, target, position, write_repair};
    std::vector<TableReport> reports;
    const std::vector<Candidate> tables = find_tables(options, *sources[0], target, database);
    const auto edits = std::make_shared<const postgres::ColumnEdits>(options.edits());
    for (const auto& source : sources) {
        source->set_end(end);
    }
    for (const Candidate& candidate : tables) {
        auto report =
            end != 0 && base::steady_ms() >= end
                ? std::nullopt
                : compare_one(options, candidate, edits, *sources[0], target, position, comparer);
        if (!report) {
            base::log::warning("the time is up: {} of {} tables were compared", reports.size(),
                               tables.size());
            break;
        }
        reports.push_back(std::move(*report));
    }
    if (repairer) {
        repairer->finish();
    }
    const int fd = options.repair ? STDERR_FILENO : STDOUT_FILENO;
    print(fd, options.json ? render_json(reports, base::now_ms())
                           : render_table(reports, options.quiet));
    return judge(reports);
}

} // namespace

int run(const Options& options) {
    try {
        return static_cast<int>(compare_all(options));
    } catch (const base::Error& error) {
        base::log::write_error(error.what(), error.hint());
    } catch (const std::exception& error) {
        base::log::write_error(fmt::format("unexpected: {}", error.what()), "");
    }
    return static_cast<int>(Verdict::unknown);
}

} // namespace cdc::verify
