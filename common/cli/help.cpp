#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::cli {

namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kText = 28; ///< column in which the texts begin

/// `text` in lines that begin in column `indent`; the first has `used` columns already.
std::string wrap(const std::string& text, std::size_t indent, std::size_t used) {
    std::string out;
    std::size_t column = used;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        const std::size_t size = end - at;
        const bool first = column <= indent;
        if (!first && column + 1 + size > kColumns) {
            out += '\n';
            column = 0;
        } else if (!first) {
            out += ' ';
            ++column;
        }
        if (column < indent) {
            out.append(indent - column, ' ');
            column = indent;
        }
        out += text.substr(at, size);
        column += size;
        at = end + 1;
    }
    return out + "\n";
}

/// "TEXT:{a,b}" as "a|b", "N:UINT in [1 - 9]" as "N".
std::string type_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const auto open = type.find('{');
    const auto close = type.find('}');
    if (open != std::string::npos && close != std::string::npos) {
        std::string values = type.substr(open + 1, close - open - 1);
        std::replace(values.begin(), values.end(), ',', '|');
        return values;
    }
    const auto range = type.find(" in [");
    return range == std::string::npos ? type : type.substr(0, type.rfind(':', range));
}

} // namespace

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
    std::string left = "  " + option->get_name(is_positional, true);
    if (option->get_type_size() != 0 && !is_positional) {
        const std::string type = type_of(*option);
        left += " " + type;
        left += option->get_expected_max() > 1 && option->get_expected_min() > 0 &&
                        !type.ends_with("...")
                    ? " ..."
                    : "";
    }
    std::string text = option->get_description();
    if (!option->get_default_str().empty() && text.find("(default") == std::string::npos) {
        text += fmt::format(" (default: {})", option->get_default_str());
    }
    if (left.size() + 2 > kText) {
        return left + "\n" + wrap(text, kText, 0);
    }
    return left + wrap(text, kText, left.size());
}

std::string HelpFormatter::make_all_groups(const CLI::App& app) const {
    std::vector<std::string> groups = app.get_groups();
    std::stable_partition(groups.begin(), groups.end(),
                          [](const std::string& group) { return group != "General"; });
    std::string out;
    for (const std::string& group : groups) {
        const auto options = app.get_options([&](const CLI::Option* option) {
            return option->get_group() == group && option->nonpositional();
        });
        if (!group.empty() && !options.empty()) {
            out += make_group(group, false, options);
        }
    }
    return out;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
    return wrap(app->get_description(), 0, 0) + make_usage(app, app->get_name()) +
           make_positionals(app) + make_all_groups(*app) + "\n" +
           wrap(fmt::format("Each option can be given in the environment too, as CDC_ and its name "
                            "in capitals (CDC_LOG_LEVEL), and in the file of --config. More: man "
                            "{}, man cdc-toolkit",
                            app->get_name()),
                0, 0);
}

} // namespace cdc::cli
