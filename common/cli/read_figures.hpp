#ifndef CDC_CLI_READ_FIGURES_HPP
#define CDC_CLI_READ_FIGURES_HPP

#include <map>
#include <string>
#include <string_view>

namespace cdc::cli {

/// By name, those without labels. Pure; lines that are none are passed by.
std::map<std::string, double> parse_figures(std::string_view text);

/// What a tool with --metrics `place` tells: a file, or HOST:PORT that answers within two seconds.
/// Throws Error (failed).
std::map<std::string, double> read_figures(const std::string& place);

} // namespace cdc::cli

#endif
