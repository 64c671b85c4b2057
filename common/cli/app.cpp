#include "cli/app.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/near_names.hpp"
#include "base/numbers.hpp"
#include "base/version.hpp"
#include "cli/help.hpp"
#include "cli/known_options.hpp"
#include "cli/settings.hpp"
#include "cli/stop_watch.hpp"
#include "io/hangup_watch.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>

namespace cdc::cli {

using base::ExitCode;

namespace {

/// No option takes a time of this length; sums with the clock do not overflow.
constexpr std::int64_t kLongestMs = std::int64_t{100} * 366 * 86'400'000;

/// Numbers of type N are digits, and fit.
void check_numbers(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) {
        if (option->get_type_name() == "N") {
            option->check(CLI::Validator{[](std::string& text) {
                                             return base::parse_integer<std::int64_t>(text) &&
                                                            text[0] != '-'
                                                        ? std::string{}
                                                        : base::in_quotes(text) +
                                                              " is not a number from 0 on";
                                         },
                                         "", ""});
        }
    }
}

} // namespace

App::App(std::string name, const std::string& description)
    : m_name{std::move(name)}, m_app{description, m_name} {
    io::occupy_closed_streams();
    base::log::configure(m_name, base::log::Level::info, base::log::Format::text);
    m_app.set_help_flag("-h,--help", "Show this help and exit")->group("General");
    m_app
        .set_version_flag(
            "-V,--version", [this] { return version_text(); }, "Show the version and exit")
        ->group("General");
    m_app.add_option("--config", m_config, "Read options from this TOML file")
        ->type_name("FILE")
        ->group("General");
    m_app
        .add_flag("--print-config", m_print_config,
                  "Print the options in force, and whence, and exit")
        ->group("General");
    m_app.add_option("--log-level", m_log_level, "error, warning, info or debug")
        ->check(CLI::IsMember({"error", "warning", "info", "debug"}))
        ->capture_default_str()
        ->group("General");
    m_app.add_option("--log", m_log_format, "Messages on stderr: text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str()
        ->group("General");
    m_app.formatter(std::make_shared<HelpFormatter>());
}

std::string App::version_text() const {
    std::string text = fmt::format("{} {}", m_name, base::version());
    return m_client.empty() ? text : fmt::format("{} ({})", text, m_client);
}

CLI::Option* App::add_duration(const std::string& name, std::int64_t& ms, const std::string& help) {
    return m_app
        .add_option_function<std::string>(
            name,
            [&ms, name](const std::string& text) {
                const auto value = base::parse_duration_ms(text);
                if (!value) {
                    throw CLI::ValidationError{
                        name, base::in_quotes(text) + " is not a duration such as 250ms, 10s, 5m"};
                }
                if (*value > kLongestMs) {
                    throw CLI::ValidationError{name,
                                               base::in_quotes(text) + " is more than 100 years"};
                }
                ms = *value;
            },
            help)
        ->type_name("TIME")
        ->default_str(ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms));
}

CLI::Option* App::add_bytes(const std::string& name, std::uint64_t& bytes,
                            const std::string& help) {
    return m_app
        .add_option_function<std::string>(
            name,
            [&bytes, name](const std::string& text) {
                const auto value = base::parse_bytes(text);
                if (!value) {
                    throw CLI::ValidationError{name, base::in_quotes(text) +
                                                         " is not a size such as 512k, 64MB, 1GB"};
                }
                bytes = *value;
            },
            help)
        ->type_name("SIZE")
        ->default_str(bytes % (1U << 20) == 0 ? fmt::format("{}MB", bytes >> 20)
                                              : fmt::format("{}k", bytes >> 10));
}

CLI::Option* App::add_drain(std::int64_t& ms, const std::string& help) {
    m_drain_ms = &ms;
    return add_duration("--drain", ms, help);
}

void App::add_file(const std::string& option, const std::string& file, io::FileUse use) {
    add_check([option, &file, use] {
        if (!file.empty()) {
            io::check_file_place(option, file, use);
        }
    });
}

void App::add_files(const std::string& option, const std::vector<std::string>& files,
                    io::FileUse use) {
    add_check([option, &files, use] {
        for (const std::string& file : files) {
            if (file != "-") {
                io::check_file_place(option, file, use);
            }
        }
    });
}

void App::parse(int argc, char** argv) {
    check_numbers(m_app);
    Settings settings{m_app, m_name};
    std::vector<std::string> arguments = settings.arguments(argc, argv);
    std::reverse(arguments.begin(), arguments.end()); // as the library has them
    try {
        m_app.parse(arguments);
    } catch (const CLI::Success&) {
        throw;
    } catch (const CLI::ParseError& error) {
        if (const std::string place = settings.place_in(error.what()); !place.empty()) {
            base::fail(ExitCode::usage, "{}{}", place, error.what());
        }
        throw;
    }
    if (m_print_config) {
        std::cout << settings.text();
        throw CLI::Success{};
    }
    using base::log::Level;
    static constexpr std::pair<std::string_view, Level> kLevels[] = {{"error", Level::error},
                                                                     {"warning", Level::warning},
                                                                     {"info", Level::info},
                                                                     {"debug", Level::debug}};
    for (const auto& [name, level] : kLevels) {
        if (m_log_level == name) {
            base::log::set_level(level);
        }
    }
    base::log::set_format(m_log_format == "json" ? base::log::Format::json
                                                 : base::log::Format::text);
    settings.warn_of_unknown_variables();
}

/// For a word of the command line that is no option.
std::string App::hint_for(const std::string& message) const {
    const std::string help = fmt::format("Try \"{} --help\"", m_name);
    const auto at = message.find("--");
    if (at == std::string::npos || message.find("not expected") == std::string::npos) {
        return help;
    }
    const std::string word =
        message.substr(at + 2, message.find_first_of("= ", at) - std::min(message.size(), at + 2));
    std::vector<std::string_view> names;
    for (const CLI::Option* option : m_app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back(name);
        }
    }
    const std::string near = base::nearest(word, names);
    return near.empty() ? help : fmt::format("Did you mean \"--{}\"? {}", near, help);
}

int App::run(int argc, char** argv, const std::function<void()>& check,
             const std::function<int()>& work) {
    const io::HangupWatch hangup;
    const std::string help_hint = fmt::format("Try \"{} --help\"", m_name);
    try {
        parse(argc, argv);
        check();
        for (const auto& further : m_checks) {
            further();
        }
    } catch (const CLI::Success& success) {
        // --help and --version, to stdout
        const int code = m_print_config ? 0 : m_app.exit(success);
        if (!std::cout.flush()) {
            base::log::write_error("cannot write to stdout", "");
            return static_cast<int>(ExitCode::failed);
        }
        return code;
    } catch (const CLI::ParseError& error) {
        base::log::write_error(error.what(), hint_for(error.what()));
        return static_cast<int>(ExitCode::usage);
    } catch (const base::Error& error) {
        base::log::write_error(error.what(), error.hint().empty() ? help_hint : error.hint());
        return static_cast<int>(error.code());
    }
    try {
        io::stop_signal::install();
        const StopWatch watch{m_drain_ms != nullptr ? *m_drain_ms : 0, m_stopped_code};
        const int code = work();
        base::log::progress("");
        return code;
    } catch (const base::Error& error) {
        base::log::write_error(error.what(), error.hint());
        return static_cast<int>(error.code());
    } catch (const std::bad_alloc&) {
        base::log::write_error("out of memory", "");
    } catch (const std::exception& error) {
        base::log::write_error(fmt::format("unexpected: {}", error.what()), "");
    }
    return static_cast<int>(ExitCode::failed);
}

} // namespace cdc::cli
