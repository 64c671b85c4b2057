#ifndef CDC_VERIFY_COMPARE_HPP
#define CDC_VERIFY_COMPARE_HPP

#include "cdc-verify/activity.hpp"
#include "cdc-verify/options.hpp"
#include "cdc-verify/recheck.hpp"
#include "cdc-verify/report.hpp"
#include "cdc-verify/sides.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace cdc::verify {

/// Compares one table after another.
///
/// First pass: both sides sum their row hashes by bucket, each in its own time. Rows of buckets
/// that differ are read, and their keys compared. What differs then is looked at again (Recheck).
/// A table without key whose sums are equal is looked at again too, unless nothing was written
/// meanwhile.
///
/// Memory: two arrays of buckets, and the rows of --max-rows keys of each side.
class Comparer {
public:
    using Repair = std::function<void(const Table&, const std::vector<Difference>&)>;
    /// `repair`, if given, gets every proven difference, a group at a time. Of several sources all
    /// are the same database.
    Comparer(const Options& options, std::vector<SourceSide*> sources, TargetSide& target,
             TargetPosition& position, Activity& activity, Repair repair);

    /// Throws Error when a side cannot be read.
    void compare(const Table& table, TableReport& report);

    /// The same of the rows of these keys (images), and of no others: of a table with key that the
    /// source can be asked for by it.
    void compare_keys(const Table& table, const std::vector<std::string>& keys,
                      TableReport& report);

private:
    struct Sums {
        Buckets source;
        Buckets target;
        friend bool operator==(const Sums&, const Sums&) = default;
    };
    bool waits(const Table& table) const { return !m_options.no_wait && table.has_position; }
    void compare_counts(const Table& table, TableReport& report);
    bool reaches(LogPosition lsn, std::int64_t deadline);
    Sums read_sums(const Table& table, const Selection& selection);
    Sums confirmed_sums(const Table& table, const Selection& selection, TableReport& report);
    std::vector<std::vector<bool>> differing_groups(const Table& table, Selection& selection,
                                                    TableReport& report);
    void compare_group(const Table& table, const Selection& selection, TableReport& report);
    /// Rows of both sides, read at the same time.
    struct BothRows {
        Rows source;
        Rows target;
    };
    static BothRows read_both(const std::function<Rows()>& source,
                              const std::function<Rows()>& target);
    /// What differs in what was read is looked at again.
    void settle(const Table& table, const Selection& selection, BothRows read, TableReport& report);
    void add_findings(const Table& table, const std::vector<Difference>& found,
                      TableReport& report);
    void add_cells(const Table& table, const Difference& item, RowDifference& row);

    const Options& m_options;
    std::vector<SourceSide*> m_sources;
    TargetSide& m_target;
    TargetPosition& m_position;
    Activity& m_activity;
    Recheck m_recheck;
    Repair m_repair;
};

} // namespace cdc::verify

#endif
