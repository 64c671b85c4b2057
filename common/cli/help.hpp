#ifndef CDC_CLI_HELP_HPP
#define CDC_CLI_HELP_HPP

#include <CLI/CLI.hpp>

#include <string>

namespace cdc::cli {

/// --help in 80 columns, the general options last. scripts/completions reads it: an option begins
/// with two blanks and '-', its text stands behind two blanks or in the next lines; `a|b` in small
/// letters are the values that it takes.
class HelpFormatter : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override;
    std::string make_option(const CLI::Option* option, bool is_positional) const override;

private:
    std::string make_all_groups(const CLI::App& app) const;
};

} // namespace cdc::cli

#endif
