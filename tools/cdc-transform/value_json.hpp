#ifndef CDC_TRANSFORM_VALUE_JSON_HPP
#define CDC_TRANSFORM_VALUE_JSON_HPP

#include "duckdb/result.hpp"

#include <cstdint>
#include <string>

namespace cdc::transform {

/// Appends a value of the engine as cdc-event(5) has values of PostgreSQL's types, so that what
/// passes through a view unchanged has the source's bytes.
void append_value(std::string& out, const duckdb::Vector& column, std::uint64_t row);

} // namespace cdc::transform

#endif
