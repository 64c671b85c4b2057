#ifndef CDC_TRANSFORM_RUN_HPP
#define CDC_TRANSFORM_RUN_HPP

#include "cdc-transform/options.hpp"

namespace cdc::transform {

/// Returns the exit code. Throws base::Error.
int run(const Options& options);

} // namespace cdc::transform

#endif
