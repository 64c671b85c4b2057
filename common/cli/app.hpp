#ifndef CDC_CLI_APP_HPP
#define CDC_CLI_APP_HPP

#include "io/file_place.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// What all tools share on the command line: cdc-toolkit(7), "Command line".
namespace cdc::cli {

/// A program with the options that every tool has: --help, --version, --config, --log-level,
/// --log. Every long option can also be given as CDC_<NAME> in the environment ('-' as '_', lists
/// by newline) and in the TOML file of --config; the command line wins, then the environment.
class App {
public:
    App(std::string name, const std::string& description);

    CLI::App& options() { return m_app; }

    /// The client library that --version names beside the tool's own version: "librdkafka 2.15.1".
    void set_client(std::string client) { m_client = std::move(client); }

    /// "10s", "250ms"; stored in milliseconds.
    CLI::Option* add_duration(const std::string& name, std::int64_t& ms, const std::string& help);
    /// "64MB"; stored in bytes.
    CLI::Option* add_bytes(const std::string& name, std::uint64_t& bytes, const std::string& help);

    /// --drain, for tools that make something durable: how long the tool may take to stop.
    CLI::Option* add_drain(std::int64_t& ms, const std::string& help);
    /// What the tool's end is when a stop takes too long, where it is not `failed`.
    void set_stopped_code(int code) { m_stopped_code = code; }

    /// Run behind the tool's own checks, before any work. Throws Error.
    void add_check(std::function<void()> check) { m_checks.push_back(std::move(check)); }
    /// Files that an option names: run() looks whether they can be used before it does any work.
    /// "-" is none.
    void add_files(const std::string& option, const std::vector<std::string>& files,
                   io::FileUse use);
    void add_file(const std::string& option, const std::string& file, io::FileUse use);

    /// Parses, checks (`check` throws base::Error for contradictions), runs; never throws. Returns
    /// the exit code. Errors go to stderr, --help and --version to stdout.
    int run(int argc, char** argv, const std::function<void()>& check,
            const std::function<int()>& work);

private:
    void parse(int argc, char** argv);
    std::string version_text() const;
    std::string hint_for(const std::string& message) const;

    std::string m_name;
    std::string m_client;
    CLI::App m_app;
    std::vector<std::function<void()>> m_checks;
    const std::int64_t* m_drain_ms = nullptr;
    int m_stopped_code = 1;
    std::string m_config;
    bool m_print_config = false;
    std::string m_log_level{"info"};
    std::string m_log_format{"text"};
};

} // namespace cdc::cli

#endif
