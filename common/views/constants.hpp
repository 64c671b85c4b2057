#ifndef CDC_VIEWS_CONSTANTS_HPP
#define CDC_VIEWS_CONSTANTS_HPP

#include "views/bind.hpp"

#include <string>

namespace cdc::views {

/// Throws Problem for an expression of constants alone that the engine cannot compute, such as a
/// date that is not in the calendar: PostgreSQL refuses the SELECT, and the engine each row.
void check_constants(const Json& node, const Engine& engine);

/// The same of a view as it was parsed, and of divisions by constants that are 0.
void check_constants_alone(const Json& query, const Engine& engine);

/// The engine's words, behind the statement that they are of.
std::string first_line(std::string words);

} // namespace cdc::views

#endif
