#ifndef CDC_BASE_MEMORY_HPP
#define CDC_BASE_MEMORY_HPP

#include <string_view>

namespace cdc::base {

/// Gives the memory of bytes that nobody reads again back to the system, whole pages of it, before
/// their owner frees it. They must lie in memory that the process has allocated; what they are
/// afterwards is not defined until they are written.
void give_back(std::string_view bytes);

} // namespace cdc::base

#endif
