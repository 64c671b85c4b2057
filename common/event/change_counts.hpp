#ifndef CDC_EVENT_CHANGE_COUNTS_HPP
#define CDC_EVENT_CHANGE_COUNTS_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cdc::event {

/// How many change lines each table had. Whoever makes lines keeps the pointer of a table and
/// counts there, without a search for each row.
class ChangeCounts {
public:
    /// "schema.table", and how many lines it had since the last take().
    using Table = std::pair<const std::string, std::uint64_t>;

    /// Made at the first call; it stays where it is.
    Table* of(std::string_view schema, std::string_view table) {
        std::string name{schema};
        name += '.';
        name += table;
        return &*m_counts.try_emplace(std::move(name)).first;
    }

    /// Calls `f("schema.table", count)` for what was counted since the last call.
    template<typename F>
    void take(F&& f) {
        for (auto& [name, count] : m_counts) {
            if (count != 0) {
                f(name, std::exchange(count, 0));
            }
        }
    }

private:
    std::unordered_map<std::string, std::uint64_t> m_counts;
};

} // namespace cdc::event

#endif
