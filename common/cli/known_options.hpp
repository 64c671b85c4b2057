#ifndef CDC_CLI_KNOWN_OPTIONS_HPP
#define CDC_CLI_KNOWN_OPTIONS_HPP

#include <span>
#include <string_view>

namespace cdc::cli {

/// Names that one file and one environment may hold for several tools.
std::span<const std::string_view> known_tools();
/// Long names of the options of all tools, without "--"; a golden holds it against their --help.
std::span<const std::string_view> known_options();

} // namespace cdc::cli

#endif
