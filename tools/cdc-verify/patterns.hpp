#ifndef CDC_VERIFY_PATTERNS_HPP
#define CDC_VERIFY_PATTERNS_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/target.hpp"

#include <string>

namespace cdc::verify {

/// Refuses names and patterns of the command line that neither side has. Throws Error (usage).
void check_patterns(const Options& options, Source& source, Target& target);

} // namespace cdc::verify

#endif
