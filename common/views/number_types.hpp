#ifndef CDC_VIEWS_NUMBER_TYPES_HPP
#define CDC_VIEWS_NUMBER_TYPES_HPP

#include <string_view>

namespace cdc::views {

/// The engine's names of types, as "DECIMAL(12,2)".
bool is_float(std::string_view type);
bool is_decimal(std::string_view type);
bool is_integer(std::string_view type);
bool is_number(std::string_view type);

/// The engine's own cast of such a number to double precision is PostgreSQL's.
bool is_exact_in_double(std::string_view type);
/// The same of its cast to a float type.
bool is_exact_in_float(std::string_view from, std::string_view to);

} // namespace cdc::views

#endif
