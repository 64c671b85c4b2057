#include "postgres/timeline.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <limits>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

std::uint16_t epoch_of(std::uint32_t timeline) {
    if (timeline == 0 || timeline > std::numeric_limits<std::uint16_t>::max()) {
        fail(ExitCode::refused, "timeline {} does not fit the order of changes", timeline);
    }
    return static_cast<std::uint16_t>(timeline);
}

} // namespace

Timelines::Timelines(std::uint32_t current, std::string_view history)
    : m_current{epoch_of(current)} {
    while (!history.empty()) {
        const auto end = history.find('\n');
        std::string_view line = history.substr(0, end);
        history = end == std::string_view::npos ? "" : history.substr(end + 1);
        line = line.substr(0, line.find('#'));
        const auto start = line.find_first_not_of(" \t\r");
        if (start == std::string_view::npos) {
            continue;
        }
        line.remove_prefix(start);
        const auto name_end = line.find_first_of(" \t");
        const auto timeline = base::parse_integer<std::uint32_t>(line.substr(0, name_end));
        const auto rest = name_end == std::string_view::npos
                              ? line.npos
                              : line.find_first_not_of(" \t", name_end);
        const auto lsn =
            rest == std::string_view::npos
                ? std::nullopt
                : parse_lsn(line.substr(rest, line.find_first_of(" \t\r", rest) - rest));
        if (!timeline || !lsn || (!m_earlier.empty() && m_earlier.back().end > *lsn)) {
            fail(ExitCode::failed, "broken history of timeline {}: {}", current, in_quotes(line));
        }
        m_earlier.push_back({epoch_of(*timeline), *lsn});
    }
}

std::uint16_t Timelines::at(Lsn lsn) const {
    for (const Entry& entry : m_earlier) {
        if (lsn < entry.end) {
            return entry.timeline;
        }
    }
    return m_current;
}

bool Timelines::contains(std::uint16_t timeline, Lsn lsn) const {
    if (timeline == m_current) {
        return true;
    }
    for (const Entry& entry : m_earlier) {
        if (entry.timeline == timeline) {
            return lsn <= entry.end;
        }
    }
    return false;
}

SystemIdentity identify_system(Connection& replication) {
    const Result system = replication.query("IDENTIFY_SYSTEM");
    if (system.rows() != 1 || system.columns() < 3) {
        fail(ExitCode::failed, "IDENTIFY_SYSTEM answered {} rows of {} columns", system.rows(),
             system.columns());
    }
    const auto timeline = base::parse_integer<std::uint32_t>(system.text(0, 1));
    const auto flushed = parse_lsn(system.text(0, 2));
    if (!timeline || !flushed) {
        fail(ExitCode::failed, "IDENTIFY_SYSTEM answered timeline {}, position {}",
             in_quotes(system.text(0, 1)), in_quotes(system.text(0, 2)));
    }
    std::string history;
    if (*timeline > 1) {
        const Result file = replication.query(fmt::format("TIMELINE_HISTORY {}", *timeline));
        if (file.rows() != 1 || file.columns() < 2) {
            fail(ExitCode::failed, "TIMELINE_HISTORY answered {} rows", file.rows());
        }
        history = file.text(0, 1);
    }
    return {std::string{system.text(0, 0)}, Timelines{*timeline, history}, *flushed};
}

bool in_recovery(Connection& plain) {
    const Result result = plain.query("SELECT pg_is_in_recovery()");
    return result.rows() == 1 && result.text(0, 0) == "t";
}

Lsn end_of_log(Connection& plain) {
    const Result result =
        plain.query("SELECT CASE WHEN pg_is_in_recovery() THEN "
                    "pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END");
    return result.rows() == 1 ? parse_lsn(result.text(0, 0)).value_or(0) : 0;
}

} // namespace cdc::postgres
