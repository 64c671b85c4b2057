#include "record/avro_text.hpp"
#include "record/column_type.hpp"
#include "record/debezium_avro_types.hpp"
#include "record/field_name.hpp"
#include "record/table_schemas.hpp"

#include <fmt/format.h>

namespace cdc::record {

namespace {

constexpr const char* kSnapshotType =
    R"([{"type":"string","connect.version":1,"connect.parameters":{"allowed":"true,first,)"
    R"(first_in_data_collection,last_in_data_collection,last,false,incremental"},)"
    R"("connect.default":"false","connect.name":"io.debezium.data.Enum"},"null"])";

std::string text_field(std::string_view name) {
    return avro_field(name, R"("string")");
}

/// As Debezium has it, and `order` behind.
std::string debezium_source_type(std::string_view connector) {
    const bool mysql = is_mysql(connector);
    std::string fields = text_field("version") + "," + text_field("connector") + "," +
                         text_field("name") + "," + avro_field("ts_ms", R"("long")") + "," +
                         avro_field("snapshot", kSnapshotType, R"(,"default":"false")") + "," +
                         text_field("db");
    const auto add = [&](const std::string& field) {
        fields.append(1, ',').append(field);
    };
    add(nullable_avro_field("sequence", R"("string")"));
    add(nullable_avro_field("ts_us", R"("long")"));
    add(nullable_avro_field("ts_ns", R"("long")"));
    if (mysql) {
        add(nullable_avro_field("table", R"("string")"));
        add(avro_field("server_id", R"("long")"));
        add(nullable_avro_field("gtid", R"("string")"));
        add(text_field("file"));
        add(avro_field("pos", R"("long")"));
        add(avro_field("row", R"("int")"));
        add(nullable_avro_field("thread", R"("long")"));
        add(nullable_avro_field("query", R"("string")"));
    } else {
        add(text_field("schema"));
        add(text_field("table"));
        add(nullable_avro_field("txId", R"("long")"));
        add(nullable_avro_field("lsn", R"("long")"));
        add(nullable_avro_field("xmin", R"("long")"));
    }
    add(nullable_avro_field("order", R"("string")"));
    const std::string space = fmt::format("io.debezium.connector.{}", connector);
    return fmt::format(R"({{"type":"record","name":"Source","namespace":"{0}","fields":[{1}],)"
                       R"("connect.version":1,"connect.name":"{0}.Source"}})",
                       space, fields);
}

constexpr const char* kBehindSource =
    R"({"name":"transaction","type":["null",{"type":"record","name":"block","namespace":"event",)"
    R"("fields":[{"name":"id","type":"string"},{"name":"total_order","type":"long"},)"
    R"({"name":"data_collection_order","type":"long"}],"connect.version":1,)"
    R"("connect.name":"event.block"}],"default":null},{"name":"op","type":"string"},)"
    R"({"name":"ts_ms","type":["null","long"],"default":null},)"
    R"({"name":"ts_us","type":["null","long"],"default":null},)"
    R"({"name":"ts_ns","type":["null","long"],"default":null})";

std::string fields(const TableContext& context, bool key_only) {
    DebeziumAvroTypes types{context.connector};
    std::string out;
    for (const event::Column& column : context.table.columns) {
        if (key_only && column.key == 0) {
            continue;
        }
        out += out.empty() ? "" : ",";
        const std::string type = types.of(column);
        out += column.nullable ? nullable_avro_field(field_name(column.name), type)
                               : avro_field(field_name(column.name), type);
    }
    return out;
}

} // namespace

TableSchemas debezium_avro_schemas(const TableContext& context) {
    const std::string space = record_namespace(context);
    TableSchemas out;
    out.key_name = space + ".Key";
    out.value_name = space + ".Envelope";
    if (context.table.has_key()) {
        out.key = fmt::format(R"({{"type":"record","name":"Key","namespace":"{0}","fields":[{1}],)"
                              R"("cdc.names":"escaped","connect.name":"{0}.Key"}})",
                              space, fields(context, true));
    }
    out.value = fmt::format(
        R"({{"type":"record","name":"Envelope","namespace":"{0}","fields":[{{"name":"before",)"
        R"("type":["null",{{"type":"record","name":"Value","fields":[{1}],"cdc.row":true,)"
        R"("connect.name":"{0}.Value"}}],"default":null}},{{"name":"after","type":)"
        R"(["null","Value"],"default":null}},{{"name":"source","type":{2}}},{3}],)"
        R"("cdc.names":"escaped","connect.version":2,"connect.name":"{0}.Envelope"}})",
        space, fields(context, false), debezium_source_type(context.connector), kBehindSource);
    return out;
}

} // namespace cdc::record
