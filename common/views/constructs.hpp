#ifndef CDC_VIEWS_CONSTRUCTS_HPP
#define CDC_VIEWS_CONSTRUCTS_HPP

#include "views/tree.hpp"

namespace cdc::views {

// Rule R10: what a view may not have. Each throws Problem.

void check_query(const Json& node);
void check_modifiers(const Json& modifiers, bool limit_allowed);
void check_from(const Json& node);
void check_join(const Json& node);
void check_groups(const Json& select);
void check_expression(const Json& expression);

} // namespace cdc::views

#endif
