#ifndef CDC_VIEWS_UNIQUE_HPP
#define CDC_VIEWS_UNIQUE_HPP

#include "views/bind.hpp"

#include <vector>

namespace cdc::views {

/// Throws Refused where a view does not say CHECKED and nothing shows that its KEY tells all rows
/// from each other. A bag has no key, and a FULL view is not looked into: both pass.
///
/// What shows it, of a SELECT and of each nested one that its FROM needs:
///
/// - GROUP BY: KEY fixes each of its expressions; without GROUP BY an aggregate is one row
/// - DISTINCT, UNION: KEY fixes all columns; DISTINCT ON: those that it names
/// - row_number(): KEY or WHERE fix it and its PARTITION BY, as QUALIFY row_number() = 1 does
/// - FROM: KEY fixes a row of each table: the table's key, or a nested SELECT's
/// - LEFT JOIN: ON fixes the right side's row for a row of the left one
/// - FULL JOIN: by one equality of keys, whose coalesce is in KEY
/// - UNION ALL: KEY has a constant that is another one in each SELECT
/// - EXCEPT, INTERSECT: the left SELECT; of INTERSECT the right one may do as well
///
/// An expression is fixed where two rows of one KEY have the same value of it: items of KEY,
/// constants, what is computed from fixed columns alone, the other side of an equality in WHERE or
/// an inner join's ON, and all columns of a row that is fixed.
void check_unique(const BoundView& view, const std::vector<Relation>& relations);

/// The same as an answer, whether the view says CHECKED or not.
bool is_unique(const BoundView& view, const std::vector<Relation>& relations);

} // namespace cdc::views

#endif
