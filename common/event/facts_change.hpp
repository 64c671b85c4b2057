#ifndef CDC_EVENT_FACTS_CHANGE_HPP
#define CDC_EVENT_FACTS_CHANGE_HPP

#include "event/facts.hpp"
#include "event/table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the difference between two looks at a table's facts means for a copy of it. Pure.
///
///     stale      another shape of stored rows: a type that does not keep the text, a column that
///                was renamed, appeared below the highest number, has no known value in old rows,
///                another expression; a renamed label; other attributes; another publication entry,
///                column list, filter, operations; a leaf that is gone, also one that no look saw;
///                unlogged, foreign; not captured (any more, or for a while)
///     unproven   new storage (VACUUM FULL, SET LOGGED, pg_repack, a truncated partition), a leaf
///                that was attached, a publication that was altered; a table seen for the first
///                time that held rows, or whose types were altered since it was made
///     none       everything else: indexes, statistics, rights, ADD VALUE, new partitions,
///                truncates that the stream has passed, new columns with a known value
namespace cdc::event {

struct JudgeOptions {
    bool keep_dropped_partitions = false; ///< a leaf that is gone is no mark
    bool had_rows = true;                 ///< rows of the table may have come
};

/// `truncates`: transactions of the truncates that the stream has passed since `before`. Nothing: a
/// copy that was right at `before` is right at `after`.
std::optional<Mark> judge(const Facts& before, const Facts& after,
                          const std::vector<std::string>& truncates,
                          const JudgeOptions& options = {});

/// For a table that an earlier look at the same source did not see. `since`: that look's xid.
std::optional<Mark> judge_new(const Facts& after, std::string_view since,
                              const std::vector<std::string>& truncates = {},
                              const JudgeOptions& options = {});

/// For a table that is seen for the first time, and whose rows came in the shape of the table line
/// `shown`: columns that are other ones now.
std::optional<Mark> judge_shape(const Table& shown, const Facts& now);

/// Null: the table has no such leaf.
const LeafFacts* find_leaf(const Facts& facts, std::uint32_t oid);

/// Whether both are known and the same transaction: 32 or 64 bits as text.
bool same_transaction(std::string_view a, std::string_view b);
/// Whether transaction `a` is older than `b`: 32 or 64 bits as text, compared in a circle of 32.
bool precedes(std::string_view a, std::string_view b);

} // namespace cdc::event

#endif
