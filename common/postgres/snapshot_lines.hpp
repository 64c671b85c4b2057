#ifndef CDC_POSTGRES_SNAPSHOT_LINES_HPP
#define CDC_POSTGRES_SNAPSHOT_LINES_HPP

#include "event/facts.hpp"
#include "event/order.hpp"
#include "postgres/lsn.hpp"
#include "postgres/pgoutput.hpp"
#include "postgres/relation.hpp"

#include <cstdint>
#include <string>

namespace cdc::postgres {

/// The lines of one table's snapshot at one position: cdc-event(5). Rows go through the same code
/// as the stream's (row_json.hpp), so that a value has the same bytes either way.
class SnapshotLines {
public:
    struct Place {
        std::string name;     ///< source.name
        std::string database; ///< source.db
        Lsn position = 0;
        event::Order order;       ///< of the position
        std::int64_t made_ms = 0; ///< when the position was taken
    };
    /// `plan` must outlive this.
    SnapshotLines(const Place& place, const RelationPlan& plan);

    void append_table(std::string& out, std::int64_t now_ms) const;
    /// As they were at the position.
    void append_facts(std::string& out, const event::Facts& facts, std::int64_t now_ms) const;
    /// `order`: of the begin line, the end line of one table have the same, though its rows may
    /// come from several positions; see cdc-snapshot's work.hpp.
    void append_begin(std::string& out, event::Order order, bool whole, std::int64_t now_ms) const;
    void append_end(std::string& out, event::Order order, bool whole, std::int64_t now_ms) const;

    /// What `ts_ms` of rows says from now on. Call it before append_row(): tables that wait to be
    /// read hold nothing of it.
    void set_time(std::int64_t now_ms);
    /// Throws Error (bad_data) naming the column; `out` then ends in a part of a line.
    void append_row(std::string& out, const pgoutput::Tuple& row);

private:
    std::string source(event::Order order) const;

    const RelationPlan* m_plan;
    Lsn m_position;
    event::Order m_order;
    std::string m_source_start; ///< `{"version":…,"db":…,`
    std::string m_row_end;      ///< `,"source":{…},"op":"r","ts_ms":N}` and end of line
    std::vector<std::size_t> m_missing;
    RelationPlan::EditedRow m_edited;
};

} // namespace cdc::postgres

#endif
