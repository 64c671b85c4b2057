#ifndef CDC_BASE_ERROR_HPP
#define CDC_BASE_ERROR_HPP

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace cdc::base {

/// The verdict of a tool; every man page lists these. Users' scripts depend on the numbers:
/// do not renumber.
enum class ExitCode : int {
    ok = 0,            ///< done, also after a clean SIGINT or SIGTERM
    failed = 1,        ///< failed in a way that is worth a retry (connection, timeout, full disk)
    usage = 2,         ///< wrong command line or configuration
    position_lost = 3, ///< the log no longer holds what the checkpoint needs
    refused = 4,       ///< source or target refuses: rights, settings, identity
    bad_data = 5,      ///< a line or a value that cannot be understood or stored
};

/// Every failure in the toolkit. Callers branch on code(), never on the text.
/// `hint`, if not empty, is one sentence that leads out of the mistake.
class Error : public std::runtime_error {
public:
    Error(ExitCode code, const std::string& message, std::string hint = {})
        : std::runtime_error{message}, m_code{code}, m_hint{std::move(hint)} {}

    ExitCode code() const noexcept { return m_code; }
    const std::string& hint() const noexcept { return m_hint; }

private:
    ExitCode m_code;
    std::string m_hint;
};

/// Throws Error{code, formatted message}.
template<typename... Args>
[[noreturn]] void fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
    throw Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

/// "'text'" with control characters escaped and long text cut, for use in messages.
std::string in_quotes(std::string_view text, std::size_t max_bytes = 120);

} // namespace cdc::base

#endif
