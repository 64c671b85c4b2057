#include "cdc-capture/patterns.hpp"

namespace cdc::capture {

bool has_patterns(const Options& options) {
    return !options.tables.empty() || !options.exclude.empty() || !options.edits.empty();
}

void check_patterns(const Options& options, event::PatternCheck check) {
    check.tables("--tables", options.tables);
    check.tables("--exclude", options.exclude);
    options.edits.check(check);
    check.finish(options.allow_no_match);
}

} // namespace cdc::capture
