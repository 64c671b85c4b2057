#ifndef CDC_CLICKHOUSE_ROW_TEXT_HPP
#define CDC_CLICKHOUSE_ROW_TEXT_HPP

#include "clickhouse/row_encoder.hpp"
#include "clickhouse/types.hpp"

#include <string>
#include <string_view>

namespace cdc::clickhouse {

/// Appends the RowBinary value at `at` as JSON (JSONCompactEachRow takes it), and moves `at` behind
/// it. False when the value does not end before `end`. Bytes that are not UTF-8 become "\x" and hex
/// digits, for the eye only.
bool append_value_text(std::string& out, const char*& at, const char* end, const Type& type);

/// Appends a row in the layout of insert_sql() as a JSON array, with its line end.
bool append_row_text(std::string& out, std::string_view row, const TargetShape& shape);

} // namespace cdc::clickhouse

#endif
