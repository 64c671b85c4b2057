#ifndef CDC_MYSQL_SNAPSHOT_LINES_HPP
#define CDC_MYSQL_SNAPSHOT_LINES_HPP

#include "event/order.hpp"
#include "mysql/position.hpp"
#include "mysql/row_query.hpp"
#include "mysql/table_plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// Lines of one table's snapshot, cdc-event(5): all that is the same in each is spelled once.
class SnapshotLines {
public:
    /// Where and when the rows stood so.
    struct Place {
        std::string name; ///< source.name
        bool mariadb = false;
        Position position;
        event::Order order;
        std::int64_t made_ms = 0;
    };
    /// `plan` must outlive it.
    SnapshotLines(const Place& place, const TablePlan& plan);

    void append_table(std::string& out, std::int64_t now_ms) const;
    /// `order`: begin and end line of one table have the same, though its rows may come from
    /// several positions; see cdc-snapshot's work.hpp.
    void append_begin(std::string& out, event::Order order, bool whole, std::int64_t now_ms) const;
    void append_end(std::string& out, event::Order order, bool whole, std::int64_t now_ms) const;
    /// Values in the order of the plan's columns. Throws Error (bad_data) naming the column.
    void append_row(std::string& out, const std::vector<ResultField>& values) const;
    /// The same up to the members of `after`: `{"key":…,"before":null,"after":{…}`.
    void append_values(std::string& out, const std::vector<ResultField>& values) const;
    /// The `source` of a row of this place, in another order.
    std::string row_source(event::Order order) const;

    /// What the query asks for, in the order of the plan's columns: NULL for one that is left out.
    std::string select_list() const;

private:
    std::string source(event::Order order) const;
    void append_member(std::string& out, std::size_t column, const ResultField& value) const;

    const TablePlan* m_plan;
    std::string m_source_start; ///< `{"version":…,"table":"t"`
    std::string m_row_place;    ///< `,"server_id":0,…,"row":0`
    event::Order m_order;
    std::string m_row_end;
};

} // namespace cdc::mysql

#endif
