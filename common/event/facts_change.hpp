#ifndef CDC_EVENT_FACTS_CHANGE_HPP
#define CDC_EVENT_FACTS_CHANGE_HPP

#include "event/facts.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the difference between two looks at a table's facts means for a copy of it. Pure.
///
///     stale      another shape of stored rows: a type that does not keep the text, a column that
///                was renamed, appeared below the highest number, has no known value in old rows,
///                another expression; a renamed label; other attributes; another publication entry,
///                column list, filter, operations; a leaf that is gone; unlogged, foreign; not
///                captured (any more, or for a while)
///     unproven   new storage (VACUUM FULL, SET LOGGED, pg_repack, a truncated partition), a leaf
///                that was attached, a publication that was altered; a table seen for the first
///                time that held rows
///     none       everything else: indexes, statistics, rights, ADD VALUE, new partitions,
///                truncates that the stream has passed, new columns with a known value
namespace cdc::event {

struct JudgeOptions {
    bool keep_dropped_partitions = false; ///< a leaf that is gone is no mark
};

/// `truncates`: transactions of the truncates that the stream has passed since `before`. Nothing: a
/// copy that was right at `before` is right at `after`.
std::optional<Mark> judge(const Facts& before, const Facts& after,
                          const std::vector<std::string>& truncates,
                          const JudgeOptions& options = {});

/// For a table that an earlier look at the same source did not see. `since`: that look's xid.
std::optional<Mark> judge_new(const Facts& after, std::string_view since);

/// Whether transaction `a` is older than `b`: 32 or 64 bits as text, compared in a circle of 32.
bool precedes(std::string_view a, std::string_view b);

} // namespace cdc::event

#endif
