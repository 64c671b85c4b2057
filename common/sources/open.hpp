#ifndef CDC_SOURCES_OPEN_HPP
#define CDC_SOURCES_OPEN_HPP

#include "source/lag_source.hpp"

#include <memory>
#include <string>

/// Which database a --source names.
namespace cdc::sources {

/// Throws Error where the URL is broken, as far as that shows without a connection.
void check_url(const std::string& url);

/// Whether the database keeps slots: a place in its log for each reader.
bool has_slots(const std::string& url);

/// Connects. Throws Error.
std::unique_ptr<source::LagSource> open_lag_source(const std::string& url);

} // namespace cdc::sources

#endif
