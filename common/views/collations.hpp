#ifndef CDC_VIEWS_COLLATIONS_HPP
#define CDC_VIEWS_COLLATIONS_HPP

#include "views/bind.hpp"

#include <map>
#include <string>
#include <vector>

namespace cdc::views {

/// The engine compares texts by their bytes. Throws Problem where a bound query compares one that
/// its source compares otherwise and that nothing made another text of. The answer is what the
/// query's columns are compared by, in their order.
std::vector<Collation> check_collations(const Json& query, const std::vector<Relation>& relations);

/// The same of a query whose names are not resolved: such a column is refused unless it stands in a
/// function or a cast.
void check_collations_unbound(const Json& query, const std::vector<Relation>& relations);

/// `construct` compares such a column, or puts it in order.
[[noreturn]] void refuse_collation(const Collation& collation, std::string_view construct,
                                   std::size_t position);

} // namespace cdc::views

#endif
