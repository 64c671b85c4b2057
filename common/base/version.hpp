#ifndef CDC_BASE_VERSION_HPP
#define CDC_BASE_VERSION_HPP

#include <string_view>

namespace cdc::base {

/// The release: the last tag with what was committed since (`0.2.0-5-g1a2b3c4`), or outside a
/// repository the version that CMakeLists.txt names.
std::string_view version();

} // namespace cdc::base

#endif
