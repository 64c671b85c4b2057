#ifndef CDC_VIEWS_NUMBER_TYPES_HPP
#define CDC_VIEWS_NUMBER_TYPES_HPP

#include <string>
#include <string_view>
#include <vector>

namespace cdc::views {

/// The engine's names of types, as "DECIMAL(12,2)".
bool is_float(std::string_view type);
bool is_decimal(std::string_view type);
/// A decimal without a digit before its point.
bool is_fraction(const std::string& type);
bool is_integer(std::string_view type);
/// Of an unsigned type the signed one that holds its values, of tinyint smallint, the least that
/// PostgreSQL has; "": it is one of PostgreSQL's.
std::string_view signed_type(std::string_view type);
bool is_number(std::string_view type);

/// The engine's own cast of such a number to double precision is PostgreSQL's.
bool is_exact_in_double(std::string_view type);
/// The same of its cast to a float type.
bool is_exact_in_float(std::string_view from, std::string_view to);

/// Where no decimal of 38 digits has all digits of these decimals and integers, so that the
/// engine's common type would drop some behind the point: the decimal of 38 digits that has all of
/// those, and overflows before the point. "" elsewhere.
std::string wide_decimal(const std::vector<std::string>& types);

/// The decimal that has the values of an integer or a decimal with more places behind the point
/// than it has, and its digits before the point where 38 are enough. "" where it has that many.
std::string decimal_of_places(const std::string& type, int places);

} // namespace cdc::views

#endif
