#ifndef CDC_EVENT_SHAPE_CHANGE_HPP
#define CDC_EVENT_SHAPE_CHANGE_HPP

#include "event/table.hpp"

#include <string>
#include <string_view>

/// Changes of shape that alter stored rows without a change line for each: a copy of the table is
/// then *stale*, in part wrong, until the table is read again.
namespace cdc::event {

/// Why a copy that was right in shape `before` may be wrong in shape `after`; "": it is not. For
/// people: it may change. Columns are told apart by their numbers where both sides have them.
///     the table is another one of the same name (dropped and made anew, swapped by rename)
///     a column's type changed in a way that may have rewritten its values
///     a column was renamed, or dropped and made anew under its name
///     a new column has values in old rows that no line tells
///     a label of an enum was renamed
/// `types_by_facts`: facts tell whether an enum of the same labels is another one.
std::string stale_reason(const Table& before, const Table& after, bool types_by_facts = false);

/// Whether a column's type can be changed from one to the other without touching any value.
bool keeps_values(std::string_view from, std::string_view to);

} // namespace cdc::event

#endif
