#ifndef CDC_SNAPSHOT_POSTGRES_TABLE_HPP
#define CDC_SNAPSHOT_POSTGRES_TABLE_HPP

#include "cdc-snapshot/work.hpp"
#include "postgres/snapshot_lines.hpp"
#include "postgres/table_scan.hpp"

#include <optional>
#include <string>

namespace cdc::snapshot {

/// A table of PostgreSQL on its way.
class PostgresTable : public TableWork {
public:
    /// `user_condition`: "": none.
    PostgresTable(postgres::ScanTable table, postgres::RelationPlan relation_plan,
                  std::string user_condition, const postgres::SnapshotLines::Place& place);

    /// Adds the publication's row filter, which only who holds the table's lock can ask for.
    void set_row_filter(std::string filter);

    void append_shape(std::string& out, std::int64_t now_ms) const override;
    void append_facts(std::string& out, std::int64_t now_ms) const override;
    void append_begin(std::string& out, std::int64_t now_ms) const override;
    void append_end(std::string& out, std::int64_t now_ms) const override;

    postgres::ScanTable scan;
    const postgres::RelationPlan plan;
    const std::string condition; ///< of the user
    postgres::ScanSql sql;
    std::optional<event::Facts> facts;
    const postgres::SnapshotLines lines;
};

} // namespace cdc::snapshot

#endif
