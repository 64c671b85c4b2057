#include "clickhouse/types.hpp"

#include "base/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cdc::clickhouse {

namespace {

constexpr int kMaxDecimalPrecision = 76;

/// What a source type becomes, by its name without "(…)".
struct Rule {
    std::string_view name;
    Kind kind;
    bool base64 = false;
};

constexpr Rule kPostgresRules[] = {
    {"smallint", Kind::int16},
    {"integer", Kind::int32},
    {"bigint", Kind::int64},
    {"oid", Kind::uint32},
    {"xid", Kind::uint32},
    {"cid", Kind::uint32},
    {"xid8", Kind::uint64},
    {"boolean", Kind::boolean},
    {"real", Kind::float32},
    {"double precision", Kind::float64},
    {"numeric", Kind::decimal},
    {"money", Kind::decimal},
    {"date", Kind::date32},
    {"timestamp", Kind::datetime64},
    {"timestamp without time zone", Kind::datetime64},
    {"timestamp with time zone", Kind::datetime64},
    {"uuid", Kind::uuid},
    {"bytea", Kind::string, true},
};

constexpr Rule kMysqlRules[] = {
    {"boolean", Kind::boolean}, // of topics of Debezium
    {"tinyint", Kind::int8},
    {"tinyint unsigned", Kind::uint8},
    {"smallint", Kind::int16},
    {"smallint unsigned", Kind::uint16},
    {"mediumint", Kind::int32},
    {"mediumint unsigned", Kind::uint32},
    {"int", Kind::int32},
    {"int unsigned", Kind::uint32},
    {"bigint", Kind::int64},
    {"bigint unsigned", Kind::uint64},
    {"float", Kind::float32},
    {"float unsigned", Kind::float32},
    {"double", Kind::float64},
    {"double unsigned", Kind::float64},
    {"decimal", Kind::decimal},
    {"decimal unsigned", Kind::decimal},
    {"bit", Kind::uint64},
    {"year", Kind::uint16},
    {"date", Kind::date32},
    {"datetime", Kind::datetime64},
    {"timestamp", Kind::datetime64},
    {"binary", Kind::string, true},
    {"varbinary", Kind::string, true},
    {"tinyblob", Kind::string, true},
    {"blob", Kind::string, true},
    {"mediumblob", Kind::string, true},
    {"longblob", Kind::string, true},
    {"geometry", Kind::string, true},
    {"point", Kind::string, true},
    {"linestring", Kind::string, true},
    {"polygon", Kind::string, true},
    {"multipoint", Kind::string, true},
    {"multilinestring", Kind::string, true},
    {"multipolygon", Kind::string, true},
    {"geomcollection", Kind::string, true},
    {"uuid", Kind::uuid},
};

constexpr std::string_view kTextTypes[] = {
    "text",  "character varying", "character", "name",     "citext",     "xml",     "json",
    "jsonb", "varchar",           "char",      "tinytext", "mediumtext", "longtext"};

const Rule* find_rule(std::string_view connector, std::string_view name) {
    const auto search = [name](const auto& rules) -> const Rule* {
        const auto* found = std::find_if(std::begin(rules), std::end(rules),
                                         [name](const Rule& rule) { return rule.name == name; });
        return found == std::end(rules) ? nullptr : found;
    };
    return connector == "mysql" || connector == "mariadb" ? search(kMysqlRules)
                                                          : search(kPostgresRules);
}

/// "timestamp(3) with time zone" -> "timestamp with time zone", and 3.
std::string without_arguments(std::string_view type, std::optional<int>& first_argument) {
    const std::size_t open = type.find('(');
    const std::size_t close = type.find(')', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
        return std::string{type};
    }
    const std::string_view inside = type.substr(open + 1, close - open - 1);
    first_argument = base::parse_integer<int>(inside.substr(0, inside.find(',')));
    return std::string{type.substr(0, open)} + std::string{type.substr(close + 1)};
}

/// numeric(p,s) as Decimal; PostgreSQL 15 also has scales below 0 and above p. String where
/// ClickHouse has no such type.
Type decimal_type(const event::Column& column) {
    if (!column.precision) {
        return {};
    }
    const int scale = column.scale.value_or(0);
    const int precision =
        scale < 0 ? *column.precision - scale : std::max(*column.precision, scale);
    if (precision < 1 || precision > kMaxDecimalPrecision) {
        return {};
    }
    Type type;
    type.kind = Kind::decimal;
    type.precision = precision;
    type.scale = std::max(scale, 0);
    return type;
}

constexpr std::array<std::string_view, 16> kNames = {
    "Bool",   "Int8",    "Int16",   "Int32",   "Int64",  "UInt8",      "UInt16", "UInt32",
    "UInt64", "Float32", "Float64", "Decimal", "Date32", "DateTime64", "UUID",   "String"};

int integer_bits(Kind kind) {
    switch (kind) {
    case Kind::int8:
    case Kind::uint8:
        return 8;
    case Kind::int16:
    case Kind::uint16:
        return 16;
    case Kind::int32:
    case Kind::uint32:
        return 32;
    case Kind::int64:
    case Kind::uint64:
        return 64;
    default:
        return 0;
    }
}

bool is_unsigned(Kind kind) {
    return kind >= Kind::uint8 && kind <= Kind::uint64;
}

/// Widening that changes no value's meaning, apart from Nullable.
bool same_or_wider(const Type& wide, const Type& narrow) {
    if (const int bits = integer_bits(wide.kind); bits > 0 && integer_bits(narrow.kind) > 0) {
        const int narrow_bits = integer_bits(narrow.kind);
        return is_unsigned(wide.kind) == is_unsigned(narrow.kind)
                   ? bits >= narrow_bits
                   : is_unsigned(narrow.kind) && bits > narrow_bits;
    }
    if (wide.kind == Kind::decimal && narrow.kind == Kind::decimal) {
        return wide.scale >= narrow.scale &&
               wide.precision - wide.scale >= narrow.precision - narrow.scale;
    }
    if (wide.kind == Kind::datetime64 && narrow.kind == Kind::datetime64) {
        return wide.scale >= narrow.scale;
    }
    return wide.kind == narrow.kind || (wide.kind == Kind::float64 && narrow.kind == Kind::float32);
}

} // namespace

ColumnMapping map_column(std::string_view connector, const event::Column& column) {
    std::optional<int> argument;
    // More dimensions have no type here, for every row may have other ones; and a key with NULLs
    // in it is none for ClickHouse. Both are text.
    const bool dimensions = column.type.ends_with("[][]");
    const bool array = !column.element.empty() && !dimensions && column.key == 0;
    const std::string name = without_arguments(array ? column.element : column.type, argument);
    ColumnMapping mapping;
    if (!column.labels.empty()) {
        mapping.type.low_cardinality = true;
        mapping.only_strings = true;
    } else if (const Rule* rule = find_rule(connector, name); rule != nullptr) {
        mapping.base64 = rule->base64;
        mapping.only_strings = rule->base64;
        if (rule->kind == Kind::decimal) {
            mapping.type = decimal_type(column);
        } else {
            mapping.type.kind = rule->kind;
        }
        if (rule->kind == Kind::datetime64) {
            const bool mysql = connector == "mysql" || connector == "mariadb";
            mapping.type.scale = argument.value_or(mysql ? 0 : 6);
        }
    } else {
        mapping.only_strings =
            std::find(std::begin(kTextTypes), std::end(kTextTypes), name) != std::end(kTextTypes);
    }
    mapping.type.array = array;
    mapping.type.nullable = array || (column.nullable && column.key == 0);
    return mapping;
}

std::string type_text(const Type& type) {
    std::string text{kNames.at(static_cast<std::size_t>(type.kind))};
    if (type.kind == Kind::decimal) {
        text = fmt::format("Decimal({}, {})", type.precision, type.scale);
    } else if (type.kind == Kind::datetime64) {
        text = fmt::format("DateTime64({}, 'UTC')", type.scale);
    }
    if (type.nullable) {
        text = "Nullable(" + text + ")";
    }
    if (type.low_cardinality) {
        text = "LowCardinality(" + text + ")";
    }
    return type.array ? "Array(" + text + ")" : text;
}

std::optional<Type> parse_type(std::string_view text) {
    const auto unwrap = [&text](std::string_view outer) {
        if (text.size() < outer.size() + 2 || text.substr(0, outer.size()) != outer ||
            text[outer.size()] != '(' || text.back() != ')') {
            return false;
        }
        text = text.substr(outer.size() + 1, text.size() - outer.size() - 2);
        return true;
    };
    Type type;
    type.array = unwrap("Array");
    type.low_cardinality = unwrap("LowCardinality");
    type.nullable = unwrap("Nullable");
    if (unwrap("Decimal")) {
        const std::size_t comma = text.find(", ");
        const auto precision = base::parse_integer<int>(text.substr(0, comma));
        const auto scale = comma == std::string_view::npos
                               ? std::nullopt
                               : base::parse_integer<int>(text.substr(comma + 2));
        if (!precision || !scale) {
            return std::nullopt;
        }
        type.kind = Kind::decimal;
        type.precision = *precision;
        type.scale = *scale;
    } else if (unwrap("DateTime64")) {
        const std::size_t comma = text.find(", ");
        const auto scale = base::parse_integer<int>(text.substr(0, comma));
        if (!scale || comma == std::string_view::npos || text.substr(comma + 2) != "'UTC'") {
            return std::nullopt;
        }
        type.kind = Kind::datetime64;
        type.scale = *scale;
    } else {
        const auto* found = std::find(kNames.begin(), kNames.end(), text);
        if (found == kNames.end() || text == "Decimal" || text == "DateTime64") {
            return std::nullopt;
        }
        type.kind = static_cast<Kind>(found - kNames.begin());
    }
    if (type.low_cardinality && type.kind != Kind::string) {
        return std::nullopt;
    }
    return type;
}

bool holds(const Type& wide, const Type& narrow) {
    if (narrow.array && !wide.array && wide.kind == Kind::string) {
        return true;
    }
    if (wide.array != narrow.array || (narrow.nullable && !wide.nullable)) {
        return false;
    }
    if (wide.kind == Kind::string) {
        return true; // every value has a text
    }
    return same_or_wider(wide, narrow);
}

bool widens(const Type& from, const Type& to) {
    if (from.array != to.array || (from.nullable && !to.nullable)) {
        return false;
    }
    const bool exact_text = integer_bits(from.kind) > 0 || from.kind == Kind::uuid;
    return same_or_wider(to, from) || (to.kind == Kind::string && exact_text);
}

std::optional<ServerVersion> parse_server_version(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const auto major = base::parse_integer<int>(text.substr(0, dot));
    text.remove_prefix(dot + 1);
    const auto minor = base::parse_integer<int>(text.substr(0, text.find_first_of(".\n ")));
    if (!major || !minor) {
        return std::nullopt;
    }
    return ServerVersion{*major, *minor};
}

} // namespace cdc::clickhouse
