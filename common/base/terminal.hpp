#ifndef CDC_BASE_TERMINAL_HPP
#define CDC_BASE_TERMINAL_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace cdc::base {

/// As much of the line as stands in so many columns; a character is taken for one column.
std::string cut_to_width(std::string_view line, std::size_t columns);

/// Of the terminal behind the descriptor; 80 where there is none.
std::size_t terminal_columns(int fd);

} // namespace cdc::base

#endif
