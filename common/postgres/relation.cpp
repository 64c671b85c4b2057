#include "postgres/relation.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

RelationPlan::RelationPlan(const pgoutput::Relation& relation, const std::string& database,
                           const std::vector<ColumnFacts>& facts)
    : m_captured{true} {
    if (facts.size() != relation.columns.size()) {
        fail(ExitCode::failed, "the catalog described {} of {} columns of '{}.{}'", facts.size(),
             relation.columns.size(), relation.schema, relation.name);
    }
    m_shape.db = database;
    m_shape.schema = relation.schema;
    m_shape.table = relation.name;
    m_shape.oid = relation.id;
    for (std::size_t i = 0; i < facts.size(); ++i) {
        // Under FULL every column is marked as identity: there the primary key is the key.
        const bool in_key =
            relation.identity == 'f' ? facts[i].in_primary_key : relation.columns[i].identity;
        Column column;
        column.name = relation.columns[i].name;
        event::append_json_string(column.member, column.name);
        column.member += ':';
        column.kind = value_kind(facts[i].type);
        column.in_key = in_key;
        event::Column shape = facts[i].column;
        if (in_key) {
            m_key.push_back(i);
            shape.key = static_cast<int>(m_key.size());
        }
        if (facts[i].unfilled) {
            m_shape.unfilled.push_back(column.name);
        }
        m_columns.push_back(std::move(column));
        m_shape.columns.push_back(std::move(shape));
    }
    m_version = event::shape_version(m_shape.columns);
    m_source_members = "\"schema\":";
    event::append_json_string(m_source_members, m_shape.schema);
    m_source_members += ",\"table\":";
    event::append_json_string(m_source_members, m_shape.table);
}

} // namespace cdc::postgres
