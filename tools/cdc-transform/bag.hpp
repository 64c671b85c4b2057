#ifndef CDC_TRANSFORM_BAG_HPP
#define CDC_TRANSFORM_BAG_HPP

#include "duckdb/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::transform {

/// Rows without key: what counts is how often each stands in the table. `delta` has distinct rows
/// (`columns`, quoted as SQL needs them) and by how much their number changes ("cdc n"): of those
/// below 0 so many equal ones leave the table. Returns how many were not there.
std::uint64_t take_equal_rows(duckdb::Connection& connection, const std::string& table,
                              const std::string& delta, const std::vector<std::string>& columns);

} // namespace cdc::transform

#endif
