#ifndef CDC_CLI_CONFIG_FILE_HPP
#define CDC_CLI_CONFIG_FILE_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::cli {

/// One line `name = value` of the file of --config.
struct ConfigEntry {
    std::string section; ///< of `[cdc-load]` above it; "": none
    std::string name;    ///< with '-' for '_'
    std::vector<std::string> values;
    std::size_t line = 0;
};

/// Reads TOML as far as options need it: sections, strings of both kinds, words, and arrays of
/// these over several lines. `path` is for messages. Throws Error (usage) with file and line.
std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& path);

} // namespace cdc::cli

#endif
