#include "record/debezium_avro_types.hpp"

#include "event/json_writer.hpp"
#include "record/column_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cdc::record {

namespace {

using Types = std::map<std::string_view, std::string>;

constexpr int kMoneyPrecision = 64;
constexpr int kMoneyScale = 2;
constexpr int kMillisDigits = 3;
constexpr int kLongestBits = 2147483647; ///< of a bit varying without length

constexpr const char* kInt16 = R"({"type":"int","connect.type":"int16"})";
constexpr const char* kVariableDecimalName = "io.debezium.data.VariableScaleDecimal";
constexpr const char* kVariableDecimal =
    R"({"type":"record","name":"VariableScaleDecimal","namespace":"io.debezium.data","fields":[)"
    R"({"name":"scale","type":"int"},{"name":"value","type":"bytes"}],"connect.doc":)"
    R"("Variable scaled decimal","connect.version":1,)"
    R"("connect.name":"io.debezium.data.VariableScaleDecimal"})";
constexpr const char* kPointName = "io.debezium.data.geometry.Point";
constexpr const char* kPoint =
    R"j({"type":"record","name":"Point","namespace":"io.debezium.data.geometry","fields":[)j"
    R"j({"name":"x","type":"double"},{"name":"y","type":"double"},)j"
    R"j({"name":"wkb","type":["null","bytes"],"default":null},)j"
    R"j({"name":"srid","type":["null","int"],"default":null}],"connect.doc":"Geometry (POINT)",)j"
    R"j("connect.version":1,"connect.name":"io.debezium.data.geometry.Point"})j";
constexpr const char* kGeometryName = "io.debezium.data.geometry.Geometry";
constexpr const char* kGeometry =
    R"({"type":"record","name":"Geometry","namespace":"io.debezium.data.geometry","fields":[)"
    R"({"name":"wkb","type":"bytes"},{"name":"srid","type":["null","int"],"default":null}],)"
    R"("connect.doc":"Geometry","connect.version":1,)"
    R"("connect.name":"io.debezium.data.geometry.Geometry"})";

/// A type of Avro that Connect knows under a name. `parameters` is a JSON object, or empty.
std::string named(std::string_view type, std::string_view name, std::string_view parameters = {}) {
    std::string out = fmt::format(R"({{"type":"{}","connect.version":1,)", type);
    if (!parameters.empty()) {
        out += fmt::format(R"("connect.parameters":{},)", parameters);
    }
    return out + fmt::format(R"("connect.name":"{}"}})", name);
}

std::string decimal(int precision, int scale, bool with_precision) {
    return fmt::format(
        R"({{"type":"bytes","scale":{},"precision":{},"connect.version":1,"connect.parameters":)"
        R"({{"scale":"{}"{}}},"connect.name":"org.apache.kafka.connect.data.Decimal",)"
        R"("logicalType":"decimal"}})",
        scale, precision, scale,
        with_precision ? fmt::format(R"(,"connect.decimal.precision":"{}")", precision) : "");
}

std::string bits(int length) {
    return named("bytes", "io.debezium.data.Bits", fmt::format(R"({{"length":"{}"}})", length));
}

std::string labelled(std::string_view name, const event::Column& column) {
    std::string allowed;
    for (const std::string& label : column.labels) {
        allowed += allowed.empty() ? "" : ",";
        allowed += label;
    }
    std::string parameters = R"({"allowed":)";
    event::append_json_string(parameters, allowed);
    return named("string", name, parameters + "}");
}

const Types& postgres_types() {
    static const Types kTypes{
        {"boolean", R"("boolean")"},
        {"smallint", kInt16},
        {"integer", R"("int")"},
        {"bigint", R"("long")"},
        {"oid", R"("long")"},
        {"xid", R"("long")"},
        {"cid", R"("long")"},
        {"xid8", R"("long")"},
        {"real", R"("float")"},
        {"double precision", R"("double")"},
        {"bytea", R"("bytes")"},
        {"money", decimal(kMoneyPrecision, kMoneyScale, false)},
        {"date", named("int", "io.debezium.time.Date")},
        {"time with time zone", named("string", "io.debezium.time.ZonedTime")},
        {"timestamp with time zone", named("string", "io.debezium.time.ZonedTimestamp")},
        {"uuid", named("string", "io.debezium.data.Uuid")},
        {"json", named("string", "io.debezium.data.Json")},
        {"jsonb", named("string", "io.debezium.data.Json")},
        {"xml", named("string", "io.debezium.data.Xml")}};
    return kTypes;
}

const Types& mysql_types() {
    static const Types kTypes{{"tinyint", kInt16},
                              {"tinyint unsigned", kInt16},
                              {"smallint", kInt16},
                              {"smallint unsigned", R"("int")"},
                              {"mediumint", R"("int")"},
                              {"mediumint unsigned", R"("int")"},
                              {"int", R"("int")"},
                              {"int unsigned", R"("long")"},
                              {"bigint", R"("long")"},
                              {"bigint unsigned", R"("long")"},
                              {"double", R"("double")"},
                              {"binary", R"("bytes")"},
                              {"varbinary", R"("bytes")"},
                              {"tinyblob", R"("bytes")"},
                              {"blob", R"("bytes")"},
                              {"mediumblob", R"("bytes")"},
                              {"longblob", R"("bytes")"},
                              {"date", named("int", "io.debezium.time.Date")},
                              {"time", named("long", "io.debezium.time.MicroTime")},
                              {"timestamp", named("string", "io.debezium.time.ZonedTimestamp")},
                              {"year", named("int", "io.debezium.time.Year")},
                              {"json", named("string", "io.debezium.data.Json")},
                              {"vector", R"({"type":"array","items":"float","connect.version":1,)"
                                         R"("connect.name":"io.debezium.data.FloatVector"})"}};
    return kTypes;
}

bool is_geometry(std::string_view name) {
    constexpr std::string_view kKinds[] = {"geometry",           "linestring",      "polygon",
                                           "multipoint",         "multilinestring", "multipolygon",
                                           "geometrycollection", "geomcollection"};
    return std::find(std::begin(kKinds), std::end(kKinds), name) != std::end(kKinds);
}

} // namespace

DebeziumAvroTypes::DebeziumAvroTypes(std::string_view connector) : m_mysql{is_mysql(connector)} {}

std::string DebeziumAvroTypes::of(const event::Column& column) {
    if (m_mysql) {
        return mysql(column);
    }
    if (column.element.empty()) {
        return postgres(column.type, column);
    }
    return fmt::format(R"({{"type":"array","items":["null",{}]}})",
                       postgres(column.element, column));
}

std::string DebeziumAvroTypes::define_once(std::string_view name, std::string_view definition) {
    return m_defined.emplace(name).second ? std::string{definition} : fmt::format("\"{}\"", name);
}

std::string DebeziumAvroTypes::postgres(std::string_view type, const event::Column& column) {
    const TypeText text = parse_type_text(type);
    if (const auto found = postgres_types().find(text.name); found != postgres_types().end()) {
        return found->second;
    }
    const std::string_view unqualified =
        std::string_view{text.name}.substr(text.name.rfind('.') + 1);
    if (unqualified == "hstore") { // an extension's, of any schema
        return postgres_types().at("json");
    }
    if (text.name.starts_with("interval")) { // also "interval day to second"
        return named("long", "io.debezium.time.MicroDuration");
    }
    const bool millis = text.first && *text.first <= kMillisDigits;
    if (text.name == "time without time zone") {
        return millis ? named("int", "io.debezium.time.Time")
                      : named("long", "io.debezium.time.MicroTime");
    }
    if (text.name == "timestamp without time zone") {
        return named("long",
                     millis ? "io.debezium.time.Timestamp" : "io.debezium.time.MicroTimestamp");
    }
    if (text.name == "numeric") {
        return column.precision
                   ? decimal(*column.precision, std::max(column.scale.value_or(0), 0), true)
                   : define_once(kVariableDecimalName, kVariableDecimal);
    }
    if (text.name == "point") {
        return define_once(kPointName, kPoint);
    }
    if (text.name == "bit" && text.first.value_or(1) == 1) {
        return R"("boolean")";
    }
    if (text.name == "bit" || text.name == "bit varying") {
        return bits(text.first.value_or(kLongestBits));
    }
    return column.labels.empty() ? R"("string")" : labelled("io.debezium.data.Enum", column);
}

std::string DebeziumAvroTypes::mysql(const event::Column& column) {
    TypeText text = parse_type_text(column.type);
    if (const auto zeros = text.name.find(" zerofill"); zeros != std::string::npos) {
        text.name.resize(zeros);
    }
    if (const auto found = mysql_types().find(text.name); found != mysql_types().end()) {
        return found->second;
    }
    const std::string_view base = std::string_view{text.name}.substr(0, text.name.find(' '));
    if (base == "decimal") {
        return decimal(column.precision.value_or(0), column.scale.value_or(0), true);
    }
    if (base == "float" || base == "double") {
        return base == "float" ? R"("float")" : R"("double")";
    }
    if (base == "datetime") {
        return named("long", text.first.value_or(0) <= kMillisDigits
                                 ? "io.debezium.time.Timestamp"
                                 : "io.debezium.time.MicroTimestamp");
    }
    if (base == "bit") {
        const int length = text.first.value_or(1);
        return length == 1 ? R"("boolean")" : bits(length);
    }
    if (base == "enum" || base == "set") {
        return labelled(base == "enum" ? "io.debezium.data.Enum" : "io.debezium.data.EnumSet",
                        column);
    }
    if (base == "point") {
        return define_once(kPointName, kPoint);
    }
    return is_geometry(base) ? define_once(kGeometryName, kGeometry) : R"("string")";
}

} // namespace cdc::record
