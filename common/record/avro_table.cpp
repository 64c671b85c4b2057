#include "record/table_schemas.hpp"

#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "record/avro_text.hpp"
#include "record/column_type.hpp"
#include "record/field_name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::record {

namespace {

constexpr const char* kUnsigned =
    R"({"type":"bytes","logicalType":"decimal","precision":20,"scale":0,"cdc.form":"integer"})";
constexpr const char* kNames = R"(["null",{"type":"array","items":"string"}])";

std::string timestamp_type(const char* logical, int digits) {
    return fmt::format(R"({{"type":"long","logicalType":"{}"{}}})", logical,
                       digits < 0 ? "" : fmt::format(R"(,"cdc.digits":{})", digits));
}

std::string float_type(const char* name, bool mysql) {
    return mysql ? fmt::format(R"({{"type":"{}","cdc.float":"plain"}})", name)
                 : fmt::format(R"("{}")", name);
}

std::string element_type(const ColumnType& type, bool mysql) {
    switch (type.kind) {
    case ColumnKind::text:
        return R"("string")";
    case ColumnKind::boolean:
        return R"("boolean")";
    case ColumnKind::int16:
    case ColumnKind::int32:
        return R"("int")";
    case ColumnKind::int64:
        return R"("long")";
    case ColumnKind::uint64:
        return kUnsigned;
    case ColumnKind::float32:
        return float_type("float", mysql);
    case ColumnKind::float64:
        return float_type("double", mysql);
    case ColumnKind::decimal:
        return fmt::format(
            R"({{"type":"bytes","logicalType":"decimal","precision":{},"scale":{}}})",
            type.precision, type.scale);
    case ColumnKind::bytes:
        return R"("bytes")";
    case ColumnKind::date:
        return R"({"type":"int","logicalType":"date"})";
    case ColumnKind::time:
        return R"({"type":"long","logicalType":"time-micros"})";
    case ColumnKind::local_timestamp:
        return timestamp_type("local-timestamp-micros", type.digits);
    case ColumnKind::utc_timestamp:
        return timestamp_type("timestamp-micros", type.digits);
    }
    return {};
}

std::string avro_type(const event::Column& column, std::string_view connector) {
    const ColumnType type = column_type(column, connector);
    const std::string element = element_type(type, is_mysql(connector));
    return type.array ? fmt::format(R"({{"type":"array","items":["null",{}]}})", element) : element;
}

/// A field that JSON does not have where it is null.
std::string optional_field(std::string_view name, std::string_view type) {
    return avro_field(name, type, R"(,"default":null,"cdc.optional":true)");
}

std::string key_fields(const TableContext& context) {
    std::string out;
    for (const event::Column& column : context.table.columns) {
        if (column.key > 0) {
            const std::string type = avro_type(column, context.connector);
            out += out.empty() ? "" : ",";
            out += column.nullable ? nullable_avro_field(field_name(column.name), type)
                                   : avro_field(field_name(column.name), type);
        }
    }
    return out;
}

std::string row_fields(const TableContext& context) {
    std::string out;
    for (const event::Column& column : context.table.columns) {
        out += out.empty() ? "" : ",";
        out += nullable_avro_field(field_name(column.name), avro_type(column, context.connector));
    }
    return out;
}

std::string source_type(std::string_view connector) {
    const bool mysql = is_mysql(connector);
    std::string out = fmt::format(R"({{"type":"record","name":"Source","namespace":"cdc.{}",)",
                                  mysql ? "mysql" : "postgresql");
    out += R"("fields":[{"name":"version","type":"string"},{"name":"connector","type":"string"},)"
           R"({"name":"name","type":"string"},)";
    out += nullable_avro_field("ts_ms", R"("long")") + R"(,{"name":"snapshot","type":"string"},)";
    out += R"({"name":"db","type":"string"},)";
    if (mysql) {
        out += R"({"name":"table","type":"string"},)" +
               nullable_avro_field("server_id", R"("long")") + "," +
               nullable_avro_field("gtid", R"("string")") + "," +
               nullable_avro_field("file", R"("string")") + "," +
               nullable_avro_field("pos", R"("long")") + "," +
               nullable_avro_field("row", R"("long")") + ",";
    } else {
        out += optional_field("sequence", R"(["null","string"])") +
               R"(,{"name":"schema","type":"string"},{"name":"table","type":"string"},)" +
               nullable_avro_field("txId", R"("long")") + "," +
               nullable_avro_field("lsn", R"("long")") + "," +
               nullable_avro_field("xmin", R"("long")") + ",";
    }
    out += R"({"name":"order","type":"string"},)" + optional_field("fetched", kNames) + "," +
           optional_field("gone", kNames) + "]}";
    return out;
}

constexpr const char* kTransaction =
    R"(["null",{"type":"record","name":"Transaction","namespace":"cdc","fields":[)"
    R"({"name":"id","type":"string"},{"name":"total_order","type":"long"},)"
    R"({"name":"data_collection_order","type":["null","long"],"default":null}]}])";

} // namespace

std::string record_namespace(const TableContext& context) {
    std::string out;
    std::string_view rest = context.prefix;
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        if (!part.empty()) {
            out += field_name(part) + ".";
        }
    }
    const event::Table& table = context.table;
    out += field_name(table.schema.empty() ? table.db : table.schema) + ".";
    return out + field_name(table.table);
}

TableSchemas avro_schemas(const TableContext& context) {
    const std::string space = record_namespace(context);
    TableSchemas out;
    out.key_name = space + ".Key";
    out.value_name = space + ".Envelope";
    const std::string key_type =
        fmt::format(R"({{"type":"record","name":"Key","namespace":"{}","fields":[{}]}})", space,
                    key_fields(context));
    std::string& value = out.value;
    value =
        fmt::format(R"({{"type":"record","name":"Envelope","namespace":"{}","fields":[)", space);
    value += nullable_avro_field(
        "before", fmt::format(R"({{"type":"record","name":"Value","cdc.row":true,"fields":[{}]}})",
                              row_fields(context)));
    value += "," + nullable_avro_field("after", R"("Value")");
    value += "," + optional_field("unchanged", kNames);
    if (context.table.has_key()) {
        // The root's attribute, which names depend on, is this record's too.
        out.key = key_type;
        out.key.insert(1, R"("cdc.names":"escaped",)");
        value += "," + optional_field("key_after", fmt::format(R"(["null",{}])", key_type));
        value += "," + optional_field("key_before", R"(["null","Key"])");
    }
    value += "," + avro_field("source", source_type(context.connector));
    value += R"(,{"name":"op","type":"string"},)" + nullable_avro_field("ts_ms", R"("long")");
    value += "," + optional_field("transaction", kTransaction);
    value += "," + optional_field("before_columns", kNames);
    value += "," + optional_field("after_columns", kNames);
    value += R"(],"cdc.names":"escaped","cdc.table":)";
    value += context.table_json;
    value += '}';
    return out;
}

} // namespace cdc::record
