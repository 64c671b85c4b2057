#ifndef CDC_VERIFY_RECHECK_HPP
#define CDC_VERIFY_RECHECK_HPP

#include "cdc-verify/activity.hpp"
#include "cdc-verify/options.hpp"
#include "cdc-verify/row_history.hpp"
#include "cdc-verify/sides.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cdc::verify {

/// A row that was proven to differ: what each side had. Count 0: the row is not there.
struct Difference {
    std::string key; ///< image
    Row source;
    Row target;
    bool images = false; ///< the rows' values are images, not hashes
};

/// What differed at first may be lag, so it is looked at again:
///
///     S  = the rows in the source, in one statement; P = the end of its log after that
///     wait until the target has everything before P
///     T  = the rows in the target; what is equal to S is right
///     S' = the rows in the source again; what is equal to S and not to T is proven to differ,
///          for the row was the same from P to after the reading of T
///     the rest changed meanwhile: again, with S' for S
///
/// A row that changes faster than the pipe is long never rests. So the source's values of what
/// moves are collected, many times a second: a row of the target that is one of those that the
/// source had since S is right. What matches none is compared as it was at one position, if the
/// target's row is not of a later one.
///
/// A standby is older than its primary: S' is read when it has replayed what the target had at T.
///
/// Rows of a table without key are counted, and a count that is equal once may be so by chance (a
/// row too many in the target, and one that is on its way): it has to rest, as what differs has
/// to. The counts of a busy table never rest. But the target keeps every such row with its order:
/// what still moves after one turn is compared as both sides were at one position, the source's
/// rows in the snapshot of a temporary slot.
class Recheck {
public:
    struct Outcome {
        std::vector<Difference> found;
        std::uint64_t unsettled = 0; ///< keys of which nothing could be said
        std::string why;
    };

    Recheck(const Options& options, SourceSide& source, TargetSide& target,
            TargetPosition& position, Activity& activity);

    /// Keys of `group` that differed. Throws Error when a side cannot be read.
    Outcome run(const Table& table, const Selection& group, std::vector<std::string> keys);

    /// What `reader` gives of these keys, by a few at a time; of very many, and of a table without
    /// key, all of `group`.
    Rows read(const Table& table, const Selection& group, const std::vector<std::string>& keys,
              const std::function<Rows(const Selection&)>& reader) const;

    /// All of a group of a table without key, at one position of the log. Nothing: not possible
    /// now.
    std::optional<Outcome> at_position(const Table& table, const Selection& group,
                                       std::int64_t deadline);

    /// Waits until the source has what the target has now: only a standby can be behind it.
    /// False: `deadline` came first.
    bool wait_for_standby(std::int64_t deadline);

private:
    void watch(const Table& table, RowHistory& history, std::vector<std::string>& keys,
               std::int64_t deadline);
    void prove(const Table& table, std::vector<std::string>& keys, Outcome& outcome,
               std::int64_t deadline);
    bool is_later(const Table& table, const std::string& key, event::Order at);
    bool images(const Table& table, const Selection& group, std::size_t keys) const;

    const Options& m_options;
    SourceSide& m_source;
    TargetSide& m_target;
    TargetPosition& m_position;
    Activity& m_activity;
};

} // namespace cdc::verify

#endif
