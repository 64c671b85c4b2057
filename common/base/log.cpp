#include "base/log.hpp"

#include "base/terminal.hpp"
#include "base/time.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::base::log {

namespace {

struct State {
    std::string tool{"cdc"};
    Level level = Level::info;
    Format format = Format::text;
    bool progress_shown = false;
    std::mutex mutex;
    std::array<std::atomic<std::uint64_t>, 4> counts{}; ///< by level
};

State& state() {
    static State instance;
    return instance;
}

/// What stands in front of each line of text.
enum class Front { nothing, time, priority };

/// systemd names the device and the inode of the journal's stream, which a redirected stderr is
/// not.
bool is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

Front front() {
    static const Front kFound = ::isatty(STDERR_FILENO) == 1 ? Front::nothing
                                : is_journal()               ? Front::priority
                                                             : Front::time;
    return kFound;
}

/// Priorities of syslog(3).
int priority_of(Level level) {
    switch (level) {
    case Level::error:
        return 3;
    case Level::warning:
        return 4;
    case Level::info:
        return 6;
    case Level::debug:
        return 7;
    }
    return 6;
}

std::string front_of(Level level) {
    switch (front()) {
    case Front::nothing:
        return {};
    case Front::time:
        return format_utc_ms(now_ms()) + " ";
    case Front::priority:
        return fmt::format("<{}>", priority_of(level));
    }
    return {};
}

const char* name_of(Level level) {
    switch (level) {
    case Level::error:
        return "error";
    case Level::warning:
        return "warning";
    case Level::info:
        return "info";
    case Level::debug:
        return "debug";
    }
    return "?";
}

void put(const std::string& bytes) {
    // Nothing can be done about a closed stderr.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
}

/// On a terminal the cursor may stand behind a progress line, ours or that of another stage of the
/// pipe: a message begins where that line began.
std::string start_of_line() {
    static const bool kTerminal = ::isatty(STDERR_FILENO) == 1;
    return kTerminal ? "\r\033[K" : "";
}

std::string compose(const State& s, Level level, std::string_view text, std::string_view hint) {
    if (s.format == Format::json) {
        nlohmann::ordered_json line{{"ts", format_utc_ms(now_ms())},
                                    {"tool", s.tool},
                                    {"level", name_of(level)},
                                    {"message", text}};
        if (!hint.empty()) {
            line["hint"] = hint;
        }
        return start_of_line() +
               line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    std::string out = start_of_line();
    const std::string start = front_of(level);
    out += fmt::format("{}{}: {}: {}\n", start, s.tool, name_of(level), text);
    if (!hint.empty()) {
        out += fmt::format("{}{}: hint: {}\n", start, s.tool, hint);
    }
    return out;
}

} // namespace

void configure(std::string_view tool, Level level, Format format) {
    state().tool = tool;
    state().level = level;
    state().format = format;
}

void set_level(Level level) {
    state().level = level;
}

void set_format(Format format) {
    state().format = format;
}

bool enabled(Level level) {
    return level <= state().level;
}

std::uint64_t count(Level level) {
    return state().counts.at(static_cast<std::size_t>(level));
}

void write(Level level, std::string_view text) {
    State& s = state();
    ++s.counts.at(static_cast<std::size_t>(level));
    if (!enabled(level)) {
        return;
    }
    const std::lock_guard lock{s.mutex};
    put(compose(s, level, text, {}));
    s.progress_shown = false;
}

void write_error(std::string_view text, std::string_view hint) {
    State& s = state();
    ++s.counts.at(static_cast<std::size_t>(Level::error));
    const std::lock_guard lock{s.mutex};
    put(compose(s, Level::error, text, hint));
    s.progress_shown = false;
}

void write_last_error(std::string_view text) {
    constexpr int kTries = 20;
    State& s = state();
    std::unique_lock lock{s.mutex, std::try_to_lock};
    for (int i = 0; i < kTries && !lock.owns_lock(); ++i) {
        ::usleep(5000);
        static_cast<void>(lock.try_lock());
    }
    pollfd reader{STDERR_FILENO, POLLOUT, 0};
    if (lock.owns_lock() && ::poll(&reader, 1, 0) > 0) {
        put(compose(s, Level::error, text, {}));
    }
}

void progress(std::string_view text) {
    State& s = state();
    const std::lock_guard lock{s.mutex};
    if (text.empty() && !s.progress_shown) {
        return;
    }
    // One column is left: in the last one some terminals go on to the next line.
    put(fmt::format("\r\033[K{}", cut_to_width(text, terminal_columns(STDERR_FILENO) - 1)));
    s.progress_shown = !text.empty();
}

} // namespace cdc::base::log
