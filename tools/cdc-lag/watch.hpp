#ifndef CDC_LAG_WATCH_HPP
#define CDC_LAG_WATCH_HPP

#include "cdc-lag/hop.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace cdc::lag {

/// "0.3s", "12s", "9m 7s", "2h 5m", "3d 4h".
std::string time_text(std::int64_t ms);

/// The screen of --watch on a terminal: one line a hop, the worst first, with a curve of its last
/// looks.
class Watch {
public:
    struct Size {
        std::size_t columns = 80;
        std::size_t lines = 24;
    };
    /// Of one look, at most `size`: lines that end in '\n'.
    std::string screen(std::vector<Hop> hops, const Limits& limits, Verdict verdict,
                       std::int64_t now_ms, Size size);

private:
    static constexpr std::size_t kLooks = 12;
    std::map<std::string, std::deque<double>> m_history; ///< by kind and name, the newest last
};

} // namespace cdc::lag

#endif
