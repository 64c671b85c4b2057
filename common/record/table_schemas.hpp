#ifndef CDC_RECORD_TABLE_SCHEMAS_HPP
#define CDC_RECORD_TABLE_SCHEMAS_HPP

#include "event/table.hpp"

#include <string>
#include <string_view>

namespace cdc::record {

/// The schemas of a table's records, as texts for a registry.
struct TableSchemas {
    std::string key; ///< empty: the table has no key
    std::string key_name;
    std::string value;
    std::string value_name; ///< full name, for subjects
};

/// What a table line and its source say.
struct TableContext {
    const event::Table& table;   ///< with its identity
    std::string_view table_json; ///< the line's first member
    std::string_view connector;
    std::string_view prefix;
};

/// PREFIX.SCHEMA.TABLE in names that Avro takes.
std::string record_namespace(const TableContext& context);

/// Avro schemas of exact values: every value of cdc-event(5) that Avro has a form for comes back as
/// it was. Columns of rows are nullable without exception and default to null, so that every ALTER
/// that adds, drops or tightens columns is compatible both ways.
TableSchemas avro_schemas(const TableContext& context);

/// Avro schemas of values in Debezium's encodings: its names, types and `connect.*` attributes.
/// Where they differ: columns have no defaults, `source` has `order`, and names are those of
/// field_name().
TableSchemas debezium_avro_schemas(const TableContext& context);

/// Protobuf schemas (proto3): every field is optional, and its number is the source's own number of
/// the column, or made of its name.
TableSchemas proto_schemas(const TableContext& context);

/// JSON schemas (draft-07) of lines as they are.
TableSchemas json_schemas(const TableContext& context);

} // namespace cdc::record

#endif
