#ifndef CDC_CAPTURE_MANAGE_HPP
#define CDC_CAPTURE_MANAGE_HPP

#include "cdc-capture/options.hpp"

#include <string>

/// What cdc-capture does beside streaming. All throw Error.
namespace cdc::capture {

/// Reports on stderr whether capture can work. Returns the exit code: 0, 3 or 4.
int check(const Options& options);

/// Makes publication and slot, after everything that check() looks at. Refuses when
/// `checkpoint_file`, a file that holds a checkpoint, is not empty: a new slot would begin after a
/// gap that nobody sees.
void create(const Options& options, const std::string& checkpoint_file);

/// Drops the slot, and the publication when create() made it.
void drop(const Options& options);

} // namespace cdc::capture

#endif
