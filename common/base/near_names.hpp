#ifndef CDC_BASE_NEAR_NAMES_HPP
#define CDC_BASE_NEAR_NAMES_HPP

#include <span>
#include <string>
#include <string_view>

namespace cdc::base {

/// The candidate that `name` was probably meant to be; "": none is near.
std::string nearest(std::string_view name, std::span<const std::string_view> candidates);

} // namespace cdc::base

#endif
