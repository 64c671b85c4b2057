#ifndef CDC_CAPTURE_RUN_HPP
#define CDC_CAPTURE_RUN_HPP

#include "cdc-capture/options.hpp"

namespace cdc::capture {

/// Does what the options ask for, lines to stdout. Returns the exit code; throws Error.
int run(const Options& options);

} // namespace cdc::capture

#endif
