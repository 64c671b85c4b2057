#include "cdc-verify/compare.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-verify/moment.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <future>

namespace cdc::verify {

namespace {

constexpr int kLeastBits = 10;
constexpr int kMostBits = 18;
constexpr std::uint64_t kRowsPerBucket = 64;
constexpr std::size_t kKeysPerQuery = 1000;
constexpr std::size_t kMostKeys = 20'000; ///< above, the group's buckets are read again instead

bool has_floats(const Table& table) {
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [](const Column& column) { return column.is_float(); });
}

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

bool equal(const Value& a, const Value& b) {
    return a.null == b.null && a.odd == b.odd && a.bytes == b.bytes;
}

bool nearly(const Column& column, const Value& a, const Value& b, double tolerance) {
    if (equal(a, b)) {
        return true;
    }
    if (!column.is_float() || a.null || b.null || a.odd || b.odd) {
        return false;
    }
    const double x = float_value(column, a);
    const double y = float_value(column, b);
    return std::fabs(x - y) <= tolerance * std::max(std::fabs(x), std::fabs(y));
}

const Row& row_of(const Rows& rows, const std::string& key) {
    static const Row kNone;
    const auto found = rows.find(key);
    return found == rows.end() ? kNone : found->second;
}

} // namespace

Comparer::Comparer(const Options& options, std::vector<std::unique_ptr<Source>>& sources,
                   Target& target, Position& position, Repair repair)
    : m_options{options}, m_sources{sources}, m_target{target},
      m_position{position}, m_repair{std::move(repair)} {}

void Comparer::compare(const Table& table, TableReport& report) {
    if (m_options.counts) {
        compare_counts(table, report);
        return;
    }
    Selection selection;
    const auto rows = static_cast<std::uint64_t>(std::max<std::int64_t>(table.facts.rows, 0));
    selection.bucket_bits =
        std::clamp(static_cast<int>(std::bit_width(rows / kRowsPerBucket)), kLeastBits, kMostBits);
    if (m_options.sample < 1) {
        selection.sample_limit =
            static_cast<std::uint64_t>(m_options.sample * std::ldexp(1.0, 64)) | 1;
    }
    const bool tolerant = m_options.float_tolerance > 0 && has_floats(table) && table.keyed();
    const bool by_row = m_options.rows || tolerant;
    if (m_options.explain) {
        base::log::info(
            "{}: {} by {}: the source's rows come by binary COPY in {} parts and are hashed here, "
            "since PostgreSQL has no fast hash that ClickHouse has too, and sending a row costs it "
            "less than md5 of its text; ClickHouse hashes its own, and sends {} buckets{}",
            table.name(), by_row ? "every row" : "checksums",
            table.keyed() ? "key" : "whole row (the table has no key)",
            table.facts.partitioned ? 1U : m_sources.size(), 1U << selection.bucket_bits,
            by_row ? "; all buckets are read, row by row" : "");
    }
    selection.whole_rows = by_row;
    for (std::vector<bool>& buckets : differing_groups(table, selection, report)) {
        selection.buckets = std::move(buckets);
        compare_group(table, selection, report);
    }
}

std::vector<std::vector<bool>> Comparer::differing_groups(const Table& table, Selection& selection,
                                                          TableReport& report) {
    const std::size_t size = std::size_t{1} << selection.bucket_bits;
    Buckets ours(size);
    Buckets theirs(size);
    std::mutex mutex;
    const int parts = table.facts.partitioned ? 1 : static_cast<int>(m_sources.size());
    std::vector<std::future<void>> work;
    work.push_back(
        std::async(std::launch::async, [&] { m_target.sums(table, selection, theirs); }));
    for (int part = 0; part < parts; ++part) {
        work.push_back(std::async(std::launch::async, [&, part] {
            Buckets mine(size);
            m_sources[static_cast<std::size_t>(part)]->sums(table, selection, part, parts, mine);
            const std::lock_guard lock{mutex};
            for (std::size_t i = 0; i < size; ++i) {
                ours[i].count += mine[i].count;
                ours[i].sum += mine[i].sum;
            }
        }));
    }
    for (auto& task : work) {
        task.wait(); // all of them end before anything is thrown: they use what lies here
    }
    for (auto& task : work) {
        task.get();
    }
    report.source_rows = 0;
    report.target_rows = 0;
    for (std::size_t i = 0; i < size; ++i) {
        *report.source_rows += ours[i].count;
        *report.target_rows += theirs[i].count;
    }
    // A count that is too high by what the lag hides looks right: where one bucket of a table
    // without key differs, the others are read too, if that costs no more than one reading.
    const bool all = selection.whole_rows || (!table.keyed() && !m_options.no_wait &&
                                              *report.source_rows <= m_options.max_rows);
    if (all && !selection.whole_rows && ours == theirs) {
        return {};
    }
    std::vector<std::vector<bool>> groups;
    std::uint64_t in_group = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint64_t most = std::max(ours[i].count, theirs[i].count);
        if (most == 0 || (!all && ours[i] == theirs[i])) {
            continue;
        }
        if (groups.empty() || in_group + most > m_options.max_rows) {
            groups.emplace_back(size, false);
            in_group = 0;
        }
        groups.back()[i] = true;
        in_group += most;
    }
    return groups;
}

bool Comparer::same(const Table& table, const Row& source, const Row& target) const {
    if (source == target) {
        return true;
    }
    if (m_options.float_tolerance <= 0 || source.count != 1 || target.count != 1 ||
        source.value.size() <= sizeof(std::uint64_t) || !table.keyed()) {
        return false;
    }
    const auto ours = split_image(source.value, table.columns.size());
    const auto theirs = split_image(target.value, table.columns.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (!nearly(table.columns[i], ours[i], theirs[i], m_options.float_tolerance)) {
            return false;
        }
    }
    return true;
}

void Comparer::compare_group(const Table& table, const Selection& selection, TableReport& report) {
    auto reading = std::async(std::launch::async, [&] { return m_target.rows(table, selection); });
    Rows ours;
    try {
        ours = m_sources[0]->rows(table, selection);
    } catch (...) {
        reading.wait();
        throw;
    }
    const Rows theirs = reading.get();
    std::vector<std::string> keys;
    for (const auto& [key, row] : ours) {
        if (!same(table, row, row_of(theirs, key))) {
            keys.push_back(key);
        }
    }
    for (const auto& [key, row] : theirs) {
        if (!ours.contains(key)) {
            keys.push_back(key);
        }
    }
    std::vector<Found> found;
    if (m_options.no_wait) {
        for (std::string& key : keys) {
            const Row& source = row_of(ours, key);
            const Row& target = row_of(theirs, key);
            found.push_back({std::move(key), source, target, selection.whole_rows});
        }
    } else if (!keys.empty()) {
        ours.clear();
        settle(table, selection, std::move(keys), found, report);
    }
    add_findings(table, found, report);
    if (m_repair && !found.empty()) {
        m_repair(table, found);
    }
}

Rows Comparer::read(const Table& table, const Selection& group,
                    const std::vector<std::string>& keys,
                    const std::function<Rows(const Selection&)>& reader) const {
    if (!table.keyed() || keys.size() > kMostKeys) {
        return reader(group);
    }
    Rows all;
    Selection selection;
    selection.bucket_bits = group.bucket_bits;
    selection.whole_rows = true;
    for (std::size_t i = 0; i < keys.size(); i += kKeysPerQuery) {
        const auto last = std::min(keys.size(), i + kKeysPerQuery);
        selection.keys.assign(keys.begin() + static_cast<std::ptrdiff_t>(i),
                              keys.begin() + static_cast<std::ptrdiff_t>(last));
        all.merge(reader(selection));
    }
    return all;
}

void Comparer::settle(const Table& table, const Selection& group, std::vector<std::string> keys,
                      std::vector<Found>& found, TableReport& report) {
    const std::int64_t deadline = base::steady_ms() + m_options.settle_ms;
    const auto from_source = [&](const Selection& s) {
        return m_sources[0]->rows(table, s);
    };
    const auto from_target = [&](const Selection& s) {
        return m_target.rows(table, s);
    };
    while (!keys.empty()) {
        // Rows of one list of keys are of one form; a shorter list may have another.
        const bool images = table.keyed() && (group.whole_rows || keys.size() <= kMostKeys);
        const Rows before = read(table, group, keys, from_source);
        const postgres::Lsn position = m_sources[0]->position_after();
        if (!m_position.wait(position, deadline)) {
            report.unsettled += keys.size();
            report.why_unsettled = m_position.why();
            return;
        }
        const Rows theirs = read(table, group, keys, from_target);
        if (table.keyed()) { // else a count may be the same by chance: both have to rest
            std::erase_if(keys, [&](const std::string& key) {
                return same(table, row_of(before, key), row_of(theirs, key));
            });
        }
        if (keys.empty()) {
            return;
        }
        const Rows after =
            images == (table.keyed() && (group.whole_rows || keys.size() <= kMostKeys))
                ? read(table, group, keys, from_source)
                : from_source(group);
        std::vector<std::string> moving;
        for (std::string& key : keys) {
            const Row& source = row_of(before, key);
            const Row& target = row_of(theirs, key);
            if (source != row_of(after, key)) {
                moving.push_back(std::move(key));
            } else if (!same(table, source, target)) {
                found.push_back({std::move(key), source, target, images});
            }
        }
        keys = std::move(moving);
        if (!keys.empty() && !table.keyed() && settle_at_position(table, group, found, deadline)) {
            return;
        }
        if (!keys.empty() && base::steady_ms() >= deadline) {
            report.unsettled += keys.size();
            report.why_unsettled = "these rows changed in the source each time they were looked at";
            return;
        }
    }
}

/// All of the group, for what was the same before may have been so by chance. False: not possible
/// now. True: done, whatever came of it.
bool Comparer::settle_at_position(const Table& table, const Selection& group,
                                  std::vector<Found>& found, std::int64_t deadline) {
    std::optional<Moment> moment;
    try {
        moment.emplace(m_options.source, std::max<std::int64_t>(0, deadline - base::steady_ms()));
    } catch (const base::Error& error) {
        base::log::debug("{}: cannot be compared at one position: {}", table.name(), error.what());
        return false;
    }
    const Rows ours = m_sources[0]->rows_in(moment->snapshot(), table, group);
    if (!m_position.wait(moment->position(), deadline)) {
        return false;
    }
    Selection then = group;
    then.up_to = moment->order();
    // Versions beyond the end of the log cannot come from it, whatever moment is looked at.
    const auto later = m_target.versions_above(table, {}, moment->order(event::Order::kMaxIndex));
    const auto end = event::Order::make(moment->order().epoch(), m_sources[0]->insert_position(),
                                        event::Order::kMaxIndex);
    std::copy_if(later.begin(), later.end(), std::back_inserter(then.impossible),
                 [end](event::Order version) { return version > end; });
    const Rows theirs = m_target.rows(table, then);
    if (m_target.barrier(table) > *then.up_to) {
        return false; // emptied since
    }
    found.clear();
    for (const auto& [key, row] : ours) {
        if (const Row& target = row_of(theirs, key); target.count != row.count) {
            found.push_back({key, row, target, false});
        }
    }
    for (const auto& [key, row] : theirs) {
        if (!ours.contains(key)) {
            found.push_back({key, {}, row, false});
        }
    }
    return true;
}

void Comparer::compare_counts(const Table& table, TableReport& report) {
    const std::int64_t deadline = base::steady_ms() + m_options.settle_ms;
    while (true) {
        report.source_rows = m_sources[0]->count(table);
        if (m_options.no_wait) {
            report.target_rows = m_target.count(table);
        } else {
            report.target_rows = m_target.count(table);
            if (report.source_rows == report.target_rows) {
                return;
            }
            if (!m_position.wait(m_sources[0]->position_after(), deadline)) {
                report.unsettled = 1;
                report.why_unsettled = m_position.why();
                return;
            }
            report.target_rows = m_target.count(table);
        }
        const std::uint64_t ours = *report.source_rows;
        const std::uint64_t theirs = *report.target_rows;
        if (ours == theirs || m_options.no_wait || m_sources[0]->count(table) == ours) {
            report.missing = ours > theirs ? ours - theirs : 0;
            report.extra = theirs > ours ? theirs - ours : 0;
            return;
        }
        if (base::steady_ms() >= deadline) {
            report.unsettled = 1;
            report.why_unsettled = "the number of rows changed each time it was looked at";
            return;
        }
    }
}

void Comparer::add_findings(const Table& table, const std::vector<Found>& found,
                            TableReport& report) {
    using Kind = RowDifference::Kind;
    std::vector<const Found*> shown;
    for (const Found& item : found) {
        const Kind kind = item.target.count < item.source.count   ? Kind::missing
                          : item.target.count > item.source.count ? Kind::extra
                                                                  : Kind::different;
        ++(kind == Kind::missing ? report.missing
           : kind == Kind::extra ? report.extra
                                 : report.different);
        if (report.shown.size() < m_options.show) {
            RowDifference row;
            row.kind = kind;
            row.source_count = item.source.count;
            row.target_count = item.target.count;
            const std::size_t width = table.keyed() ? table.key.size() : table.columns.size();
            const auto values = split_image(item.key, width);
            for (std::size_t i = 0; i < width; ++i) {
                const Column& column = table.columns[table.keyed() ? table.key[i] : i];
                row.key.emplace_back(column.name, text_of(column.type, values[i]));
            }
            report.shown.push_back(std::move(row));
            shown.push_back(&item);
        }
    }
    std::size_t next = report.shown.size() - shown.size();
    for (const Found* item : shown) {
        RowDifference& row = report.shown[next++];
        if (row.kind != Kind::different) {
            continue;
        }
        Row source = item->source;
        Row target = item->target;
        if (!item->images) { // what it is now, which is for people only
            Selection one;
            one.whole_rows = true;
            one.bucket_bits = kLeastBits;
            one.keys = {item->key};
            source = row_of(m_sources[0]->rows(table, one), item->key);
            target = row_of(m_target.rows(table, one), item->key);
        }
        if (source.count != 1 || target.count != 1) {
            continue;
        }
        const auto ours = split_image(source.value, table.columns.size());
        const auto theirs = split_image(target.value, table.columns.size());
        for (std::size_t i = 0; i < ours.size(); ++i) {
            const Column& column = table.columns[i];
            if (!nearly(column, ours[i], theirs[i], m_options.float_tolerance)) {
                row.cells.push_back({column.name, text_of(column.type, ours[i]),
                                     text_of(column.type, theirs[i]), ours[i].null,
                                     theirs[i].null});
            }
        }
    }
}

} // namespace cdc::verify
