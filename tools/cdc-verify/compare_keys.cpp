#include "cdc-verify/compare.hpp"

#include <algorithm>
#include <utility>

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
        const auto by_key = [&](auto& side) {
            return m_recheck.read(table, selection, group,
                                  [&](const Selection& some) { return side.rows(table, some); });
        };
        // Compared by the keys that the rows have, for what a line spells otherwise would be found
        // nowhere.
        BothRows read =
            read_both([&] { return by_key(*m_sources[0]); }, [&] { return by_key(m_target); });
        *report.source_rows += count_of(read.source);
        *report.target_rows += count_of(read.target);
        settle(table, selection, std::move(read), report);
    }
}

} // namespace cdc::verify
