#ifndef CDC_CAPTURE_PATTERNS_HPP
#define CDC_CAPTURE_PATTERNS_HPP

#include "cdc-capture/options.hpp"

namespace cdc::capture {

/// Refuses patterns of tables and columns that meet nothing in the source, before anything is made
/// or read. Throws Error (usage), io::Stopped.
void check_patterns(const Options& options);

} // namespace cdc::capture

#endif
