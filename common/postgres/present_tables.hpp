#ifndef CDC_POSTGRES_PRESENT_TABLES_HPP
#define CDC_POSTGRES_PRESENT_TABLES_HPP

#include "event/pattern_check.hpp"
#include "postgres/connection.hpp"

#include <string>
#include <vector>

namespace cdc::postgres {

/// Every table of users, under the names that lines have: partitions by their roots, unless
/// `publication` ("": none) sends them under their own names.
std::vector<event::PresentTable> present_tables(Connection& connection,
                                                const std::string& publication);

} // namespace cdc::postgres

#endif
