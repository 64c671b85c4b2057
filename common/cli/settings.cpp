#include "cli/settings.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/near_names.hpp"
#include "cli/known_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace cdc::cli {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

// Of the scripts and tests of the source tree.
constexpr std::string_view kOtherVariables[] = {
    "CDC_CACHE_DIR", "CDC_PG_CONF",  "CDC_KAFKA_CONF",   "CDC_VERSION",
    "CDC_SANITIZE",  "CDC_MIMALLOC", "CDC_DEBIAN_MIRROR"};
constexpr std::string_view kOtherPrefixes[] = {
    "CDC_TEST_", "CDC_BENCH_",    "CDC_SERVICES_",        "CDC_FUZZ",
    "CDC_TIDY_", "CDC_DEBEZIUM_", "CDC_CLICKHOUSE_FRONT_"};

std::string variable(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    return "CDC_" + name;
}

const std::string& long_name(const CLI::Option& option) {
    static const std::string none;
    return option.get_lnames().empty() ? none : option.get_lnames()[0];
}

bool is_flag(const CLI::Option& option) {
    return option.get_items_expected_max() == 0;
}

bool settable(const CLI::Option& option) {
    const std::string& name = long_name(option);
    return !name.empty() && name != "help" && name != "version" && name != "print-config";
}

/// The password of a URL, and what stands behind password=, secret= and the like.
std::string without_secrets(std::string value) {
    constexpr std::string_view kHidden = "***";
    if (const auto scheme = value.find("://"); scheme != std::string::npos) {
        const auto host = value.rfind('@');
        const auto colon = value.find(':', scheme + 3);
        if (host != std::string::npos && colon < host) {
            value.replace(colon + 1, host - colon - 1, kHidden);
        }
    }
    std::string lower = value;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const std::string_view word : {"password", "passwd", "secret", "token"}) {
        for (auto at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
            const auto sign = lower.find_first_not_of("abcdefghijklmnopqrstuvwxyz._ ", at);
            if (sign == std::string::npos || lower[sign] != '=') {
                continue;
            }
            const auto from = std::min(lower.find_first_not_of(' ', sign + 1), lower.size());
            const bool in_quotes = from < lower.size() && lower[from] == '\'';
            const auto to = in_quotes
                                ? lower.find('\'', from + 1)
                                : std::min(lower.find_first_of(" \t\n&;", from), lower.size());
            const auto size = std::min(to, lower.size()) - from;
            value.replace(from, size, kHidden);
            lower.replace(from, size, kHidden);
        }
    }
    return value;
}

std::string quoted(const std::string& value) {
    std::string out = "\"";
    for (const char c : value) {
        switch (c) {
        case '\n':
            out += "\\n";
            break;
        case '\t':
            out += "\\t";
            break;
        case '"':
        case '\\':
            out += '\\';
            [[fallthrough]];
        default:
            out += c;
        }
    }
    return out + '"';
}

std::string hint_of(const std::string& near, const std::string& else_hint) {
    return near.empty() ? else_hint : fmt::format("Did you mean {}?", in_quotes(near));
}

} // namespace

Settings::Settings(CLI::App& app, std::string tool) : m_app{app}, m_tool{std::move(tool)} {
    for (CLI::Option* option : m_app.get_options()) {
        if (settable(*option)) {
            option->envname(variable(long_name(*option)));
            if (option->get_items_expected_max() > 1) {
                option->delimiter('\n');
            }
        }
    }
}

bool Settings::given(const CLI::Option& option) const {
    for (const std::string& argument : m_given) {
        if (argument == "--") {
            break;
        }
        if (argument.substr(0, 2) == "--") {
            if (argument.substr(2, argument.find('=') - 2) == long_name(option)) {
                return true;
            }
        } else if (argument.size() > 1 && argument[0] == '-' && !option.get_snames().empty() &&
                   argument.substr(1, 1) == option.get_snames()[0]) {
            return true;
        }
    }
    return false;
}

std::vector<std::string> Settings::arguments(int argc, char** argv) {
    m_given.assign(argv + 1, argv + argc);
    std::string path;
    if (const char* value = std::getenv("CDC_CONFIG"); value != nullptr) {
        path = value;
    }
    for (std::size_t i = 0; i < m_given.size() && m_given[i] != "--"; ++i) {
        if (m_given[i] == "--config" && i + 1 < m_given.size()) {
            path = m_given[i + 1];
        } else if (m_given[i].rfind("--config=", 0) == 0) {
            path = m_given[i].substr(std::strlen("--config="));
        }
    }
    std::vector<std::string> out = m_given;
    if (!path.empty()) {
        read_file(path);
        std::vector<std::string> more;
        for (const auto& [name, entry] : m_entries) {
            take(entry, more);
        }
        const auto end = std::find(out.begin(), out.end(), "--");
        out.insert(end, more.begin(), more.end());
    }
    return out;
}

void Settings::read_file(const std::string& path) {
    m_path = path;
    std::ifstream file{path};
    std::stringstream text;
    if (!file || !(text << file.rdbuf())) {
        base::fail(ExitCode::usage, "cannot read the configuration {}: {}", in_quotes(path),
                   std::strerror(errno));
    }
    std::vector<std::string_view> own;
    for (const CLI::Option* option : m_app.get_options()) {
        if (settable(*option) && long_name(*option) != "config") {
            own.push_back(long_name(*option));
        }
    }
    const auto tools = known_tools();
    const auto all = known_options();
    for (ConfigEntry& entry : parse_config(text.str(), path)) {
        const auto refuse = [&](const std::string& what, const std::string& hint) {
            throw Error{
                ExitCode::usage,
                fmt::format("configuration {}, line {}: {}", in_quotes(path), entry.line, what),
                hint};
        };
        const bool known = std::find(own.begin(), own.end(), entry.name) != own.end();
        if (!entry.section.empty() &&
            std::find(tools.begin(), tools.end(), entry.section) == tools.end()) {
            refuse(fmt::format("there is no tool {}", in_quotes(entry.section)),
                   hint_of(base::nearest(entry.section, tools),
                           "sections have the names of tools, [cdc-load]"));
        }
        if (entry.section == m_tool && !known) {
            refuse(
                fmt::format("{} has no option {}", m_tool, in_quotes(entry.name)),
                hint_of(base::nearest(entry.name, own), fmt::format("Try \"{} --help\"", m_tool)));
        }
        if (!known && (entry.name == "config" ||
                       std::find(all.begin(), all.end(), entry.name) == all.end())) {
            refuse(
                fmt::format("no tool has an option {}", in_quotes(entry.name)),
                hint_of(base::nearest(entry.name, all), fmt::format("Try \"{} --help\"", m_tool)));
        }
        if (known && (entry.section.empty() || entry.section == m_tool)) {
            const auto before = m_entries.find(entry.name);
            if (before != m_entries.end() && before->second.section == entry.section) {
                refuse(fmt::format("{} is set in line {} already", in_quotes(entry.name),
                                   before->second.line),
                       "several values are a list, [\"a\", \"b\"]");
            }
            if (before == m_entries.end() || !entry.section.empty()) { // the tool's own wins
                const std::string name = entry.name;
                m_entries.insert_or_assign(name, std::move(entry));
            }
        }
    }
}

void Settings::take(const ConfigEntry& entry, std::vector<std::string>& out) {
    const CLI::Option& option = *m_app.get_option("--" + entry.name);
    const char* environment = std::getenv(variable(entry.name).c_str());
    if (given(option) || (environment != nullptr && *environment != '\0')) {
        return;
    }
    const auto refuse = [&](const char* what) {
        base::fail(ExitCode::usage, "configuration {}, line {}: {} is {}", in_quotes(m_path),
                   entry.line, in_quotes(entry.name), what);
    };
    if (is_flag(option)) {
        const std::string value = entry.values.size() == 1 ? entry.values[0] : "";
        if (value != "true" && value != "false") {
            refuse("true or false");
        }
        if (value == "true") {
            out.push_back("--" + entry.name);
        }
        return;
    }
    if (entry.values.size() != 1 && option.get_items_expected_max() <= 1) {
        refuse("one value, and no list");
    }
    for (const std::string& value : entry.values) {
        out.push_back("--" + entry.name + "=" + value);
    }
}

std::string Settings::place_in(const std::string& message) const {
    for (const auto& [name, entry] : m_entries) {
        const CLI::Option& option = *m_app.get_option("--" + name);
        const auto at = message.find("--" + name);
        const bool whole =
            at != std::string::npos &&
            (at + name.size() + 2 == message.size() ||
             (std::isalnum(static_cast<unsigned char>(message[at + name.size() + 2])) == 0 &&
              message[at + name.size() + 2] != '-'));
        if (whole && origin(option).rfind("default", 0) != 0 && !given(option) &&
            std::getenv(variable(name).c_str()) == nullptr) {
            return fmt::format("configuration {}, line {}: ", in_quotes(m_path), entry.line);
        }
    }
    return {};
}

void Settings::warn_of_unknown_variables() const {
    std::vector<std::string> names;
    for (const std::string_view name : known_options()) {
        names.push_back(variable(std::string{name}));
    }
    const std::vector<std::string_view> known{names.begin(), names.end()};
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text{*entry};
        const std::string name{text.substr(0, text.find('='))};
        const auto is = [&](std::string_view other) {
            return other == name;
        };
        const auto begins = [&](std::string_view prefix) {
            return std::string_view{name}.substr(0, prefix.size()) == prefix;
        };
        if (!begins("CDC_") ||
            std::any_of(std::begin(kOtherPrefixes), std::end(kOtherPrefixes), begins) ||
            std::any_of(known.begin(), known.end(), is) ||
            std::any_of(std::begin(kOtherVariables), std::end(kOtherVariables), is)) {
            continue;
        }
        const std::string near = base::nearest(name, known);
        base::log::warning("the environment has {}, which is no option of any tool{}",
                           in_quotes(name),
                           near.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(near)));
    }
}

std::string Settings::origin(const CLI::Option& option) const {
    const std::string& name = long_name(option);
    if (given(option)) {
        return "command line";
    }
    if (const char* value = std::getenv(variable(name).c_str());
        value != nullptr && *value != '\0') {
        return "environment, " + variable(name);
    }
    const auto entry = m_entries.find(name);
    return entry != m_entries.end() ? fmt::format("{}:{}", m_path, entry->second.line) : "default";
}

std::string Settings::text() const {
    std::string out = "[" + m_tool + "]\n";
    for (const CLI::Option* option : m_app.get_options()) {
        const std::string& name = long_name(*option);
        if (!settable(*option) || name == "config") {
            continue;
        }
        std::vector<std::string> values = option->results();
        if (is_flag(*option)) {
            out += fmt::format("{} = {}  # {}\n", name, option->count() > 0 ? "true" : "false",
                               origin(*option));
            continue;
        }
        if (values.empty() && !option->get_default_str().empty() &&
            option->get_default_str() != "[]") {
            values.push_back(option->get_default_str());
        }
        if (values.empty()) {
            out += fmt::format("# {}: not set\n", name);
            continue;
        }
        std::string list;
        for (const std::string& value : values) {
            list += (list.empty() ? "" : ", ") + quoted(without_secrets(value));
        }
        const bool several = option->get_items_expected_max() > 1;
        out += fmt::format("{} = {}{}{}  # {}\n", name, several ? "[" : "", list,
                           several ? "]" : "", origin(*option));
    }
    return out;
}

} // namespace cdc::cli
