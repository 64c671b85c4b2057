#ifndef CDC_VERIFY_RUN_HPP
#define CDC_VERIFY_RUN_HPP

#include "cdc-verify/options.hpp"

namespace cdc::verify {

/// Compares and reports. Gives the verdict as the exit code: every failure is 2. Never throws
/// Error.
int run(const Options& options);

} // namespace cdc::verify

#endif
