#include "mysql/column_type.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <iterator>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

using Column = TableMap::Column;

constexpr std::size_t kUuidSize = 16;
constexpr std::size_t kInet4Size = 4;

const Charset& charset_of(const Column& column) {
    const Charset* charset = charset_of_collation(column.collation);
    if (charset == nullptr) {
        throw Error{ExitCode::refused,
                    fmt::format("column {} has a collation that is not known ({})",
                                in_quotes(column.name), column.collation),
                    column.collation == 0 ? "SET GLOBAL binlog_row_metadata=FULL on the source"
                                          : ""};
    }
    return *charset;
}

std::string with_size(std::string_view name, unsigned size) {
    return fmt::format("{}({})", name, size);
}

std::string with_digits(std::string_view name, unsigned digits) {
    return digits == 0 ? std::string{name} : with_size(name, digits);
}

void set_integer(ColumnPlan& plan, const Column& column, std::string_view name) {
    plan.codec.kind = ValueKind::integer;
    plan.codec.is_unsigned = column.is_unsigned;
    plan.shape.type = name;
    plan.shape.type += column.is_unsigned ? " unsigned" : "";
}

void set_time(ColumnPlan& plan, ValueKind kind, std::string_view name, unsigned digits) {
    plan.codec.kind = kind;
    plan.codec.scale = static_cast<std::uint8_t>(digits);
    plan.shape.type = with_digits(name, digits);
}

/// `bytes` is the longest that the column takes.
void set_text(ColumnPlan& plan, const Column& column, std::string_view text,
              std::string_view binary, unsigned bytes) {
    const Charset& charset = charset_of(column);
    if (charset.kind == Charset::Kind::binary) {
        plan.codec.kind = ValueKind::bytes;
        plan.shape.type = bytes == 0 ? std::string{binary} : with_size(binary, bytes);
        return;
    }
    plan.codec.kind = ValueKind::text;
    plan.codec.charset = &charset;
    plan.shape.type = bytes == 0 ? std::string{text} : with_size(text, bytes / charset.max_bytes);
}

void set_blob(ColumnPlan& plan, const Column& column) {
    static constexpr std::string_view kTexts[] = {"tinytext", "text", "mediumtext", "longtext"};
    static constexpr std::string_view kBlobs[] = {"tinyblob", "blob", "mediumblob", "longblob"};
    const unsigned size = column.metadata >= 1 && column.metadata <= 4 ? column.metadata - 1 : 1;
    set_text(plan, column, kTexts[size], kBlobs[size], 0);
}

void set_string(ColumnPlan& plan, const Column& column, std::string_view declared) {
    if (declared == "uuid" && column.metadata == kUuidSize) {
        plan.codec.kind = ValueKind::uuid;
        plan.shape.type = declared;
    } else if (declared == "inet6" && column.metadata == kUuidSize) {
        plan.codec.kind = ValueKind::inet6;
        plan.shape.type = declared;
    } else if (declared == "inet4" && column.metadata == kInet4Size) {
        plan.codec.kind = ValueKind::inet4;
        plan.shape.type = declared;
    } else {
        // CHAR(0) and BINARY(0) are types too.
        set_text(plan, column, "char", "binary", column.metadata);
        if (column.metadata == 0) {
            plan.shape.type += "(0)";
        }
        if (plan.codec.kind == ValueKind::bytes) {
            plan.codec.padded = column.metadata;
        }
    }
}

void set_labels(ColumnPlan& plan, const Column& column, ValueKind kind, std::string_view name) {
    plan.codec.kind = kind;
    plan.shape.type = name;
    const Charset& charset = charset_of(column);
    for (const std::string& label : column.labels) {
        std::string text;
        if (charset.kind == Charset::Kind::binary) {
            text = label;
        } else if (!append_utf8(text, charset, label)) {
            fail(ExitCode::bad_data, "column {}: label {} is not text in {}",
                 in_quotes(column.name), in_quotes(label), charset.name);
        }
        plan.codec.labels.push_back(text);
        plan.shape.labels.push_back(std::move(text));
    }
    if (column.labels.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("column {}: the log does not say the labels of its {}",
                                in_quotes(column.name), name),
                    "SET GLOBAL binlog_row_metadata=FULL on the source"};
    }
}

constexpr std::string_view kGeometries[] = {"geometry",     "point",         "linestring",
                                            "polygon",      "multipoint",    "multilinestring",
                                            "multipolygon", "geomcollection"};

std::string_view geometry_name(std::uint32_t kind) {
    return kind < std::size(kGeometries) ? kGeometries[kind] : kGeometries[0];
}

} // namespace

bool is_geometry(std::string_view type) {
    return std::find(std::begin(kGeometries), std::end(kGeometries), type) != std::end(kGeometries);
}

bool may_be_special(const Column& column) {
    return column.type == ColumnType::string &&
           (column.metadata == kUuidSize || column.metadata == kInet4Size);
}

ColumnPlan plan_column(const Column& column, std::string_view declared) {
    ColumnPlan plan;
    plan.shape.name = column.name;
    plan.shape.nullable = column.nullable;
    switch (column.type) {
    case ColumnType::tiny:
        set_integer(plan, column, "tinyint");
        break;
    case ColumnType::short_:
        set_integer(plan, column, "smallint");
        break;
    case ColumnType::int24:
        set_integer(plan, column, "mediumint");
        break;
    case ColumnType::long_:
        set_integer(plan, column, "int");
        break;
    case ColumnType::longlong:
        set_integer(plan, column, "bigint");
        break;
    case ColumnType::float_:
        plan.codec.kind = ValueKind::float32;
        plan.shape.type = column.is_unsigned ? "float unsigned" : "float";
        break;
    case ColumnType::double_:
        plan.codec.kind = ValueKind::float64;
        plan.shape.type = column.is_unsigned ? "double unsigned" : "double";
        break;
    case ColumnType::newdecimal: {
        const int precision = column.metadata >> 8;
        const int scale = column.metadata & 0xff;
        plan.codec.kind = ValueKind::decimal;
        plan.codec.precision = static_cast<std::uint8_t>(precision);
        plan.codec.scale = static_cast<std::uint8_t>(scale);
        plan.shape.type = fmt::format("decimal({},{}){}", precision, scale,
                                      column.is_unsigned ? " unsigned" : "");
        plan.shape.precision = precision;
        plan.shape.scale = scale;
        break;
    }
    case ColumnType::bit:
        plan.codec.kind = ValueKind::bit;
        plan.shape.type = with_size("bit", (column.metadata & 0xff) * 8U + (column.metadata >> 8));
        break;
    case ColumnType::year:
        plan.codec.kind = ValueKind::year;
        plan.shape.type = "year";
        break;
    case ColumnType::date:
    case ColumnType::newdate:
        set_time(plan, ValueKind::date, "date", 0);
        break;
    case ColumnType::time:
        set_time(plan, ValueKind::old_time, "time", 0);
        break;
    case ColumnType::datetime:
        set_time(plan, ValueKind::old_datetime, "datetime", 0);
        break;
    case ColumnType::timestamp:
        set_time(plan, ValueKind::old_timestamp, "timestamp", 0);
        break;
    case ColumnType::time2:
        set_time(plan, ValueKind::time, "time", column.metadata);
        break;
    case ColumnType::datetime2:
        set_time(plan, ValueKind::datetime, "datetime", column.metadata);
        break;
    case ColumnType::timestamp2:
        set_time(plan, ValueKind::timestamp, "timestamp", column.metadata);
        break;
    case ColumnType::varchar:
    case ColumnType::var_string:
        set_text(plan, column, "varchar", "varbinary", column.metadata);
        if (column.metadata == 0) {
            plan.shape.type += "(0)";
        }
        break;
    case ColumnType::mariadb_varchar_compressed:
        // One byte of it is for the method of compression.
        set_text(plan, column, "varchar", "varbinary", column.metadata - (column.metadata > 0));
        plan.codec.compressed = true;
        break;
    case ColumnType::string:
        set_string(plan, column, declared);
        break;
    case ColumnType::mariadb_blob_compressed:
        plan.codec.compressed = true;
        set_blob(plan, column);
        break;
    case ColumnType::blob:
        set_blob(plan, column);
        break;
    case ColumnType::enum_:
        set_labels(plan, column, ValueKind::enumeration, "enum");
        break;
    case ColumnType::set:
        set_labels(plan, column, ValueKind::set, "set");
        break;
    case ColumnType::json:
        plan.codec.kind = ValueKind::json;
        plan.shape.type = "json";
        break;
    case ColumnType::geometry:
        plan.codec.kind = ValueKind::bytes;
        plan.shape.type = geometry_name(column.geometry);
        break;
    case ColumnType::vector:
        plan.codec.kind = ValueKind::vector;
        plan.shape.type =
            column.dimensions == 0 ? "vector" : with_size("vector", column.dimensions);
        plan.shape.element = "float";
        break;
    default:
        fail(ExitCode::bad_data, "column {} of unknown type {}", in_quotes(column.name),
             static_cast<unsigned>(column.type));
    }
    return plan;
}

} // namespace cdc::mysql
