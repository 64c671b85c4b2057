#ifndef CDC_BASE_LOG_HPP
#define CDC_BASE_LOG_HPP

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// All speech goes to stderr as "<tool>: <level>: <text>", or as one JSON object a line. In front
/// of text stands the time; on a terminal nothing; in systemd's journal the priority ("<4>").
/// Safe from several threads: a message is written with one write(2).
namespace cdc::base::log {

enum class Level { error, warning, info, debug };
enum class Format { text, json };

/// Call once, before any thread is started.
void configure(std::string_view tool, Level level, Format format);
void set_level(Level level);
void set_format(Format format);
bool enabled(Level level);

void write(Level level, std::string_view text);
/// How many errors, or warnings, there were, enabled or not.
std::uint64_t count(Level level);
/// An error and, on a line of its own, the way out of it (left out when empty).
void write_error(std::string_view text, std::string_view hint);

/// For who is about to end the process, whatever state it is in: says nothing where another thread
/// is stuck in a message, or nobody reads stderr.
void write_last_error(std::string_view text);

/// A line that replaces itself, for a terminal only; an empty text removes it.
void progress(std::string_view text);

template<typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}
template<typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template<typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::info)) {
        write(Level::info, fmt::format(format, std::forward<Args>(args)...));
    }
}
template<typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::debug)) {
        write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
    }
}

} // namespace cdc::base::log

#endif
