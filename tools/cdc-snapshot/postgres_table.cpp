#include "cdc-snapshot/postgres_table.hpp"

namespace cdc::snapshot {

namespace {

TableWork::About about(const postgres::ScanTable& scan, bool whole) {
    TableWork::About out;
    out.schema = scan.schema;
    out.name = scan.name;
    out.oid = scan.oid;
    out.shape = shape_of(scan.mark);
    out.rows = scan.rows;
    out.bytes = scan.bytes;
    for (const auto& column : scan.paging_key) {
        out.paging_key.push_back(column.name);
    }
    out.partitioned = scan.partitioned;
    out.correlation = scan.correlation;
    out.whole = whole;
    return out;
}

} // namespace

PostgresTable::PostgresTable(postgres::ScanTable table, postgres::RelationPlan relation_plan,
                             std::string user_condition,
                             const postgres::SnapshotLines::Place& place)
    : TableWork{snapshot::about(table, user_condition.empty())}, scan{std::move(table)},
      plan{std::move(relation_plan)}, condition{std::move(user_condition)}, sql{scan, condition},
      lines{place, plan} {}

void PostgresTable::set_row_filter(std::string filter) {
    scan.row_filter = std::move(filter);
    sql = {scan, condition};
}

void PostgresTable::append_shape(std::string& out, std::int64_t now_ms) const {
    lines.append_table(out, now_ms);
}

void PostgresTable::append_facts(std::string& out, std::int64_t now_ms) const {
    if (facts) {
        lines.append_facts(out, *facts, now_ms);
    }
}

void PostgresTable::append_begin(std::string& out, std::int64_t now_ms) const {
    lines.append_begin(out, order, about.whole, now_ms);
}

void PostgresTable::append_end(std::string& out, std::int64_t now_ms) const {
    lines.append_end(out, order, about.whole, now_ms);
}

} // namespace cdc::snapshot
