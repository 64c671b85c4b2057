#ifndef CDC_SOURCES_OPEN_HPP
#define CDC_SOURCES_OPEN_HPP

#include "source/lag_source.hpp"

#include <memory>
#include <string>

/// Which database a --source names.
namespace cdc::sources {

/// Connects. Throws Error.
std::unique_ptr<source::LagSource> open_lag_source(const std::string& url);

} // namespace cdc::sources

#endif
