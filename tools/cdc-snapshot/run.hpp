#ifndef CDC_SNAPSHOT_RUN_HPP
#define CDC_SNAPSHOT_RUN_HPP

#include "cdc-snapshot/options.hpp"

namespace cdc::snapshot {

/// Does what the options ask for, lines to stdout. Returns the exit code; throws Error.
int run(const Options& options);

} // namespace cdc::snapshot

#endif
