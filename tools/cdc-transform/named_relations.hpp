#ifndef CDC_TRANSFORM_NAMED_RELATIONS_HPP
#define CDC_TRANSFORM_NAMED_RELATIONS_HPP

#include <string>
#include <vector>

namespace cdc::transform {

/// Tables that stand in FROM anywhere in a serialised SELECT, `schema.table` or `table`, without
/// those that a CTE of it names.
std::vector<std::string> named_relations(const std::string& tree);

} // namespace cdc::transform

#endif
