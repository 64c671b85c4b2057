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

TableReport compare_one(const Options& options, const Candidate& candidate, Source& source,
                        Target& target, Comparer& comparer) {
    TableReport report;
    report.table = candidate.name();
    report.target = candidate.target;
    const std::int64_t start = base::steady_ms();
    try {
        const Table table = describe(options, candidate, source, target);
        report.not_compared = table.not_compared;
        report.stale = table.stale;
        announce(table);
        comparer.compare(table, report);
    } catch (const base::Error& error) {
        report.error = error.what();
        base::log::write_error(candidate.name() + ": " + error.what(), error.hint());
    }
    report.ms = base::steady_ms() - start;
    return report;
}

Verdict compare_all(const Options& options) {
    const std::int64_t start = base::steady_ms();
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
    const std::vector<Candidate> tables = find_tables(options, target, database);
    for (const Candidate& candidate : tables) {
        if (options.time_budget_ms > 0 && base::steady_ms() - start > options.time_budget_ms) {
            base::log::warning("the time is up: {} of {} tables were compared", reports.size(),
                               tables.size());
            break;
        }
        reports.push_back(compare_one(options, candidate, *sources[0], target, comparer));
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
