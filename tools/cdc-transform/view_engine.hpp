#ifndef CDC_TRANSFORM_VIEW_ENGINE_HPP
#define CDC_TRANSFORM_VIEW_ENGINE_HPP

#include "duckdb/database.hpp"
#include "views/bind.hpp"

#include <string>
#include <vector>

namespace cdc::transform {

/// The engine's names of a SELECT's types.
std::vector<std::string> column_types(duckdb::Connection& connection, const std::string& select);

/// What fails in `asking` ends no transaction of the other one.
views::Engine view_engine(duckdb::Connection& connection, duckdb::Connection& asking);

} // namespace cdc::transform

#endif
