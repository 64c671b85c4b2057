#ifndef CDC_VERIFY_REPORT_HPP
#define CDC_VERIFY_REPORT_HPP

#include "cdc-verify/table.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::verify {

/// Exit statuses of this tool; scripts depend on the numbers: do not renumber.
enum class Verdict : int {
    same = 0,
    different = 1,
    unknown = 2, ///< could not tell: a read failed, what differed did not settle, a column or a
                 ///< whole table was not compared
};

struct CellDifference {
    std::string column;
    std::string source; ///< "NULL" only when source_null
    std::string target;
    bool source_null = false;
    bool target_null = false;
};

struct RowDifference {
    enum class Kind { missing, extra, different } kind{};
    std::vector<std::pair<std::string, std::string>> key; ///< without key: the whole row
    std::vector<CellDifference> cells;                    ///< of `different`
    std::uint64_t source_count = 0;                       ///< without key: how often
    std::uint64_t target_count = 0;
};

/// What the target knows against a table's rows ('stale', 'unproven' of `_cdc_state`).
struct Mark {
    std::string kind;
    std::string why;
    event::Order order;
    bool cleared = false; ///< by this comparison
};

struct TableReport {
    std::string table;
    std::string target;
    std::optional<std::uint64_t> source_rows; ///< as read in the first pass
    std::optional<std::uint64_t> target_rows;
    std::uint64_t missing = 0;
    std::uint64_t extra = 0;
    std::uint64_t different = 0;
    std::uint64_t unsettled = 0;
    std::string why_unsettled;
    std::string error; ///< it could not be read; "": it could
    /// The source does not have it any more, and there was nothing to compare; "": it has.
    std::string gone;
    bool counts = false; ///< only how many rows there are was compared
    std::vector<NotCompared> not_compared;
    std::vector<std::string> generated;
    std::vector<std::string> target_only;
    /// What the user wanted left out: "1% of the rows", "without the column note"; "": nothing.
    std::string restricted;
    std::vector<Mark> marks;
    std::vector<RowDifference> shown;
    std::int64_t ms = 0;

    std::uint64_t differences() const { return missing + extra + different; }
    /// Of a table that is gone: same, unless it was counted as a difference.
    Verdict verdict() const;
};

/// A failed read is 2 whatever else was found; else a proven difference is 1; else what did not
/// settle and what was not compared is 2. Nothing but tables that are gone is 2 too: nothing was
/// compared.
Verdict judge(const std::vector<TableReport>& tables);

/// For people. `quiet`: only tables that are not the same.
std::string render_table(const std::vector<TableReport>& tables, bool quiet);
std::string render_json(const std::vector<TableReport>& tables, std::int64_t now_ms);

} // namespace cdc::verify

#endif
