#include "clickhouse/kafka_engine.hpp"

#include "clickhouse/identifier.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::clickhouse {

namespace {

/// `source.order`, 32 hex digits.
constexpr char kOrder[] =
    "reinterpretAsUInt128(reverse(unhex(JSONExtractString(json, 'source', 'order'))))";

/// "t_queue", "t_queue_rows", quoted.
std::string queue_name(const Target& target, std::string_view part = "") {
    return quote_identifier(fmt::format("{}_queue{}", target.name, part));
}

bool is_time(const Type& type) {
    return type.kind == Kind::date32 || type.kind == Kind::datetime64;
}

bool is_integer(const Type& type) {
    return type.kind >= Kind::int8 && type.kind <= Kind::uint64;
}

/// The text of what a row of a delete or truncate has where its line has no value.
std::string_view empty_text(const Type& type) {
    switch (type.kind) {
    case Kind::string:
        return "";
    case Kind::boolean:
        return "false";
    case Kind::date32:
        return "1970-01-01";
    case Kind::datetime64:
        return "1970-01-01 00:00:00";
    case Kind::uuid:
        return "00000000-0000-0000-0000-000000000000";
    default:
        return "0";
    }
}

/// From `text`, an expression of type Nullable(String), to what CAST takes.
std::string castable(const ColumnMapping& mapping, const std::string& text) {
    if (mapping.base64) {
        return "base64Decode(" + text + ")";
    }
    return mapping.type.kind == Kind::datetime64
               ? fmt::format("replaceOne(trim(TRAILING 'Z' FROM {}), 'T', ' ')", text)
               : text;
}

std::string_view image_of(bool in_key) {
    return in_key ? "identity" : "image"; // the key of a delete is in its old row
}

/// The value's text; NULL where there is none.
std::string text_of(const TargetColumn& column, bool in_key) {
    return fmt::format("JSONExtract({}.{}, {}, 'Nullable(String)')", kViewAlias, image_of(in_key),
                       quote_string(column.name));
}

/// Of `json`, "json" or "json, 'member'". CAST reads a float's digits less exactly than JSON does,
/// which has no NaN and no infinity.
std::string float_sql(const std::string& json, const Type& type) {
    Type nullable = type.element();
    nullable.nullable = true;
    return fmt::format("if(JSONType({0}) = 'String', CAST(JSONExtract({0}, 'Nullable(String)') AS "
                       "{1}), JSONExtract({0}, '{1}'))",
                       json, type_text(nullable));
}

bool is_float(const Type& type) {
    return type.kind == Kind::float32 || type.kind == Kind::float64;
}

std::string array_sql(const TargetColumn& column) {
    const Type& type = column.mapping.type;
    const std::string member = fmt::format("{}.image, {}", kViewAlias, quote_string(column.name));
    const std::string elements =
        is_float(type)
            ? fmt::format("arrayMap(x -> {}, JSONExtractArrayRaw({}))", float_sql("x", type),
                          member)
            : fmt::format("arrayMap(x -> {}, JSONExtract({}, 'Array(Nullable(String))'))",
                          castable(column.mapping, "x"), member);
    return fmt::format("CAST({} AS {})", elements, type_text(type));
}

std::string value_sql(const TargetColumn& column, bool in_key) {
    const Type& type = column.mapping.type;
    if (type.array) {
        return array_sql(column);
    }
    std::string value = is_float(type)
                            ? float_sql(fmt::format("{}.{}, {}", kViewAlias, image_of(in_key),
                                                    quote_string(column.name)),
                                        type)
                            : castable(column.mapping, text_of(column, in_key));
    if (!type.nullable) {
        const std::string empty{empty_text(type)};
        value = fmt::format("ifNull({}, if({}.op IN ('d', 't'), {}, NULL))", value, kViewAlias,
                            is_float(type) ? empty : quote_string(empty));
    }
    return fmt::format("CAST({} AS {})", value, type_text(type));
}

/// "NOT throwIf(…)" of what CAST would take for another value, or "".
std::string check_sql(const TargetColumn& column, bool in_key) {
    const Type& type = column.mapping.type;
    if (type.array || !(is_time(type) || is_integer(type))) {
        return "";
    }
    const std::string text = text_of(column, in_key);
    std::string wrong;
    if (is_time(type)) {
        wrong = fmt::format("{0} < '1900-01-01' OR {0} >= '2300' OR substring({0}, 6, 2) = '00' OR "
                            "substring({0}, 9, 2) = '00'",
                            text);
    } else {
        Type nullable = type;
        nullable.nullable = true;
        wrong = fmt::format("toString(CAST({0} AS {1})) != {0}", text, type_text(nullable));
    }
    return fmt::format("NOT throwIf(ifNull({}, false), {})", wrong,
                       quote_string("column " + column.name + ": " + type_text(type) +
                                    " does not hold the value"));
}

/// Columns that came since the statements were printed would be lost.
std::string unknown_columns_sql(const TargetShape& shape) {
    std::string names;
    for (const TargetColumn& column : shape.columns) {
        names += (names.empty() ? "" : ", ") + quote_string(column.name);
    }
    return fmt::format("NOT throwIf(NOT hasAll([{}], JSONExtractKeys({}.image)), 'a column is new: "
                       "print the statements again')",
                       names, kViewAlias);
}

std::string kafka_sql(const Target& target, const KafkaTopic& topic) {
    return fmt::format("CREATE TABLE {}\n(\n    `json` String\n)\nENGINE = Kafka\nSETTINGS "
                       "kafka_broker_list = {},\n    kafka_topic_list = {},\n    "
                       "kafka_group_name = {},\n    kafka_format = 'JSONAsString'",
                       queue_name(target), quote_string(topic.brokers), quote_string(topic.topic),
                       quote_string(topic.group));
}

std::string rows_sql(const Target& target, const TargetShape& shape) {
    const Layout& own = target.own();
    const auto is_key = [&](std::size_t column) {
        return std::find(shape.key.begin(), shape.key.end(), column) != shape.key.end();
    };
    std::string select;
    std::string checks = unknown_columns_sql(shape);
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        const TargetColumn& column = shape.columns[i];
        select += fmt::format("    {} AS {},\n", value_sql(column, is_key(i)),
                              quote_identifier(column.stored));
        if (const std::string check = check_sql(column, is_key(i)); !check.empty()) {
            checks += "\n    AND " + check;
        }
    }
    const std::string op = fmt::format("{}.op", kViewAlias);
    select += fmt::format("    {}.version AS {},\n", kViewAlias, quote_identifier(own.version));
    select += shape.history
                  ? fmt::format("    {} AS {},\n", op, quote_identifier(own.operation))
                  : fmt::format("    {} = 'd' AS {},\n", op, quote_identifier(own.deleted));
    select += fmt::format("    {}.commit_ms AS {}", kViewAlias, quote_identifier(own.source_time));
    return fmt::format(
        "CREATE MATERIALIZED VIEW {} TO {} AS\nSELECT\n{}\nFROM\n(\n"
        "    SELECT JSONExtractString(json, 'op') AS op,\n"
        "        JSONExtractRaw(json, if(op = 'd', 'before', 'after')) AS identity,\n"
        "        {} AS image,\n        {} AS version,\n"
        "        JSONExtractInt(json, 'source', 'ts_ms') AS commit_ms\n    FROM {}\n"
        "    WHERE op IN ({}) AND NOT throwIf(JSONLength(json, 'unchanged') > 0, 'an update "
        "without "
        "its unchanged columns: load the topic with cdc-load')\n) AS {}\nWHERE {}",
        queue_name(target, "_rows"), quote_identifier(target.raw), select,
        shape.history ? "identity" : "JSONExtractRaw(json, 'after')", kOrder,
        queue_name(target, "_lines"),
        shape.history ? "'c', 'u', 'd', 'r', 't'" : "'c', 'u', 'd', 'r'", kViewAlias, checks);
}

std::string barriers_sql(const Target& target) {
    return fmt::format(
        "CREATE MATERIALIZED VIEW {} TO {} AS\nSELECT 'table' AS scope, {} AS name, 'barrier' AS "
        "item, {} AS version,\n    fromUnixTimestamp64Milli(JSONExtractInt(json, 'source', "
        "'ts_ms'), 'UTC') AS commit_time, now64(3, 'UTC') AS load_time\nFROM {}\nWHERE "
        "JSONExtractString(json, 'op') = 't'\n    OR (JSONExtractString(json, 'snapshot', "
        "'status') "
        "= 'end' AND JSONExtractBool(json, 'snapshot', 'whole'))",
        queue_name(target, "_barriers"), kStateTable, quote_string(target.name), kOrder,
        queue_name(target, "_lines"));
}

} // namespace

std::vector<std::string> create_queue_sql(const Target& target, const TargetShape& shape,
                                          const KafkaTopic& topic) {
    return {
        kafka_sql(target, topic),
        fmt::format("CREATE TABLE {} (`json` String) ENGINE = Null", queue_name(target, "_lines")),
        barriers_sql(target), rows_sql(target, shape),
        fmt::format("CREATE MATERIALIZED VIEW {} TO {} AS SELECT json FROM {}",
                    queue_name(target, "_reader"), queue_name(target, "_lines"),
                    queue_name(target))};
}

} // namespace cdc::clickhouse
