#include "cdc-verify/recheck.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

namespace cdc::verify {

namespace {

constexpr std::size_t kKeysPerQuery = 1000;
constexpr std::size_t kKeyValuesPerQuery = 4000; ///< ClickHouse takes 50,000 elements of syntax
constexpr std::size_t kMostKeys = 20'000; ///< above, the group's buckets are read again instead
constexpr int kReplayLookMs = 100;

double float_value(const Column& column, const Value& value) {
    if (column.type.kind == clickhouse::Kind::float32) {
        float out = 0;
        std::memcpy(&out, value.bytes.data(), std::min(value.bytes.size(), sizeof(out)));
        return static_cast<double>(out);
    }
    double out = 0;
    std::memcpy(&out, value.bytes.data(), std::min(value.bytes.size(), sizeof(out)));
    return out;
}

} // namespace

const Row& row_of(const Rows& rows, const std::string& key) {
    static const Row kNone;
    const auto found = rows.find(key);
    return found == rows.end() ? kNone : found->second;
}

bool nearly_equal(const Column& column, const Value& a, const Value& b, double tolerance) {
    if (a.null == b.null && a.odd == b.odd && a.bytes == b.bytes) {
        return true;
    }
    if (!column.is_float() || a.null || b.null || a.odd || b.odd) {
        return false;
    }
    const double x = float_value(column, a);
    const double y = float_value(column, b);
    return std::fabs(x - y) <= tolerance * std::max(std::fabs(x), std::fabs(y));
}

bool same_row(const Options& options, const Table& table, const Row& source, const Row& target) {
    if (source == target) {
        return true;
    }
    if (options.float_tolerance <= 0 || source.count != 1 || target.count != 1 ||
        source.value.size() <= sizeof(std::uint64_t) || !table.keyed()) {
        return false;
    }
    const auto ours = split_image(source.value, table.columns.size());
    const auto theirs = split_image(target.value, table.columns.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (!nearly_equal(table.columns[i], ours[i], theirs[i], options.float_tolerance)) {
            return false;
        }
    }
    return true;
}

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
    const std::size_t step =
        std::clamp<std::size_t>(kKeyValuesPerQuery / table.key.size(), 1, kKeysPerQuery);
    for (std::size_t i = 0; i < keys.size(); i += step) {
        const auto last = std::min(keys.size(), i + step);
        selection.keys.assign(keys.begin() + static_cast<std::ptrdiff_t>(i),
                              keys.begin() + static_cast<std::ptrdiff_t>(last));
        all.merge(reader(selection));
    }
    return all;
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
    const auto last_of = [&](LogPosition position) {
        return event::Order::make(ours->order.epoch(), position, event::Order::kMaxIndex);
    };
    Selection then = group;
    then.up_to = ours->order;
    // Versions beyond the end of the log cannot come from it, whatever position is looked at.
    const auto later = m_target.versions_above(table, {}, last_of(ours->position));
    const event::Order end = last_of(m_source.insert_position());
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
