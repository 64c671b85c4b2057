#ifndef CDC_LOAD_KEPT_LINES_HPP
#define CDC_LOAD_KEPT_LINES_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::load {

/// The change lines of a batch as they were read, for the case that one of them is refused.
class KeptLines {
public:
    static constexpr std::uint64_t kNoRow = UINT64_MAX;

    /// What is loaded together: a line, or the two of a key change.
    struct Unit {
        std::size_t offset;
        std::size_t size;           ///< of the first line
        std::size_t second;         ///< size of the line behind it; 0: none
        std::uint64_t line_number;  ///< of the first line
        std::uint64_t snapshot_row; ///< of a table without key: its number; kNoRow: none
        bool half; ///< the other line of its key change is broken: it must not be loaded alone
    };

    void add(std::string_view first, std::string_view second, std::uint64_t line_number,
             std::uint64_t snapshot_row, bool half) {
        m_units.push_back(
            {m_bytes.size(), first.size(), second.size(), line_number, snapshot_row, half});
        m_bytes.append(first).append(second);
    }
    const std::vector<Unit>& units() const { return m_units; }
    std::string_view first(const Unit& unit) const {
        return std::string_view{m_bytes}.substr(unit.offset, unit.size);
    }
    std::string_view second(const Unit& unit) const {
        return std::string_view{m_bytes}.substr(unit.offset + unit.size, unit.second);
    }
    bool empty() const { return m_units.empty(); }
    std::size_t capacity() const { return m_bytes.capacity(); }
    void clear() {
        m_units.clear();
        m_bytes.clear();
    }
    void release() {
        m_units = {};
        m_bytes = {};
    }

private:
    std::string m_bytes;
    std::vector<Unit> m_units;
};

} // namespace cdc::load

#endif
