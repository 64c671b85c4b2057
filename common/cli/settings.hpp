#ifndef CDC_CLI_SETTINGS_HPP
#define CDC_CLI_SETTINGS_HPP

#include "cli/config_file.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <vector>

namespace cdc::cli {

/// Where the values of a tool's options come from: the command line, then the environment, then the
/// file of --config, then the defaults.
class Settings {
public:
    /// `app` has all its options by now. Gives them the names of their variables.
    Settings(CLI::App& app, std::string tool);

    /// The command line, with what the file of --config says behind it. Throws Error (usage) where
    /// the file has what no tool knows, or cannot be read.
    std::vector<std::string> arguments(int argc, char** argv);
    /// "configuration 'FILE', line 3: " where the file gave the option that `message` names; "".
    std::string place_in(const std::string& message) const;
    /// Says which variables CDC_… no tool knows.
    void warn_of_unknown_variables() const;
    /// What is in force, and whence, as the file has it; passwords hidden. After parsing.
    std::string text() const;

private:
    void read_file(const std::string& path);
    void take(const ConfigEntry& entry, std::vector<std::string>& out);
    bool given(const CLI::Option& option) const;
    std::string origin(const CLI::Option& option) const;

    CLI::App& m_app;
    std::string m_tool;
    std::string m_path;
    std::vector<std::string> m_given;             ///< the command line
    std::map<std::string, ConfigEntry> m_entries; ///< that count for this tool, by name
};

} // namespace cdc::cli

#endif
