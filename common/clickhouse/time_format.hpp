#ifndef CDC_CLICKHOUSE_TIME_FORMAT_HPP
#define CDC_CLICKHOUSE_TIME_FORMAT_HPP

#include "clickhouse/types.hpp"

#include <string_view>

/// Dates and times of change lines in RowBinary, by the rules of append_value() (row_format.hpp).
namespace cdc::clickhouse {

/// "2025-07-21" as Date32, 1900 to 2299.
const char* append_date(char*& out, std::string_view json);
/// "2025-07-21T10:00:00.123456", a Z behind it or not, as DateTime64 of the type's scale.
const char* append_datetime(char*& out, const Type& type, std::string_view json);

} // namespace cdc::clickhouse

#endif
