#ifndef CDC_TRANSFORM_VIEW_ORDER_HPP
#define CDC_TRANSFORM_VIEW_ORDER_HPP

#include "cdc-transform/kept_view.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cdc::transform {

using KeptViews = std::vector<std::unique_ptr<KeptView>>; ///< in the file's order

/// The view that a view reads by this name: one of exactly that name before it in the file. Null:
/// the name is a table's, as it is where a view has the name of the table that it reads.
const KeptView* view_before(const KeptViews& views, const KeptView& reader,
                            const std::string& name);

/// Throws views::Refused where a view reads one that stands behind it in the file, whose rows of a
/// cut it would not see.
void check_order(const KeptViews& views);

} // namespace cdc::transform

#endif
