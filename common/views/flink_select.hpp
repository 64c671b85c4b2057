#ifndef CDC_VIEWS_FLINK_SELECT_HPP
#define CDC_VIEWS_FLINK_SELECT_HPP

#include "views/bind.hpp"

#include <functional>
#include <string>

namespace cdc::views {

/// PostgreSQL's name of an expression's type. `select` is the bound SELECT in which it stands.
using TypeOf = std::function<std::string(const Json& select, const Json& expression)>;

/// `name` in backquotes.
std::string flink_name(const std::string& name);

/// A bound view's SELECT in the SQL of Apache Flink, over tables and views that have the stored
/// names of its relations. Throws Refused for what Flink does not have, or answers otherwise.
std::string flink_select(const BoundView& view, const TypeOf& type_of);

} // namespace cdc::views

#endif
