#include "cdc-verify/postgres_repair.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "cdc-verify/postgres_lineage.hpp"
#include "event/json_writer.hpp"
#include "postgres/catalog.hpp"
#include "postgres/exported_snapshot.hpp"
#include "postgres/row_json.hpp"

namespace cdc::verify {

PostgresRepairPoint::PostgresRepairPoint(const std::string& url, const Table& table,
                                         Activity& activity)
    : m_point{url, -1}, m_reader{url, activity}, m_plain{m_reader.connection()}, m_table{table} {
    // A row for which the condition has ceased to hold is there all the same.
    m_table.where.clear();
    postgres::begin_in_snapshot(m_plain, m_point.snapshot());
    describe();
}

void PostgresRepairPoint::describe() {
    const postgres::Result columns = m_plain.query(
        "SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = $1::oid AND "
        "attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        {std::to_string(m_table.facts.id)});
    postgres::pgoutput::Relation relation;
    relation.id = m_table.facts.id;
    relation.schema = m_table.facts.schema;
    relation.name = m_table.facts.table;
    relation.identity = m_table.facts.identity;
    for (int row = 0; row < columns.rows(); ++row) {
        postgres::pgoutput::RelationColumn column;
        column.name = columns.text(row, 0);
        column.type = base::parse_integer<std::uint32_t>(columns.text(row, 1)).value_or(0);
        column.modifier = base::parse_integer<std::int32_t>(columns.text(row, 2)).value_or(-1);
        for (const source::FactColumn& fact : m_table.facts.columns) {
            column.identity |= fact.name == column.name && fact.in_identity;
        }
        m_select += (row == 0 ? "" : ", ") + m_plain.quoted_name(column.name);
        relation.columns.push_back(column);
    }
    postgres::Catalog catalog{m_plain};
    m_plan = std::make_unique<postgres::RelationPlan>(relation, m_plain.database(),
                                                      catalog.describe(relation), *m_table.edits);
}

void PostgresRepairPoint::append_source(std::string& out, std::uint64_t index) const {
    out += "{\"version\":";
    event::append_json_string(out, base::version());
    out += ",\"connector\":\"postgresql\",\"name\":";
    event::append_json_string(out, m_plain.database());
    out += ",\"ts_ms\":";
    base::append_integer(out, base::now_ms());
    out += ",\"snapshot\":\"true\",\"db\":";
    event::append_json_string(out, m_plain.database());
    out += ',' + m_plan->source_members() + ",\"lsn\":";
    event::append_json_integer(out, m_point.position());
    out += ",\"xmin\":null,\"order\":\"" + m_point.order(index).text();
    out += "\"}";
}

std::uint64_t
PostgresRepairPoint::append_rows(std::string& out, const std::vector<std::string>& keys,
                                 const std::function<void(std::string&)>& append_tail) {
    const postgres::Result rows =
        m_plain.query("SELECT " + m_select + " FROM " + m_reader.from(m_table) + " WHERE " +
                      m_reader.keys_sql(m_table, keys));
    std::vector<std::size_t> missing;
    postgres::RelationPlan::EditedRow memory;
    for (int row = 0; row < rows.rows(); ++row) {
        postgres::pgoutput::Tuple tuple;
        for (int column = 0; column < rows.columns(); ++column) {
            const bool null = rows.is_null(row, column);
            tuple.push_back({null ? 'n' : 't', rows.text(row, column)});
        }
        const postgres::pgoutput::Tuple& edited = m_plan->edit(tuple, memory);
        out += "{\"key\":";
        postgres::append_key(out, *m_plan, edited);
        out += ",\"before\":null,\"after\":";
        postgres::append_row(out, *m_plan, edited, missing);
        append_tail(out);
    }
    return static_cast<std::uint64_t>(rows.rows());
}

void PostgresRepairPoint::check_lineage(const std::optional<event::Order>& loaded) {
    refuse_repair_from(loaded, m_point.system().timelines, end(), m_reader.is_standby());
}

} // namespace cdc::verify
