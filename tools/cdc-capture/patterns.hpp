#ifndef CDC_CAPTURE_PATTERNS_HPP
#define CDC_CAPTURE_PATTERNS_HPP

#include "cdc-capture/options.hpp"
#include "event/pattern_check.hpp"

namespace cdc::capture {

/// Whether the options have patterns of tables or columns.
bool has_patterns(const Options& options);

/// Throws Error (usage) for patterns that meet nothing of what `check` holds.
void check_patterns(const Options& options, event::PatternCheck check);

} // namespace cdc::capture

#endif
