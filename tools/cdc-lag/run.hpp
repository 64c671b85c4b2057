#ifndef CDC_LAG_RUN_HPP
#define CDC_LAG_RUN_HPP

#include "cdc-lag/options.hpp"

namespace cdc::lag {

/// Looks, prints, and gives the verdict as the exit code; with --watch the last one. Never throws
/// for what could not be told: that is 2.
int run(const Options& options);

} // namespace cdc::lag

#endif
