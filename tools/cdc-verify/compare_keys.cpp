#include "cdc-verify/compare.hpp"

#include <algorithm>
#include <future>

namespace cdc::verify {

namespace {

/// Not more than Recheck asks for by key.
constexpr std::size_t kKeysPerGroup = 20'000;

std::uint64_t count_of(const Rows& rows) {
    std::uint64_t count = 0;
    for (const auto& [key, row] : rows) {
        count += row.count;
    }
    return count;
}

} // namespace

void Comparer::compare_keys(const Table& table, const std::vector<std::string>& keys,
                            TableReport& report) {
    report.source_rows = 0;
    report.target_rows = 0;
    Selection selection;
    selection.whole_rows = true;
    for (std::size_t i = 0; i < keys.size(); i += kKeysPerGroup) {
        const auto first = keys.begin() + static_cast<std::ptrdiff_t>(i);
        const std::vector<std::string> group{
            first, first + static_cast<std::ptrdiff_t>(std::min(kKeysPerGroup, keys.size() - i))};
        m_activity.set_step("reading the rows of changed keys");
        auto reading = std::async(std::launch::async, [&] {
            return m_recheck.read(table, selection, group, [&](const Selection& some) {
                return m_target.rows(table, some);
            });
        });
        Rows ours;
        try {
            ours = m_recheck.read(table, selection, group, [&](const Selection& some) {
                return m_sources[0]->rows(table, some);
            });
        } catch (...) {
            reading.wait();
            throw;
        }
        const Rows theirs = reading.get();
        *report.source_rows += count_of(ours);
        *report.target_rows += count_of(theirs);
        // By the keys that the rows have, for what a line spells otherwise would be found nowhere.
        std::vector<std::string> differing;
        for (const auto& [key, row] : ours) {
            if (!same_row(m_options, table, row, row_of(theirs, key))) {
                differing.push_back(key);
            }
        }
        for (const auto& [key, row] : theirs) {
            if (!ours.contains(key)) {
                differing.push_back(key);
            }
        }
        settle(table, selection, std::move(differing), ours, theirs, report);
    }
}

} // namespace cdc::verify
