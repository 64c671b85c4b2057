#include "cdc-lag/watch.hpp"

#include "base/terminal.hpp"
#include "base/time.hpp"
#include "cdc-lag/render.hpp"
#include "cdc-lag/stage_part.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace cdc::lag {

namespace {

constexpr std::size_t kHopWidth = 12;
constexpr std::size_t kReasonLines = 3;
constexpr std::int64_t kSlowMs = 1000; ///< from then on a part that does not answer is told

/// By how much a hop is behind, in the best figure that it has: for the curve.
double figure_of(const Hop& hop) {
    return hop.ms       ? static_cast<double>(*hop.ms)
           : hop.events ? static_cast<double>(*hop.events)
           : hop.bytes  ? static_cast<double>(*hop.bytes)
                        : 0;
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

/// In the first column: the tool where it is one.
std::string label_of(const Hop& hop) {
    const std::string tool = hop.kind == "stage" ? stage_tool(hop) : std::string{};
    return tool.empty() ? hop.kind : tool;
}

/// Where changes pass it: a checkpoint stands behind the stage that writes it.
int place_of(const Hop& hop) {
    static constexpr std::array<const char*, 14> kWay = {
        "source", "slot",  "log",   "snapshot",  "capture", "publish", "checkpoint",
        "topic",  "kafka", "group", "partition", "consume", "load",    "target"};
    const std::string label = label_of(hop);
    const bool of_consume = label == "checkpoint" && !hop.passed && !hop.position.empty();
    const auto at = std::find(kWay.begin(), kWay.end(), of_consume ? "load" : label);
    return static_cast<int>(at - kWay.begin());
}

std::string padded(const std::string& text, std::size_t width) {
    return text.size() <= width ? text + std::string(width - text.size(), ' ')
                                : text.substr(0, width - 1) + "~";
}

/// The end of a path, and of a topic's name, tells more than its begin.
std::string name_text(const Hop& hop, std::size_t width) {
    const bool by_end = hop.kind == "checkpoint" || hop.kind == "topic" || hop.kind == "partition";
    if (by_end && hop.name.size() > width) {
        return "~" + hop.name.substr(hop.name.size() - width + 1);
    }
    return padded(hop.name, width);
}

/// Indented, over at most kReasonLines lines.
void append_reason(std::vector<std::string>& lines, std::string_view text, std::size_t columns) {
    const std::size_t width = std::max<std::size_t>(columns, 20) - 2;
    for (std::size_t i = 0; i < kReasonLines && !text.empty(); ++i) {
        std::size_t end = std::min({text.find('\n'), text.size(), width});
        if (end == width && end < text.size() && i + 1 < kReasonLines) {
            const std::size_t space = text.rfind(' ', width);
            end = space == std::string_view::npos || space == 0 ? width : space;
        }
        lines.push_back(fmt::format("  {}", text.substr(0, end)));
        text.remove_prefix(end);
        text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    }
}

bool counts_events(const Hop& hop) {
    return hop.events || hop.kind == "topic" || hop.kind == "stage";
}

std::string backlog_text(const Hop& hop) {
    return hop.bytes    ? size_text(*hop.bytes)
           : hop.events ? cli::short_number(static_cast<double>(*hop.events))
                        : "-";
}

std::string rate_text(const Hop& hop, const std::optional<double>& rate) {
    if (!rate) {
        return "-";
    }
    return (counts_events(hop) ? cli::short_number(*rate)
                               : size_text(static_cast<std::uint64_t>(*rate))) +
           "/s";
}

std::string slow_text(const Seen& seen, std::int64_t steady_ms) {
    return fmt::format("  no answer for {}; these figures are {} old", time_text(seen.waiting_ms),
                       time_text((steady_ms - seen.at_ms) / 1000 * 1000));
}

std::string key_of(const Hop& hop) {
    return hop.kind + " " + hop.name;
}

} // namespace

std::size_t Watch::name_width_of(std::size_t columns) {
    constexpr std::size_t kOthers = kHopWidth + 9 + 10 + 10 + 2 + kLooks;
    return columns > kOthers + 8 ? std::min<std::size_t>(columns - kOthers, 40) : 8;
}

struct Watch::Row {
    std::vector<std::string> lines;
    int place;
    bool well;
};

void Watch::remember(const std::vector<Seen>& seen) {
    for (const Seen& item : seen) {
        History& history = m_history[key_of(item.hop)];
        history.lags.push_back(figure_of(item.hop));
        if (history.lags.size() > kLooks) {
            history.lags.pop_front();
        }
        if (!item.hop.passed || item.at_ms == history.passed_ms) {
            continue;
        }
        const std::uint64_t now = *item.hop.passed;
        // A tool that was started again begins to count anew.
        history.rate = history.passed && now >= *history.passed
                           ? std::optional{static_cast<double>(now - *history.passed) * 1000 /
                                           static_cast<double>(item.at_ms - history.passed_ms)}
                           : std::nullopt;
        history.passed = now;
        history.passed_ms = item.at_ms;
    }
}

Watch::Row Watch::row_of(const Seen& seen, const Limits& limits, std::size_t columns) const {
    const std::size_t name_width = name_width_of(columns);
    static const History kNone;
    const Hop& hop = seen.hop;
    const auto found = m_history.find(key_of(hop));
    const History& history = found == m_history.end() ? kNone : found->second;
    const std::string why = beyond(hop, limits);
    Row row{{}, place_of(hop), why.empty() && hop.unknown.empty()};
    row.lines.push_back(fmt::format(
        "{}{} {:>8} {:>9} {:>9}  {}", padded((row.well ? " " : "!") + label_of(hop), kHopWidth),
        name_text(hop, name_width), hop.ms ? time_text(*hop.ms) : "-", backlog_text(hop),
        rate_text(hop, history.rate), history.lags.empty() ? "" : curve(history.lags)));
    if (!row.well) {
        append_reason(row.lines, why.empty() ? hop.unknown : why, columns);
    }
    return row;
}

std::string Watch::screen(const std::vector<Seen>& seen, const Limits& limits, Verdict verdict,
                          std::int64_t now_ms, Size size) const {
    std::vector<Row> rows;
    std::size_t lines = 2;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        rows.push_back(row_of(seen[i], limits, size.columns));
        const bool first_of_part = i == 0 || seen[i].part != seen[i - 1].part;
        if (first_of_part && seen[i].at_ms != 0 && seen[i].waiting_ms >= kSlowMs) {
            rows.back().lines.push_back(slow_text(seen[i], base::steady_ms()));
            rows.back().well = false;
        }
        lines += rows.back().lines.size();
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.place < b.place; });
    std::size_t hidden = 0;
    while (lines + (hidden > 0 ? 1 : 0) >= size.lines && !rows.empty()) {
        const auto well =
            std::find_if(rows.rbegin(), rows.rend(), [](const Row& row) { return row.well; });
        const auto last = well == rows.rend() ? rows.end() - 1 : well.base() - 1;
        lines -= last->lines.size();
        rows.erase(last);
        ++hidden;
    }
    std::vector<std::string> text;
    text.push_back(fmt::format("cdc-lag: {}, {}", verdict_text(verdict),
                               base::format_utc_ms(now_ms).substr(0, 19)));
    text.push_back(fmt::format("{}{} {:>8} {:>9} {:>9}  {}", padded(" HOP", kHopWidth),
                               padded("NAME", name_width_of(size.columns)), "BEHIND", "BACKLOG",
                               "RATE", "LATELY"));
    for (const Row& row : rows) {
        text.insert(text.end(), row.lines.begin(), row.lines.end());
    }
    if (hidden > 0) {
        text.push_back(fmt::format(" and {} more", hidden));
    }
    std::string out;
    for (const std::string& line : text) {
        out += base::cut_to_width(line, size.columns) + "\n";
    }
    return out;
}

} // namespace cdc::lag
