#ifndef CDC_POSTGRES_FACTS_QUERY_HPP
#define CDC_POSTGRES_FACTS_QUERY_HPP

#include <string>

/// The statements of facts.hpp, for each version of the server.
namespace cdc::postgres {

/// $1: the publication, or ''.
std::string facts_sql(int server_version);
std::string facts_version_sql(int server_version);

} // namespace cdc::postgres

#endif
