#ifndef CDC_QUERY_QUERY_HPP
#define CDC_QUERY_QUERY_HPP

#include "cdc-query/options.hpp"

namespace cdc::query {

/// Runs the statement and prints its result. Throws Error.
int run(const Options& options);

} // namespace cdc::query

#endif
