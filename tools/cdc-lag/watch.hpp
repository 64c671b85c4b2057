#ifndef CDC_LAG_WATCH_HPP
#define CDC_LAG_WATCH_HPP

#include "cdc-lag/hop.hpp"
#include "cdc-lag/observer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cdc::lag {

/// The screen of --watch on a terminal: one line a hop, in the order in which changes pass them,
/// with its rate and a curve of its last looks.
class Watch {
public:
    struct Size {
        std::size_t columns = 80;
        std::size_t lines = 24;
    };

    /// Takes one look into rates and curves.
    void remember(const std::vector<Seen>& seen);
    /// At most `size`: lines that end in '\n'. Where there are too many, those that are well and
    /// come last make room.
    std::string screen(const std::vector<Seen>& seen, const Limits& limits, Verdict verdict,
                       std::int64_t now_ms, Size size) const;

private:
    struct History {
        std::deque<double> lags; ///< the newest last
        std::optional<std::uint64_t> passed;
        std::int64_t passed_ms = 0;
        std::optional<double> rate; ///< a second
    };
    struct Row;
    Row row_of(const Seen& seen, const Limits& limits, std::size_t columns) const;
    static std::size_t name_width_of(std::size_t columns);

    static constexpr std::size_t kLooks = 16;
    std::map<std::string, History> m_history; ///< by kind and name
};

} // namespace cdc::lag

#endif
