#ifndef CDC_VERIFY_REPAIR_HPP
#define CDC_VERIFY_REPAIR_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/recheck.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/target.hpp"

#include <string>
#include <vector>

namespace cdc::verify {

/// Writes lines that make the target right, to stdout (cdc-event(5)).
///
/// With a key: the rows as they are in the snapshot of a temporary replication slot, whose position
/// is exact, as `r` with that position as their order; rows that are not there as `d`. Whatever the
/// stream brings later is newer than these lines, whatever it brought before is older. A row of the
/// target whose version lies beyond the end of the source's log is no row of the source, and no
/// line could win against it: it is deleted from the target before the snapshot is taken.
///
/// Without a key: each row as often as it is missing as `c` (an `r` would have to stand between the
/// lines of a snapshot, which empties the table), each that is too many as `d`.
class Repairer {
public:
    Repairer(const Options& options, Source& source, Target& target)
        : m_options{options}, m_source{source}, m_target{target} {}

    /// Throws Error: refused when the source is not the one whose log fills the target, or is an
    /// older state of it.
    void repair(const Table& table, const std::vector<Difference>& found);
    /// After the last: all is written. Throws Error (failed) when it is not.
    void finish();

private:
    /// Whether there were any.
    bool remove_impossible(const Table& table, const std::vector<Difference>& found,
                           RepairPoint& point);
    std::uint64_t remove_impossible(const Table& table, const std::vector<std::string>& keys,
                                    RepairPoint& point);
    void write_keyed(const Table& table, const std::vector<Difference>& found, RepairPoint& point);
    void write_keyless(const Table& table, const std::vector<Difference>& found,
                       RepairPoint& point);
    void check_lineage(RepairPoint& point);
    void write();

    const Options& m_options;
    Source& m_source;
    Target& m_target;
    std::string m_out;
    std::uint64_t m_lines = 0;
};

} // namespace cdc::verify

#endif
