#include "cdc-lag/watch.hpp"

#include "base/terminal.hpp"
#include "base/time.hpp"
#include "cdc-lag/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cdc::lag {

namespace {

/// By how much a hop is behind, in the best figure that it has: for the curve.
double figure_of(const Hop& hop) {
    return hop.ms       ? static_cast<double>(*hop.ms)
           : hop.events ? static_cast<double>(*hop.events)
           : hop.bytes  ? static_cast<double>(*hop.bytes)
                        : 0;
}

/// 0 is the worst.
int rank_of(const Hop& hop, const Limits& limits) {
    return !hop.broken.empty()            ? 0
           : !beyond(hop, limits).empty() ? 1
           : !hop.unknown.empty()         ? 2
                                          : 3;
}

std::string curve(const std::deque<double>& values) {
    static constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const double most = *std::max_element(values.begin(), values.end());
    std::string out;
    for (const double value : values) {
        out += kBars.at(most <= 0 ? 0 : static_cast<std::size_t>(value / most * 7));
    }
    return out;
}

std::string padded(const std::string& text, std::size_t width) {
    return text.size() <= width ? text + std::string(width - text.size(), ' ')
                                : text.substr(0, width - 1) + "~";
}

} // namespace

std::string time_text(std::int64_t ms) {
    const std::int64_t seconds = ms / 1000;
    if (ms > 0 && ms < 10'000 && ms % 1000 != 0) {
        return fmt::format("{:.1f}s", static_cast<double>(ms) / 1000);
    }
    if (seconds < 60) {
        return fmt::format("{}s", seconds);
    }
    if (seconds < 3600) {
        return fmt::format("{}m {}s", seconds / 60, seconds % 60);
    }
    if (seconds < 86400) {
        return fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
    }
    return fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
}

std::string Watch::screen(std::vector<Hop> hops, const Limits& limits, Verdict verdict,
                          std::int64_t now_ms, Size size) {
    for (const Hop& hop : hops) {
        auto& history = m_history[hop.kind + " " + hop.name];
        history.push_back(figure_of(hop));
        if (history.size() > kLooks) {
            history.pop_front();
        }
    }
    std::stable_sort(hops.begin(), hops.end(), [&](const Hop& a, const Hop& b) {
        const int ranks[] = {rank_of(a, limits), rank_of(b, limits)};
        return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : figure_of(a) > figure_of(b);
    });
    constexpr std::size_t kOthers = 11 + 10 + 11 + 9 + kLooks; // all columns but the name
    const std::size_t name_width =
        size.columns > kOthers + 8 ? std::min<std::size_t>(size.columns - kOthers - 1, 40) : 8;
    std::vector<std::string> lines;
    lines.push_back(fmt::format("cdc-lag: {}, {}", verdict_text(verdict),
                                base::format_utc_ms(now_ms).substr(0, 19)));
    lines.push_back(fmt::format("{}{} {:>9} {:>10} {:>8}  {}", padded("HOP", 11),
                                padded("NAME", name_width), "BYTES", "EVENTS", "TIME", "LATELY"));
    for (const Hop& hop : hops) {
        lines.push_back(fmt::format(
            "{}{} {:>9} {:>10} {:>8}  {}", padded(hop.kind, 11), padded(hop.name, name_width),
            hop.bytes ? size_text(*hop.bytes) : "-", hop.events ? std::to_string(*hop.events) : "-",
            hop.ms ? time_text(*hop.ms) : "-", curve(m_history[hop.kind + " " + hop.name])));
        const std::string why = beyond(hop, limits);
        if (!why.empty() || !hop.unknown.empty()) {
            lines.push_back("  " + (why.empty() ? hop.unknown : why));
        }
    }
    if (size.lines > 2 && lines.size() >= size.lines) {
        const std::size_t hidden = lines.size() - size.lines + 2;
        lines.resize(size.lines - 2);
        lines.push_back(fmt::format("{} more lines", hidden));
    }
    std::string out;
    for (const std::string& line : lines) {
        out += base::cut_to_width(line, size.columns) + "\n";
    }
    return out;
}

} // namespace cdc::lag
