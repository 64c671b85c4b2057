#include "cdc-verify/recheck.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <iterator>

namespace cdc::verify {

namespace {

/// Each question of a target costs as much as a thousand keys in it.
constexpr std::size_t kKeyValuesPerQuery = 4000; ///< ClickHouse takes 50,000 elements of syntax
constexpr std::size_t kKeyBytesPerQuery = std::size_t{4} << 20; ///< servers limit a statement
constexpr std::size_t kMostKeys = 20'000; ///< above, the group's buckets are read again instead
constexpr int kReplayLookMs = 100;
constexpr std::size_t kMostHotKeys = 1000; ///< whose values are collected
constexpr std::size_t kMostProvenKeys = 100;
constexpr int kSourceLookMs = 5;
constexpr std::int64_t kTargetLookMs = 300;
constexpr std::int64_t kWatchMs = 5000; ///< a few times what a pipe is long

/// The highest order of a transaction that stands at `position`, in the history of `order`.
event::Order last_of(event::Order order, LogPosition position) {
    return event::Order::make(order.epoch(), position, event::Order::kMaxIndex);
}

} // namespace

Recheck::Recheck(const Options& options, SourceSide& source, TargetSide& target,
                 TargetPosition& position, Activity& activity)
    : m_options{options}, m_source{source}, m_target{target}, m_position{position}, m_activity{
                                                                                        activity} {}

/// Rows of one list of keys are of one form; a shorter list may have another.
bool Recheck::images(const Table& table, const Selection& group, std::size_t keys) const {
    return table.keyed() && (group.whole_rows || keys <= kMostKeys);
}

Rows Recheck::read(const Table& table, const Selection& group, const std::vector<std::string>& keys,
                   const std::function<Rows(const Selection&)>& reader) const {
    if (!table.keyed() || keys.size() > kMostKeys) {
        return reader(group);
    }
    Rows all;
    Selection selection;
    selection.bucket_bits = group.bucket_bits;
    selection.whole_rows = true;
    const std::size_t most = std::max<std::size_t>(kKeyValuesPerQuery / table.key.size(), 1);
    std::size_t bytes = 0;
    for (const std::string& key : keys) {
        selection.keys.push_back(key);
        bytes += key.size();
        if (selection.keys.size() == most || bytes >= kKeyBytesPerQuery) {
            all.merge(reader(selection));
            selection.keys.clear();
            bytes = 0;
        }
    }
    if (!selection.keys.empty()) {
        all.merge(reader(selection));
    }
    return all;
}

void Recheck::watch(const Table& table, RowHistory& history, std::vector<std::string>& keys,
                    std::int64_t deadline) {
    const std::int64_t end = std::min(deadline, base::steady_ms() + kWatchMs);
    const auto from_source = [&](const Selection& selection) {
        return m_source.rows(table, selection);
    };
    const auto from_target = [&](const Selection& selection) {
        return m_target.rows(table, selection);
    };
    Rows theirs; // a standby may have what they hold only later
    std::int64_t next_target_look = 0;
    while (!keys.empty() && base::steady_ms() < end) {
        m_activity.set_step(fmt::format("watching {} rows that do not rest", keys.size()));
        history.add(keys, read(table, {}, keys, from_source));
        if (base::steady_ms() >= next_target_look) {
            theirs = read(table, {}, keys, from_target);
            next_target_look = base::steady_ms() + kTargetLookMs;
        }
        std::erase_if(keys, [&](const std::string& key) {
            return history.had(m_options, table, key, row_of(theirs, key));
        });
        if (io::stop_signal::requested()) {
            throw io::Stopped{"rows did not rest"};
        }
        io::wait_readable(io::stop_signal::wake_fd(), kSourceLookMs);
    }
}

/// Whether the target's row of `key` may be of a later position than `at`. Versions beyond the end
/// of the log cannot come from it.
bool Recheck::is_later(const Table& table, const std::string& key, event::Order at) {
    const auto versions = m_target.versions_above(table, {key}, last_of(at, at.position()));
    return !versions.empty() && versions.front() <= last_of(at, m_source.insert_position());
}

/// What the target's rows say that it did not write since that position, they must be right at it.
void Recheck::prove(const Table& table, std::vector<std::string>& keys, Outcome& outcome,
                    std::int64_t deadline) {
    m_activity.set_step("comparing at one position");
    Selection selection;
    selection.whole_rows = true;
    selection.keys = keys;
    const auto ours = m_source.rows_at_position(
        table, selection, std::max<std::int64_t>(0, deadline - base::steady_ms()));
    if (!ours || !m_position.wait(ours->position, deadline)) {
        return;
    }
    const Rows theirs = m_target.rows(table, selection);
    std::erase_if(keys, [&](const std::string& key) {
        if (is_later(table, key, ours->order)) {
            return false;
        }
        const Row& source = row_of(ours->rows, key);
        const Row& target = row_of(theirs, key);
        if (!same_row(m_options, table, source, target)) {
            outcome.found.push_back({key, source, target, true});
        }
        return true;
    });
}

bool Recheck::wait_for_standby(std::int64_t deadline) {
    if (!m_source.is_standby()) {
        return true;
    }
    const auto reached = m_position.now();
    while (reached && m_source.insert_position() < *reached) {
        if (base::steady_ms() >= deadline) {
            return false;
        }
        if (io::stop_signal::requested()) {
            throw io::Stopped{"the source was behind"};
        }
        io::wait_readable(io::stop_signal::wake_fd(), kReplayLookMs);
        m_activity.show();
    }
    return true;
}

Recheck::Outcome Recheck::run(const Table& table, const Selection& group,
                              std::vector<std::string> keys) {
    Outcome outcome;
    const std::int64_t deadline = base::steady_ms() + m_options.settle_ms;
    const auto from_source = [&](const Selection& s) {
        return m_source.rows(table, s);
    };
    const auto from_target = [&](const Selection& s) {
        return m_target.rows(table, s);
    };
    const auto give_up = [&](const std::string& why) {
        outcome.unsettled += keys.size();
        outcome.why = why;
        return outcome;
    };
    while (!keys.empty()) {
        m_activity.set_step(fmt::format("looking again at {} rows", keys.size()));
        const bool form = images(table, group, keys.size());
        const Rows before = read(table, group, keys, from_source);
        const LogPosition position = m_source.position_after();
        if (!m_position.wait(position, deadline)) {
            return give_up(m_position.why());
        }
        const Rows theirs = read(table, group, keys, from_target);
        if (table.keyed()) { // else a count may be the same by chance: both have to rest
            std::erase_if(keys, [&](const std::string& key) {
                return same_row(m_options, table, row_of(before, key), row_of(theirs, key));
            });
        }
        if (keys.empty()) {
            return outcome;
        }
        if (!wait_for_standby(deadline)) {
            return give_up("the standby has not replayed what the target already has");
        }
        const Rows after = form == images(table, group, keys.size())
                               ? read(table, group, keys, from_source)
                               : from_source(group);
        std::vector<std::string> moving;
        for (std::string& key : keys) {
            const Row& source = row_of(before, key);
            const Row& target = row_of(theirs, key);
            if (source != row_of(after, key)) {
                moving.push_back(std::move(key));
            } else if (!same_row(m_options, table, source, target)) {
                outcome.found.push_back({std::move(key), source, target, form});
            }
        }
        keys = std::move(moving);
        if (!keys.empty() && !table.keyed()) {
            if (auto exact = at_position(table, group, deadline)) {
                return *exact;
            }
        } else if (!keys.empty() && keys.size() <= kMostHotKeys && !table.masked_key) {
            RowHistory history;
            if (form) {
                history.add(keys, before);
                history.add(keys, after);
            }
            watch(table, history, keys, deadline);
            if (!keys.empty() && keys.size() <= kMostProvenKeys) {
                prove(table, keys, outcome, deadline);
            }
        }
        if (!keys.empty() && base::steady_ms() >= deadline) {
            return give_up("these rows changed in the source each time they were looked at");
        }
    }
    return outcome;
}

std::optional<Recheck::Outcome> Recheck::at_position(const Table& table, const Selection& group,
                                                     std::int64_t deadline) {
    // All of the group, for what was the same before may have been so by chance.
    m_activity.set_step("comparing at one position");
    const auto ours = m_source.rows_at_position(
        table, group, std::max<std::int64_t>(0, deadline - base::steady_ms()));
    if (!ours || !m_position.wait(ours->position, deadline)) {
        return std::nullopt;
    }
    Selection then = group;
    then.up_to = ours->order;
    // Versions beyond the end of the log cannot come from it, whatever position is looked at.
    const auto later = m_target.versions_above(table, {}, last_of(ours->order, ours->position));
    const event::Order end = last_of(ours->order, m_source.insert_position());
    std::copy_if(later.begin(), later.end(), std::back_inserter(then.impossible),
                 [end](event::Order version) { return version > end; });
    const Rows theirs = m_target.rows(table, then);
    if (m_target.barrier(table) > *then.up_to) {
        return std::nullopt; // emptied since
    }
    Outcome outcome;
    for (const auto& [key, row] : ours->rows) {
        if (const Row& target = row_of(theirs, key); target.count != row.count) {
            outcome.found.push_back({key, row, target, false});
        }
    }
    for (const auto& [key, row] : theirs) {
        if (!ours->rows.contains(key)) {
            outcome.found.push_back({key, {}, row, false});
        }
    }
    return outcome;
}

} // namespace cdc::verify
