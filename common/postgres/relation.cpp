#include "postgres/relation.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

void check_key_edit(const pgoutput::Relation& relation, const std::string& column,
                    event::ColumnEdits::Kind kind) {
    if (kind == event::ColumnEdits::Kind::leave_out || kind == event::ColumnEdits::Kind::fixed) {
        throw base::Error{ExitCode::refused,
                          fmt::format("column {} of table '{}.{}' belongs to its key, which must "
                                      "tell its rows apart",
                                      base::in_quotes(column), relation.schema, relation.name),
                          "--mask COLUMN=hash and --encrypt COLUMN keep keys apart."};
    }
    if (kind == event::ColumnEdits::Kind::encrypt_random) {
        throw event::random_key(column, fmt::format("{}.{}", relation.schema, relation.name));
    }
}

} // namespace

base::Error partial_key(const std::string& schema, const std::string& table) {
    return {ExitCode::refused,
            fmt::format("the key of table '{}.{}' has a column that the stream does not carry, "
                        "as a generated one before PostgreSQL 18, or one that the publication's "
                        "column list leaves out: rows would be taken for one",
                        schema, table),
            "A column list must have the whole key (--check says how); else ALTER TABLE … REPLICA "
            "IDENTITY FULL. Begin with a new slot and snapshot; or --exclude the table."};
}

RelationPlan::RelationPlan(const pgoutput::Relation& relation, const std::string& database,
                           const std::vector<ColumnFacts>& facts, const event::ColumnEdits& edits)
    : m_width{relation.columns.size()}, m_captured{true}, m_identity{relation.identity} {
    if (facts.size() != relation.columns.size()) {
        fail(ExitCode::failed, "the catalog described {} of {} columns of '{}.{}'", facts.size(),
             relation.columns.size(), relation.schema, relation.name);
    }
    m_shape.db = database;
    m_shape.schema = relation.schema;
    m_shape.table = relation.name;
    m_shape.oid = relation.id;
    m_shape.columns.reserve(facts.size());
    m_columns.reserve(facts.size());
    std::vector<ColumnEdit> column_edits;
    bool edited = false;
    for (std::size_t i = 0; i < facts.size(); ++i) {
        // Under FULL every column is marked as identity, under NOTHING none is: there the primary
        // key is the key.
        const bool key_not_said = relation.identity == 'f' || relation.identity == 'n';
        const bool in_key = key_not_said ? facts[i].in_primary_key : relation.columns[i].identity;
        Column column;
        column.name = relation.columns[i].name;
        event::ColumnEdits::Edit edit;
        if (!edits.empty()) {
            edit = edits.of(relation.schema, relation.name, column.name);
            edited |= edit.kind != event::ColumnEdits::Kind::keep;
            if (in_key) {
                check_key_edit(relation, column.name, edit.kind);
            }
            if (edit.kind == event::ColumnEdits::Kind::leave_out) {
                continue;
            }
        }
        const bool masked = edit.kind != event::ColumnEdits::Kind::keep;
        event::append_json_string(column.member, column.name);
        column.member += ':';
        column.codec = facts[i].codec;
        if (masked) {
            column.codec.kind = ValueKind::text;
            column.codec.delimiter = 0;
        }
        column.in_key = in_key;
        event::Column shape = facts[i].column;
        if (masked) {
            event::mask_column(shape);
        } else if (!facts[i].collation.empty()) {
            m_shape.collations.emplace(column.name, facts[i].collation);
        }
        if (in_key) {
            m_key.push_back(m_columns.size());
            shape.key = static_cast<int>(m_key.size());
        }
        if (facts[i].ambiguous) {
            m_ambiguous.push_back(column.name);
        }
        column_edits.push_back({i, std::move(edit)});
        m_columns.push_back(std::move(column));
        m_shape.columns.push_back(std::move(shape));
    }
    if (m_columns.empty() && m_width != 0) {
        throw base::Error{ExitCode::refused,
                          fmt::format("every column of table '{}.{}' is left out", relation.schema,
                                      relation.name),
                          "--exclude leaves out a table."};
    }
    for (const ColumnEdit& column : column_edits) {
        if (m_key.empty() && column.edit.kind == event::ColumnEdits::Kind::encrypt_random) {
            throw event::random_row(relation.columns[column.place].name,
                                    fmt::format("{}.{}", relation.schema, relation.name));
        }
    }
    if (edited) {
        m_edits = std::move(column_edits);
        m_masks = edits;
    }
    m_version = event::shape_version(m_shape.columns);
    m_source_members = "\"schema\":";
    event::append_json_string(m_source_members, m_shape.schema);
    m_source_members += ",\"table\":";
    event::append_json_string(m_source_members, m_shape.table);
    if (!facts.empty() && facts.front().codec.encoding == Encoding::debezium) {
        m_source_members += event::kDebeziumMember;
    }
}

const pgoutput::Tuple& RelationPlan::edit(const pgoutput::Tuple& sent, EditedRow& memory) const {
    if (m_edits.empty()) {
        return sent;
    }
    memory.row.resize(m_edits.size());
    memory.texts.resize(m_edits.size());
    for (std::size_t i = 0; i < m_edits.size(); ++i) {
        const ColumnEdit& column = m_edits[i];
        pgoutput::TupleColumn& value = memory.row[i];
        value = sent[column.place];
        if (column.edit.kind == event::ColumnEdits::Kind::fixed && value.kind != 'n') {
            value = {'t', column.edit.text}; // what did not change is the same text too
        } else if (column.edit.is_computed() && value.kind == 't') {
            memory.texts[i].clear();
            m_masks.append_computed(memory.texts[i], value.text, column.edit);
            value.text = memory.texts[i];
        }
    }
    return memory.row;
}

void RelationPlan::edit(std::size_t i, std::string& text) const {
    if (m_edits.empty()) {
        return;
    }
    const event::ColumnEdits::Edit& edit = m_edits[i].edit;
    if (edit.kind == event::ColumnEdits::Kind::fixed) {
        text = edit.text;
    } else if (edit.is_computed()) {
        std::string computed;
        m_masks.append_computed(computed, text, edit);
        text = std::move(computed);
    }
}

} // namespace cdc::postgres
