#ifndef CDC_VIEWS_DERIVE_HPP
#define CDC_VIEWS_DERIVE_HPP

#include "views/bind.hpp"

#include <string>
#include <vector>

namespace cdc::views {

/// A query whose rows are keys that a change of one relation can touch. Its columns are
/// view.found_by(), in that order and with those names, without duplicates; for KEY () it is one
/// column `changed`, and one row means that the view's row is to be computed.
struct DerivedQuery {
    std::string relation; ///< stored name
    std::string sql;
    /// Without the SELECT's own conditions, for where one of them cannot be computed: finds more
    /// keys. The same as `sql` where there are none.
    std::string wide;
};

/// The derived queries of one relation, one for each of its occurrences, none if the view does not
/// read it. Each reads `changed_<stored>`: the batch's rows of the relation, old and new images,
/// with the relation's columns; all else is read as it stands. They are run twice (rules R1 to R11,
/// R13):
///
///   1. before the relation's own rows change, when those of the relations before it in the order
///   of
///      evaluation have changed already,
///   2. when all is new.
///
/// Throws Refused for an occurrence that the rules do not cover. FULL views have no derived
/// queries.
std::vector<DerivedQuery> derive(const BoundView& view, const std::string& stored,
                                 const Engine& engine);

/// Throws Refused if a relation of the view cannot be derived; what a tool calls at start.
void check_derivable(const BoundView& view, const Engine& engine);

} // namespace cdc::views

#endif
