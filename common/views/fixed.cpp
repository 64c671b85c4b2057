#include "views/fixed.hpp"

#include "views/trace.hpp"

#include <algorithm>

namespace cdc::views {

namespace {

/// Of all expressions directly below a node, which may stand in lists and in nodes that are none.
bool all_children(const Json& node, const std::function<bool(const Json&)>& holds) {
    return std::all_of(node.begin(), node.end(), [&](const Json& child) {
        return !child.is_structured()
                   ? true
                   : (child.is_object() && child.contains("class") ? holds(child)
                                                                   : all_children(child, holds));
    });
}

} // namespace

bool Fixed::holds(const Json& expression) const {
    if (std::any_of(m_given.begin(), m_given.end(),
                    [&](const Json& one) { return same_expression(one, expression); })) {
        return true;
    }
    if (is_class(expression, "COLUMN_REF")) {
        return has_row(expression["column_names"][0].get<std::string>());
    }
    return is_plain(expression) &&
           all_children(expression, [this](const Json& child) { return holds(child); });
}

bool Fixed::add(const Json& expression) {
    if (holds(expression)) {
        return false;
    }
    m_given.push_back(expression);
    return true;
}

} // namespace cdc::views
