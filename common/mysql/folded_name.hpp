#ifndef CDC_MYSQL_FOLDED_NAME_HPP
#define CDC_MYSQL_FOLDED_NAME_HPP

#include <string>
#include <string_view>

namespace cdc::mysql {

/// A column's name in UTF-8 as the server compares them: without regard to case. Letters outside
/// Latin, Greek, Cyrillic and Armenian stay as they are.
std::string folded_name(std::string_view name);
bool is_same_name(std::string_view a, std::string_view b);

/// Whether an expression of the catalog may name the column.
bool may_name(std::string_view expression, std::string_view column);

} // namespace cdc::mysql

#endif
