#include "cdc-verify/compare.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <future>

namespace cdc::verify {

namespace {

constexpr int kLeastBits = 10;
constexpr int kMostBits = 18;
constexpr std::uint64_t kRowsPerBucket = 64;
constexpr auto kShowInterval = std::chrono::milliseconds{250};
constexpr std::int64_t kStandStillMs = 3000; ///< a target that is loaded writes once a second
constexpr int kLookMs = 100;

bool has_floats(const Table& table) {
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [](const Column& column) { return column.is_float(); });
}

std::uint64_t count_of(const Buckets& buckets) {
    std::uint64_t count = 0;
    for (const Bucket& bucket : buckets) {
        count += bucket.count;
    }
    return count;
}

} // namespace

Comparer::Comparer(const Options& options, std::vector<SourceSide*> sources, TargetSide& target,
                   TargetPosition& position, Activity& activity, Repair repair)
    : m_options{options}, m_sources{std::move(sources)}, m_target{target}, m_position{position},
      m_activity{activity}, m_recheck{options, *m_sources[0], target, position, activity},
      m_repair{std::move(repair)} {}

void Comparer::compare(const Table& table, TableReport& report) {
    if (m_options.counts || table.columns.empty()) {
        compare_counts(table, report);
        return;
    }
    Selection selection;
    const auto rows = static_cast<std::uint64_t>(std::max<std::int64_t>(table.facts.rows, 0));
    selection.bucket_bits =
        std::clamp(static_cast<int>(std::bit_width(rows / kRowsPerBucket)), kLeastBits, kMostBits);
    if (m_options.sample < 1) {
        selection.sample_limit =
            static_cast<std::uint64_t>(m_options.sample * std::ldexp(1.0, 64)) | 1;
    }
    const bool tolerant = m_options.float_tolerance > 0 && has_floats(table) && table.keyed();
    const bool by_row = m_options.rows || tolerant;
    if (m_options.explain) {
        base::log::info(
            "{}: {} by {}: the source's rows {}; ClickHouse hashes its own, and sends {} "
            "buckets{}",
            table.name(), by_row ? "every row" : "checksums",
            table.keyed() ? "key" : "whole row (the table has no key)",
            m_sources[0]->how_read(table, m_sources.size()), 1U << selection.bucket_bits,
            by_row ? "; all buckets are read, row by row" : "");
    }
    selection.whole_rows = by_row;
    for (std::vector<bool>& buckets : differing_groups(table, selection, report)) {
        selection.buckets = std::move(buckets);
        compare_group(table, selection, report);
    }
}

Comparer::Sums Comparer::read_sums(const Table& table, const Selection& selection) {
    const std::size_t size = std::size_t{1} << selection.bucket_bits;
    Sums sums{Buckets(size), Buckets(size)};
    std::mutex mutex;
    const int parts = table.facts.partitioned ? 1 : static_cast<int>(m_sources.size());
    m_activity.set_step("reading both sides");
    std::vector<std::future<void>> work;
    work.push_back(
        std::async(std::launch::async, [&] { m_target.sums(table, selection, sums.target); }));
    for (int part = 0; part < parts; ++part) {
        work.push_back(std::async(std::launch::async, [&, part] {
            Buckets mine(size);
            m_sources[static_cast<std::size_t>(part)]->sums(table, selection, part, parts, mine);
            const std::lock_guard lock{mutex};
            for (std::size_t i = 0; i < size; ++i) {
                sums.source[i].count += mine[i].count;
                sums.source[i].sum += mine[i].sum;
            }
        }));
    }
    for (auto& task : work) { // all of them end before anything is thrown: they use what lies here
        while (task.wait_for(kShowInterval) != std::future_status::ready) {
            m_activity.show();
        }
    }
    for (auto& task : work) {
        task.get();
    }
    return sums;
}

/// As the position's wait(); where it does not move at all for a short while, false: then both
/// sides are as they stand.
bool Comparer::reaches(LogPosition lsn, std::int64_t deadline) {
    const auto first = m_position.now();
    const std::int64_t end = std::min(deadline, base::steady_ms() + kStandStillMs);
    auto reached = first;
    while (reached && *reached < lsn && base::steady_ms() < end) {
        if (io::stop_signal::requested()) {
            throw io::Stopped{"the target was behind"};
        }
        io::wait_readable(io::stop_signal::wake_fd(), kLookMs);
        reached = m_position.now();
    }
    return reached && (*reached >= lsn || (reached != first && m_position.wait(lsn, deadline)));
}

/// Of a table without key equal sums may be so by chance: a row too many in the target, and the
/// same row on its way from the source. They count where nothing was written while both were read
/// and the target had all of it, or where both are the same again when the target has passed what
/// the first look saw. Where the target stands still, two equal looks have to do.
Comparer::Sums Comparer::confirmed_sums(const Table& table, const Selection& selection,
                                        TableReport& report) {
    const std::int64_t deadline = base::steady_ms() + m_options.settle_ms;
    const auto reached = m_position.now();
    const LogPosition start = m_sources[0]->insert_position();
    Sums sums = read_sums(table, selection);
    while (sums.source == sums.target) {
        if (reached && *reached >= start && m_sources[0]->insert_position() == start) {
            return sums;
        }
        const bool moved = reaches(m_sources[0]->position_after(), deadline);
        Sums again = read_sums(table, selection);
        if (again == sums) {
            return sums;
        }
        if (again.source != again.target || base::steady_ms() >= deadline) {
            return again;
        }
        if (moved && count_of(again.source) <= m_options.max_rows) {
            // It is busy, and equal by chance or not: only one position of both can tell.
            if (auto exact = m_recheck.at_position(table, selection, deadline)) {
                add_findings(table, exact->found, report);
                if (m_repair && !exact->found.empty()) {
                    m_repair(table, exact->found);
                }
                return again;
            }
        }
        sums = std::move(again);
    }
    return sums;
}

std::vector<std::vector<bool>> Comparer::differing_groups(const Table& table, Selection& selection,
                                                          TableReport& report) {
    const bool keyless = !table.keyed() && waits(table);
    const Sums sums = keyless && !selection.whole_rows ? confirmed_sums(table, selection, report)
                                                       : read_sums(table, selection);
    report.source_rows = count_of(sums.source);
    report.target_rows = count_of(sums.target);
    // A count that is too high by what the lag hides looks right: where one bucket of a table
    // without key differs, the others are read too, if that costs no more than one reading.
    const bool all = selection.whole_rows || (keyless && *report.source_rows <= m_options.max_rows);
    if (all && !selection.whole_rows && sums.source == sums.target) {
        return {};
    }
    std::vector<std::vector<bool>> groups;
    std::uint64_t in_group = 0;
    for (std::size_t i = 0; i < sums.source.size(); ++i) {
        const std::uint64_t most = std::max(sums.source[i].count, sums.target[i].count);
        if (most == 0 || (!all && sums.source[i] == sums.target[i])) {
            continue;
        }
        if (groups.empty() || in_group + most > m_options.max_rows) {
            groups.emplace_back(sums.source.size(), false);
            in_group = 0;
        }
        groups.back()[i] = true;
        in_group += most;
    }
    return groups;
}

void Comparer::compare_group(const Table& table, const Selection& selection, TableReport& report) {
    m_activity.set_step("reading the rows that differ");
    settle(table, selection,
           read_both([&] { return m_sources[0]->rows(table, selection); },
                     [&] { return m_target.rows(table, selection); }),
           report);
}

Comparer::BothRows Comparer::read_both(const std::function<Rows()>& source,
                                       const std::function<Rows()>& target) {
    auto reading = std::async(std::launch::async, target);
    BothRows both;
    try {
        both.source = source();
    } catch (...) {
        reading.wait();
        throw;
    }
    both.target = reading.get();
    return both;
}

void Comparer::settle(const Table& table, const Selection& selection, BothRows read,
                      TableReport& report) {
    std::vector<std::string> keys;
    for (const auto& [key, row] : read.source) {
        if (!same_row(m_options, table, row, row_of(read.target, key))) {
            keys.push_back(key);
        }
    }
    for (const auto& [key, row] : read.target) {
        if (!read.source.contains(key)) {
            keys.push_back(key);
        }
    }
    std::vector<Difference> found;
    if (!waits(table)) {
        for (std::string& key : keys) {
            const Row& source = row_of(read.source, key);
            const Row& target = row_of(read.target, key);
            found.push_back({std::move(key), source, target, selection.whole_rows});
        }
    } else if (!keys.empty()) {
        read.source.clear();
        Recheck::Outcome outcome = m_recheck.run(table, selection, std::move(keys));
        report.unsettled += outcome.unsettled;
        if (outcome.unsettled > 0) {
            report.why_unsettled = outcome.why;
        }
        found = std::move(outcome.found);
    }
    add_findings(table, found, report);
    if (m_repair && !found.empty()) {
        m_repair(table, found);
    }
}

void Comparer::compare_counts(const Table& table, TableReport& report) {
    const std::int64_t deadline = base::steady_ms() + m_options.settle_ms;
    m_activity.set_step("counting");
    const auto give_up = [&report](const std::string& why) {
        report.unsettled = 1;
        report.why_unsettled = why;
    };
    while (true) {
        report.source_rows = m_sources[0]->count(table);
        report.target_rows = m_target.count(table);
        if (waits(table)) {
            if (report.source_rows == report.target_rows) {
                return;
            }
            if (!m_position.wait(m_sources[0]->position_after(), deadline)) {
                give_up(m_position.why());
                return;
            }
            report.target_rows = m_target.count(table);
            if (!m_recheck.wait_for_standby(deadline)) {
                give_up("the standby has not replayed what the target already has");
                return;
            }
        }
        const std::uint64_t ours = *report.source_rows;
        const std::uint64_t theirs = *report.target_rows;
        if (ours == theirs || !waits(table) || m_sources[0]->count(table) == ours) {
            report.missing = ours > theirs ? ours - theirs : 0;
            report.extra = theirs > ours ? theirs - ours : 0;
            return;
        }
        if (base::steady_ms() >= deadline) {
            give_up("the number of rows changed each time it was looked at");
            return;
        }
    }
}

} // namespace cdc::verify
