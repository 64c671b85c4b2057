#ifndef CDC_POSTGRES_TABLE_FACTS_HPP
#define CDC_POSTGRES_TABLE_FACTS_HPP

#include "postgres/connection.hpp"
#include "source/table_facts.hpp"

#include <optional>
#include <string>

namespace cdc::postgres {

using source::FactColumn;
using source::TableFacts;

/// Nothing when there is no such table.
std::optional<TableFacts> read_table_facts(Connection& connection, const std::string& schema,
                                           const std::string& table);

} // namespace cdc::postgres

#endif
