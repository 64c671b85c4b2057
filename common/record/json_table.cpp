#include "event/json_writer.hpp"
#include "record/column_type.hpp"
#include "record/table_schemas.hpp"

#include <fmt/format.h>

/// JSON schemas of lines as they are. Rows have no other columns than these, so that a registry
/// lets a column come under its rule BACKWARD; one that goes needs another rule.
namespace cdc::record {

namespace {

constexpr const char* kHead = R"({"$schema":"http://json-schema.org/draft-07/schema#",)";

/// The JSON types of a value, without null.
const char* json_types(ColumnKind kind) {
    switch (kind) {
    case ColumnKind::boolean:
        return R"("boolean")";
    case ColumnKind::int16:
    case ColumnKind::int32:
        return R"("integer")";
    case ColumnKind::int64:
    case ColumnKind::uint64:
        return R"("integer","string")"; // a string beyond what a double holds
    case ColumnKind::float32:
    case ColumnKind::float64:
        return R"("number","string")"; // NaN and infinities
    default:
        return R"("string")";
    }
}

std::string property(const event::Column& column, std::string_view connector, bool nullable) {
    std::string out;
    event::append_json_string(out, column.name);
    const ColumnType type = column_type(column, connector);
    const char* null = nullable ? R"(,"null")" : "";
    if (type.array) {
        // Further dimensions, and those that do not begin at 1, are arrays and objects too.
        return out + fmt::format(R"(:{{"type":["array","object"{}]}})", null);
    }
    return out + fmt::format(R"(:{{"type":[{}{}]}})", json_types(type.kind), null);
}

std::string row(const TableContext& context, bool key_only) {
    std::string properties;
    std::string required;
    for (const event::Column& column : context.table.columns) {
        if (key_only && column.key == 0) {
            continue;
        }
        properties += properties.empty() ? "" : ",";
        properties += property(column, context.connector, !key_only || column.nullable);
        if (key_only) {
            required += required.empty() ? "" : ",";
            event::append_json_string(required, column.name);
        }
    }
    return fmt::format(
        R"("type":"object","properties":{{{}}},"additionalProperties":false,"required":[{}])",
        properties, required);
}

} // namespace

TableSchemas json_schemas(const TableContext& context) {
    const std::string space = record_namespace(context);
    TableSchemas out;
    out.key_name = space + ".Key";
    out.value_name = space + ".Envelope";
    if (context.table.has_key()) {
        out.key = fmt::format(R"({}"title":"{}",{}}})", kHead, out.key_name, row(context, true));
    }
    constexpr const char* kImage = R"({"oneOf":[{"type":"null"},{"$ref":"#/definitions/Value"}]})";
    out.value =
        fmt::format(R"({}"title":"{}","type":"object","properties":{{"before":{},"after":{},)"
                    R"("source":{{"type":"object"}},"op":{{"type":"string"}},)"
                    R"("ts_ms":{{"type":["integer","null"]}}}},"required":["source","op"],)"
                    R"("definitions":{{"Value":{{{}}}}},"cdc.table":{}}})",
                    kHead, out.value_name, kImage, kImage, row(context, false), context.table_json);
    return out;
}

} // namespace cdc::record
