#ifndef CDC_VERIFY_MARKS_HPP
#define CDC_VERIFY_MARKS_HPP

#include "cdc-verify/report.hpp"
#include "cdc-verify/target.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cdc::verify {

/// What `_cdc_state` says of a table's rows.
struct Standing {
    std::vector<Mark> marks;
    bool captured = true;                 ///< false: the stream said that the table left it
    std::optional<event::Order> compared; ///< up to which its rows were found to be the source's
};

/// Read before either side is read: then what a mark speaks of has happened in both, and a mark
/// that comes meanwhile has a higher order.
Standing read_standing(clickhouse::Transport& transport, const std::string& table);

/// Sets those of `marks` back whose order is not above `position` (the end of the source's log when
/// the comparison began), under their own order: the later insert of an order counts, and a mark
/// that came meanwhile has a higher one, which stays. Throws ServerError.
void clear_marks(clickhouse::Transport& transport, const std::string& table,
                 std::vector<Mark>& marks, event::Order position);

/// `order`: up to which the target was filled when a comparison began that found the rows the same.
/// Throws ServerError.
void record_compared(clickhouse::Transport& transport, const std::string& table,
                     event::Order order);

} // namespace cdc::verify

#endif
