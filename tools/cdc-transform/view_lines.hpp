#ifndef CDC_TRANSFORM_VIEW_LINES_HPP
#define CDC_TRANSFORM_VIEW_LINES_HPP

#include "duckdb/result.hpp"
#include "event/order.hpp"
#include "event/table.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::transform {

/// What the lines of one cut have in common.
struct CutStamp {
    std::string name;           ///< --name: `name` and `db` of each source
    std::uint16_t epoch = 0;    ///< of the outputs' orders
    std::uint64_t position = 0; ///< of this cut's
    std::uint64_t index = 0;    ///< of the last line
    std::int64_t commit_ts_ms = 0;
    std::int64_t now_ms = 0;
};

/// Writes the lines of one view: cdc-event(5), connector `transform`.
class ViewLines {
public:
    /// Columns in their order; names and types as in table lines.
    explicit ViewLines(event::Table table);

    const event::Table& table() const { return m_table; }

    void append_table(std::string& out, const CutStamp& cut) const;
    void append_begin(std::string& out, const CutStamp& cut) const;
    void append_end(std::string& out, const CutStamp& cut) const;
    void append_truncate(std::string& out, CutStamp& cut) const;

    /// A row of a result whose columns from `before` and from `after` on hold the row as it was and
    /// as it is; kNone: there is none. Op r where `cut.index` stays 0.
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    void append_change(std::string& out, CutStamp& cut, char op, const duckdb::Result& rows,
                       std::uint64_t row, std::size_t before, std::size_t after);

private:
    std::string source(const CutStamp& cut, std::string_view snapshot, std::uint64_t index) const;
    void append_image(std::string& out, const duckdb::Result& rows, std::uint64_t row,
                      std::size_t first) const;
    void append_key(std::string& out, const duckdb::Result& rows, std::uint64_t row,
                    std::size_t first) const;
    void begin_source(const CutStamp& cut, bool snapshot);

    event::Table m_table;
    std::vector<std::string> m_members; ///< `"name":` of each column
    std::vector<std::size_t> m_keys;    ///< places of the key's columns, in the key's order
    std::string m_source;               ///< of one cut, up to the order
    std::uint64_t m_source_position = 0;
    bool m_source_snapshot = false;
};

} // namespace cdc::transform

#endif
