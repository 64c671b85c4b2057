#ifndef CDC_CONSUME_CONSUME_HPP
#define CDC_CONSUME_CONSUME_HPP

#include "cdc-consume/options.hpp"

namespace cdc::consume {

/// Writes lines to stdout until a stop condition or a signal; an exit code. Throws Error.
int run(const Options& options);

} // namespace cdc::consume

#endif
