#ifndef CDC_MYSQL_RESULT_COLUMN_HPP
#define CDC_MYSQL_RESULT_COLUMN_HPP

#include "mysql/column_type.hpp"

#include <string>
#include <string_view>

namespace cdc::mysql {

/// How values in results of a type are written (append_result_value()). `column_type` is as
/// information_schema has it, such as "decimal(10,2) unsigned".
ValueCodec result_codec(std::string_view column_type);

} // namespace cdc::mysql

#endif
