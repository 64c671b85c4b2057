#ifndef CDC_LOAD_LOAD_HPP
#define CDC_LOAD_LOAD_HPP

#include "cdc-load/options.hpp"

namespace cdc::load {

/// Loads the lines of stdin into the target until they end. Returns the exit code; throws
/// base::Error.
int run(const Options& options);

} // namespace cdc::load

#endif
