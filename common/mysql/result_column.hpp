#ifndef CDC_MYSQL_RESULT_COLUMN_HPP
#define CDC_MYSQL_RESULT_COLUMN_HPP

#include "mysql/column_type.hpp"

#include <string>
#include <string_view>

namespace cdc::mysql {

/// A column as information_schema has it: the same line in the table line as plan_column() makes
/// from the log, and how values in results are written (append_result_value()). `column_type` is
/// such as "decimal(10,2) unsigned". Throws Error (bad_data).
ColumnPlan plan_result_column(const std::string& name, std::string_view column_type, bool nullable);

/// How values in results of this type are written.
ValueCodec result_codec(std::string_view column_type);

} // namespace cdc::mysql

#endif
