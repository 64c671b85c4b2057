#include "cdc-verify/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-verify/activity.hpp"
#include "cdc-verify/changed_keys.hpp"
#include "cdc-verify/compare.hpp"
#include "cdc-verify/databases.hpp"
#include "cdc-verify/figures.hpp"
#include "cdc-verify/lineage.hpp"
#include "cdc-verify/marks.hpp"
#include "cdc-verify/patterns.hpp"
#include "cdc-verify/position.hpp"
#include "cdc-verify/repair.hpp"
#include "cdc-verify/tables.hpp"
#include "event/table_filter.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

#include <unistd.h>

namespace cdc::verify {

namespace {

void print(int fd, const std::string& text) {
    try {
        io::write_report(fd, text);
    } catch (const io::ReaderGone&) { // as "| head" leaves: the verdict stands
    }
}

void announce(const Table& table, const TableReport& report) {
    for (const NotCompared& column : table.not_compared) {
        base::log::warning("{}: column {} is not compared: {}", table.name(), column.name,
                           column.why);
    }
    for (const Mark& mark : report.marks) {
        base::log::warning("{}: the target holds that its rows are {}: {}", table.name(), mark.kind,
                           mark.why);
    }
}

/// All that a run needs; in the order in which one is made from the others.
class Run {
public:
    explicit Run(const Options& options);
    Verdict compare_all();

private:
    /// Nothing: the time was over before anything could be said.
    std::optional<TableReport> compare_one(const Candidate& candidate);
    void compare(const Candidate& candidate, TableReport& report);
    void compare_absent(const Candidate& candidate, TableReport& report);
    void report_gone(const Candidate& candidate, const std::string& why, TableReport& report);
    void compare_changed(const Table& table, const Standing& standing, TableReport& report);
    std::string why_not_by_keys(const Table& table, const ChangedKeys::OfTable* named,
                                const std::optional<event::Order>& since);
    void add_named_tables(std::vector<Candidate>& tables) const;
    void record(const Table& table, const Standing& standing, const TableReport& report);
    void clear(const Table& table, const std::optional<event::Order>& start, TableReport& report);
    Source& source() { return *m_sources[0]; }

    const Options& m_options;
    std::int64_t m_end;
    Figures m_figures;
    Activity m_activity;
    std::vector<std::unique_ptr<Source>> m_sources;
    Target m_target;
    Position m_position;
    std::unique_ptr<Repairer> m_repairer;
    Comparer m_comparer;
    std::shared_ptr<const event::ColumnEdits> m_edits;
    bool m_known_source = false;          ///< the target was filled from this server and database
    std::optional<event::Order> m_loaded; ///< up to which it was, by the stream
    std::optional<event::Order> m_filled; ///< by every slot, when the run began
    ChangedKeys m_changed;
};

std::vector<std::unique_ptr<Source>> open_sources(const Options& options, Activity& activity) {
    std::vector<std::unique_ptr<Source>> sources;
    for (int i = 0; i < options.jobs; ++i) {
        sources.push_back(open_source(options, activity));
    }
    return sources;
}

std::vector<SourceSide*> sides_of(const std::vector<std::unique_ptr<Source>>& sources) {
    std::vector<SourceSide*> sides;
    for (const auto& source : sources) {
        sides.push_back(source.get());
    }
    return sides;
}

Run::Run(const Options& options)
    : m_options{options}, m_end{options.time_budget_ms > 0
                                    ? base::steady_ms() + options.time_budget_ms
                                    : 0},
      m_figures{options.metrics}, m_sources{open_sources(options, m_activity)},
      m_target{options.target, options.chdb_library}, m_position{options, source(), m_target,
                                                                 m_activity},
      m_repairer{options.repair ? std::make_unique<Repairer>(options, source(), m_target)
                                : nullptr},
      m_comparer{options,
                 sides_of(m_sources),
                 m_target,
                 m_position,
                 m_activity,
                 options.repair ? Comparer::Repair{[this](const Table& table, const auto& found) {
                     m_repairer->repair(table, found);
                 }}
                                : Comparer::Repair{}},
      m_edits{std::make_shared<const event::ColumnEdits>(options.edits())}, m_changed{source()} {}

/// A table that the target should hold and does not: nothing is missing if it is empty, and nothing
/// is sure before the target has got as far as we have.
void Run::compare_absent(const Candidate& candidate, TableReport& report) {
    Table table;
    auto facts = source().facts(candidate.schema, candidate.table);
    if (!facts) {
        return; // dropped since
    }
    table.facts = std::move(*facts);
    report.source_rows = source().count(table);
    report.target_rows = 0;
    if (*report.source_rows == 0) {
        return;
    }
    if (!m_options.no_wait) {
        const std::int64_t deadline = base::steady_ms() + m_options.settle_ms;
        if (!m_position.wait(source().position_after(), deadline)) {
            report.unsettled = *report.source_rows;
            report.why_unsettled = m_position.why();
            return;
        }
        for (const Candidate& other : find_tables(m_options, source(), m_target)) {
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

/// The target keeps a table that the source dropped, or that the publication does not have any
/// more: nothing is left to compare it with.
void Run::report_gone(const Candidate& candidate, const std::string& why, TableReport& report) {
    if (!m_known_source || candidate.any) {
        throw base::Error{
            base::ExitCode::refused,
            fmt::format("the source has no table {}", base::in_quotes(candidate.name())),
            "The target was not filled from this server: is --source the right one?"};
    }
    Table table;
    table.set_target(candidate.target, candidate.layout);
    if (m_target.existing("", table.names.view).columns.empty()) {
        report.gone = why + ", and dropped in the target";
        return;
    }
    report.gone = why;
    report.target_rows = m_target.count(table);
    if (m_options.on_dropped == "differ") {
        report.extra = std::max<std::uint64_t>(1, *report.target_rows);
    }
}

/// A table that was found right, whole, has no mark against it any more.
void Run::clear(const Table& table, const std::optional<event::Order>& start, TableReport& report) {
    if (report.marks.empty() || report.verdict() != Verdict::same ||
        !compares_all(m_options, table)) {
        return;
    }
    if (table.facts.unlogged) {
        base::log::warning(
            "{}: the marks stay, since the table, or a partition of it, is unlogged or "
            "foreign: its later changes are not in the log",
            table.name());
        return;
    }
    if (!start) {
        base::log::warning("{}: the marks stay, since the source's timeline is not known",
                           table.name());
        return;
    }
    try {
        clear_marks(m_target.transport(), table.target, report.marks, *start);
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        base::log::warning("{}: its rows are right, but the marks stay: {}", table.name(),
                           error.what());
    }
}

/// Tables that lines name and the target does not.
void Run::add_named_tables(std::vector<Candidate>& tables) const {
    const event::TableFilter filter{m_options.tables, m_options.exclude};
    for (const auto& named : m_changed.tables()) {
        const TableName& name = named.second.name;
        const bool there = std::any_of(tables.begin(), tables.end(), [&](const Candidate& other) {
            return other.schema == name.schema && other.table == name.table;
        });
        if (!there && filter.matches(name.schema, name.table)) {
            tables.push_back({name.schema, name.table, "", ""});
        }
    }
}

/// "": its rows can be asked for by the keys that changed, and these are known.
std::string Run::why_not_by_keys(const Table& table, const ChangedKeys::OfTable* named,
                                 const std::optional<event::Order>& since) {
    if (!m_options.changed_since.empty() && !since) {
        return "no comparison found all of it the same yet; compare it whole once";
    }
    if (named != nullptr && named->truncated) {
        return "it was truncated, so that any row may differ; compare it whole";
    }
    if (table.keyed() && !table.masked_key) {
        return {};
    }
    const bool changed =
        named != nullptr || (since && !m_target.versions_above(table, {}, *since).empty());
    return !changed ? std::string{}
           : table.keyed()
               ? "the source cannot be asked for its rows by their key; compare it whole"
               : "it has no key; compare it whole";
}

void Run::compare_changed(const Table& table, const Standing& standing, TableReport& report) {
    const ChangedKeys::OfTable* const named = m_changed.find(table.name());
    std::optional<event::Order> since;
    if (!m_options.changed_since.empty()) {
        since = m_options.changed_since == "last" ? standing.compared
                                                  : event::Order::parse(m_options.changed_since);
    }
    if (std::string why = why_not_by_keys(table, named, since); !why.empty()) {
        base::log::warning("{} is not compared: {}", table.name(), why);
        report.not_compared.push_back({"(all)", std::move(why)});
        return;
    }
    std::vector<std::string> keys;
    if (table.keyed() && !table.masked_key) {
        if (since) {
            keys = m_target.keys_above(table, *since);
        }
        if (named != nullptr) {
            for (const std::string& key : named->keys) {
                keys.push_back(key_image(table, key));
            }
        }
        sort_keys(table, keys);
    }
    report.restricted = fmt::format("{} changed keys{}{}", keys.size(),
                                    report.restricted.empty() ? "" : "; ", report.restricted);
    m_comparer.compare_keys(table, keys, report);
}

/// From where --changed-since last goes on.
void Run::record(const Table& table, const Standing& standing, const TableReport& report) {
    const bool goes_on = !m_options.by_keys() || m_options.changed_since == "last";
    if (!goes_on || !m_filled || standing.compared >= m_filled ||
        report.verdict() != Verdict::same || !compares_all_columns(m_options, table)) {
        return;
    }
    try {
        record_compared(m_target.transport(), table.target, *m_filled);
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) { // a role that only reads is no reason for a word
        const std::string text = fmt::format(
            "{}: --changed-since last will not go on from here: {}", table.name(), error.what());
        if (m_options.by_keys()) {
            base::log::warning("{}", text);
        } else {
            base::log::debug("{}", text);
        }
    }
}

void Run::compare(const Candidate& candidate, TableReport& report) {
    if (candidate.target.empty() && m_options.by_keys()) {
        if (m_changed.find(candidate.name()) != nullptr) {
            base::log::warning("{} is not compared: the target does not hold it", candidate.name());
            report.not_compared.push_back({"(all)", "the target does not hold it"});
        }
        return;
    }
    if (candidate.target.empty()) {
        compare_absent(candidate, report);
        return;
    }
    // Both before anything is read: see marks.hpp.
    Standing standing;
    if (!candidate.any) {
        standing = read_standing(m_target.transport(), candidate.target);
        report.marks = standing.marks;
    }
    const auto start = report.marks.empty() ? std::nullopt : source().order_now(m_loaded);
    const auto table = describe(m_options, candidate, source(), m_target, m_edits);
    if (!table || !standing.captured) {
        report.marks.clear();
        report_gone(candidate, table ? "no longer captured" : "dropped at the source", report);
        return;
    }
    m_activity.set_rows(table->facts.rows);
    report.counts = m_options.counts || table->columns.empty();
    report.not_compared = table->not_compared;
    if (m_options.counts) { // that needs no column
        report.not_compared.clear();
    }
    report.generated = table->generated;
    report.target_only = table->target_only;
    report.restricted = describe_restriction(m_options, *table);
    announce(*table, report);
    if (m_options.by_keys()) {
        compare_changed(*table, standing, report);
    } else {
        m_comparer.compare(*table, report);
    }
    record(*table, standing, report);
    clear(*table, start, report);
}

std::optional<TableReport> Run::compare_one(const Candidate& candidate) {
    TableReport report;
    report.table = candidate.name();
    report.target = candidate.target;
    const std::int64_t start = base::steady_ms();
    try {
        compare(candidate, report);
    } catch (const TimeUp&) {
        if (report.differences() == 0) {
            return std::nullopt;
        }
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        report.error = error.what();
        base::log::write_error(candidate.name() + ": " + error.what(), error.hint());
    }
    report.ms = base::steady_ms() - start;
    return report;
}

Verdict Run::compare_all() {
    if (m_repairer) {
        refuse_repair_from_standby(source().is_standby());
    }
    if (m_options.pairs.empty()) {
        const auto state = clickhouse::read_target_state(m_target.transport());
        m_known_source = highest_order(state, source(), "", true).has_value();
        m_loaded = highest_order(state, source(), m_options.slot, false);
        m_filled = loaded_order(state, source(), m_options.slot);
        refuse_older_timeline(m_loaded, source().order_now(m_loaded));
    }
    check_patterns(m_options, source(), m_target);
    std::vector<TableReport> reports;
    for (const std::string& path : m_options.keys_from) {
        m_changed.read(path);
    }
    std::vector<Candidate> tables = find_tables(m_options, source(), m_target);
    add_named_tables(tables);
    m_figures.tables.set(static_cast<std::int64_t>(tables.size()));
    for (const auto& source : m_sources) {
        source->set_end(m_end);
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
        m_activity.begin_table(tables[i].name(), i + 1, tables.size());
        auto report =
            m_end != 0 && base::steady_ms() >= m_end ? std::nullopt : compare_one(tables[i]);
        if (!report) {
            base::log::warning("the time is up: {} of {} tables were compared", reports.size(),
                               tables.size());
            break;
        }
        m_figures.count(*report);
        reports.push_back(std::move(*report));
    }
    if (m_repairer) {
        m_repairer->finish();
    }
    base::log::progress("");
    const int fd = m_options.repair ? STDERR_FILENO : STDOUT_FILENO;
    print(fd, m_options.json ? render_json(reports, base::now_ms())
                             : render_table(reports, m_options.quiet));
    const Verdict verdict = judge(reports);
    m_figures.verdict.set(static_cast<std::int64_t>(verdict));
    m_figures.ended.set(base::now_ms());
    return verdict;
}

} // namespace

int run(const Options& options) {
    try {
        Run run{options};
        return static_cast<int>(run.compare_all());
    } catch (const base::Error& error) {
        base::log::write_error(error.what(), error.hint());
    } catch (const std::exception& error) {
        base::log::write_error(fmt::format("unexpected: {}", error.what()), "");
    }
    return static_cast<int>(Verdict::unknown);
}

} // namespace cdc::verify
