#ifndef CDC_VERIFY_COMPARE_HPP
#define CDC_VERIFY_COMPARE_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/position.hpp"
#include "cdc-verify/report.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/target.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cdc::verify {

/// A row that was proven to differ: what each side had. Count 0: the row is not there.
struct Found {
    std::string key; ///< image
    Row source;
    Row target;
    bool images = false; ///< the rows' values are images, not hashes
};

/// Compares one table after another.
///
/// First pass: both sides sum their row hashes by bucket, each in its own time. Rows of buckets
/// that differ are read, and their keys compared. What differs then may be lag, so it is looked at
/// again:
///
///     S  = the rows in the source, in one statement; P = the end of its log after that
///     wait until the target has everything before P
///     T  = the rows in the target; what is equal to S is settled
///     S' = the rows in the source again; what is equal to S and not to T is proven to differ,
///          for the row was the same from P to after the reading of T
///     the rest changed meanwhile: again, with S' for S
///
/// Rows of a table without key are counted, and the counts of a busy one never rest. But the target
/// keeps every such row with its order: what still moves after one turn is compared as both sides
/// were at one position, the source's rows in the snapshot of a temporary slot.
///
/// Memory: two arrays of buckets, and the rows of --max-rows keys of each side.
class Comparer {
public:
    using Repair = std::function<void(const Table&, const std::vector<Found>&)>;
    /// `repair`, if given, gets every proven difference, a group at a time.
    Comparer(const Options& options, std::vector<std::unique_ptr<Source>>& sources, Target& target,
             Position& position, Repair repair);

    /// Throws Error when a side cannot be read.
    void compare(const Table& table, TableReport& report);

private:
    struct Pair {
        Rows source;
        Rows target;
    };
    void compare_counts(const Table& table, TableReport& report);
    std::vector<std::vector<bool>> differing_groups(const Table& table, Selection& selection,
                                                    TableReport& report);
    void compare_group(const Table& table, const Selection& selection, TableReport& report);
    void settle(const Table& table, const Selection& group, std::vector<std::string> keys,
                std::vector<Found>& found, TableReport& report);
    bool settle_at_position(const Table& table, const Selection& group, std::vector<Found>& found,
                            std::int64_t deadline);
    Rows read(const Table& table, const Selection& group, const std::vector<std::string>& keys,
              const std::function<Rows(const Selection&)>& reader) const;
    bool same(const Table& table, const Row& source, const Row& target) const;
    void add_findings(const Table& table, const std::vector<Found>& found, TableReport& report);

    const Options& m_options;
    std::vector<std::unique_ptr<Source>>& m_sources;
    Target& m_target;
    Position& m_position;
    Repair m_repair;
};

} // namespace cdc::verify

#endif
