#ifndef CDC_CLI_PROGRESS_HPP
#define CDC_CLI_PROGRESS_HPP

#include <cstdint>
#include <functional>
#include <string>

namespace cdc::cli {

/// "1234", "12.3k", "4.56M": for people.
std::string short_number(double value);
/// "54,625".
std::string grouped_number(std::int64_t value);
/// "12 s", "3 min 20 s", "2 h 5 min".
std::string short_duration(std::int64_t ms);

/// The one line on a terminal that says how the work goes, at most twice a second. Says nothing
/// where stderr is not a terminal.
class Progress {
public:
    Progress();
    ~Progress(); ///< Removes the line.
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Cheap to call in every turn of a loop: `text` is only asked for when the line is due.
    void update(const std::function<std::string()>& text);
    bool enabled() const noexcept { return m_enabled; }

private:
    bool m_enabled;
    std::int64_t m_next_ms = 0;
};

/// Events a second over about the last five seconds.
class Rate {
public:
    /// `total` never falls. Gives the rate.
    double update(std::int64_t total);

private:
    std::int64_t m_last_ms = 0;
    std::int64_t m_last_total = 0;
    double m_rate = 0;
};

} // namespace cdc::cli

#endif
