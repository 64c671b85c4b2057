#ifndef CDC_MYSQL_RESULT_VALUE_HPP
#define CDC_MYSQL_RESULT_VALUE_HPP

#include "mysql/value.hpp"

#include <string>
#include <string_view>

namespace cdc::mysql {

/// How a SELECT must ask for a column so that its text tells the value exactly: the text protocol
/// rounds FLOAT and what has a display width, and ENUM and SET are asked for by number. `name` is
/// quoted.
std::string result_expression(const ValueCodec& codec, const std::string& name);

/// Appends the JSON of a value as the text protocol has it, in the character set of the column and
/// with the session's time zone UTC: the same bytes that append_value() makes of the log's form.
/// Throws Error (bad_data).
void append_result_value(std::string& out, const ValueCodec& codec, std::string_view text);

} // namespace cdc::mysql

#endif
