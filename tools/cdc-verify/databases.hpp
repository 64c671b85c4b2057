#ifndef CDC_VERIFY_DATABASES_HPP
#define CDC_VERIFY_DATABASES_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/source.hpp"

#include <memory>

/// Which databases there are. Nothing else of this tool asks which one it has, except that a Column
/// holds the codec of either.
namespace cdc::verify {

/// Throws Error (usage) for options that the database of --source has no use for.
void check_database_options(const Options& options);

/// Connects to the database that --source names. Throws Error.
std::unique_ptr<Source> open_source(const Options& options, Activity& activity);

} // namespace cdc::verify

#endif
