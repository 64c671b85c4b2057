#ifndef CDC_CAPTURE_DATABASES_HPP
#define CDC_CAPTURE_DATABASES_HPP

#include "cdc-capture/options.hpp"
#include "cdc-capture/server.hpp"

#include <memory>
#include <string>

/// Which databases there are. Nothing else of this tool asks which one it has.
namespace cdc::capture {

/// Whether the text is a position in the log of one of them.
bool is_log_position(const std::string& text);

/// Throws Error (usage) for options that the database of --source has no use for, or that
/// contradict each other there; fills in its defaults.
void check_database_options(Options& options);

/// Of the database that --source names. `options` must outlive it.
std::unique_ptr<Server> make_server(const Options& options);

} // namespace cdc::capture

#endif
