#include "record/column_type.hpp"

#include "base/numbers.hpp"

#include <algorithm>
#include <map>

namespace cdc::record {

namespace {

using Kinds = std::map<std::string_view, ColumnKind>;

constexpr int kMostLongBits = 63; ///< of a bit(n) that an int64 holds

const Kinds& postgres_kinds() {
    static const Kinds kKinds{{"boolean", ColumnKind::boolean},
                              {"smallint", ColumnKind::int16},
                              {"integer", ColumnKind::int32},
                              {"bigint", ColumnKind::int64},
                              {"oid", ColumnKind::int64},
                              {"xid", ColumnKind::int64},
                              {"cid", ColumnKind::int64},
                              {"xid8", ColumnKind::uint64},
                              {"real", ColumnKind::float32},
                              {"double precision", ColumnKind::float64},
                              {"numeric", ColumnKind::decimal},
                              {"money", ColumnKind::decimal},
                              {"bytea", ColumnKind::bytes},
                              {"date", ColumnKind::date},
                              {"time without time zone", ColumnKind::time},
                              {"timestamp without time zone", ColumnKind::local_timestamp},
                              {"timestamp with time zone", ColumnKind::utc_timestamp}};
    return kKinds;
}

/// Time is not among them: it may be negative, and longer than a day.
const Kinds& mysql_kinds() {
    static const Kinds kKinds{{"tinyint", ColumnKind::int16},
                              {"smallint", ColumnKind::int16},
                              {"mediumint", ColumnKind::int32},
                              {"int", ColumnKind::int32},
                              {"bigint", ColumnKind::int64},
                              {"year", ColumnKind::int32},
                              {"bit", ColumnKind::int64},
                              {"float", ColumnKind::float32},
                              {"double", ColumnKind::float64},
                              {"decimal", ColumnKind::decimal},
                              {"binary", ColumnKind::bytes},
                              {"varbinary", ColumnKind::bytes},
                              {"tinyblob", ColumnKind::bytes},
                              {"blob", ColumnKind::bytes},
                              {"mediumblob", ColumnKind::bytes},
                              {"longblob", ColumnKind::bytes},
                              {"geometry", ColumnKind::bytes},
                              {"point", ColumnKind::bytes},
                              {"linestring", ColumnKind::bytes},
                              {"polygon", ColumnKind::bytes},
                              {"multipoint", ColumnKind::bytes},
                              {"multilinestring", ColumnKind::bytes},
                              {"multipolygon", ColumnKind::bytes},
                              {"geometrycollection", ColumnKind::bytes},
                              {"geomcollection", ColumnKind::bytes},
                              {"date", ColumnKind::date},
                              {"datetime", ColumnKind::local_timestamp},
                              {"timestamp", ColumnKind::utc_timestamp}};
    return kKinds;
}

ColumnKind unsigned_kind(ColumnKind kind) {
    switch (kind) {
    case ColumnKind::int16:
        return ColumnKind::int32;
    case ColumnKind::int32:
        return ColumnKind::int64;
    case ColumnKind::int64:
        return ColumnKind::uint64;
    default:
        return kind;
    }
}

ColumnType mysql_type(const TypeText& text) {
    ColumnType out;
    const std::string_view name{text.name};
    const std::string_view base = name.substr(0, name.find(' '));
    if (base == "vector") {
        out.kind = ColumnKind::float32;
        out.array = true;
        return out;
    }
    const auto found = mysql_kinds().find(base);
    if (found == mysql_kinds().end()) {
        return out;
    }
    out.kind = found->second;
    if (base == "bit") {
        if (text.first.value_or(1) > kMostLongBits) {
            out.kind = ColumnKind::uint64;
        }
    } else if (name.find("unsigned") != std::string_view::npos ||
               name.find("zerofill") != std::string_view::npos) {
        out.kind = unsigned_kind(out.kind);
    }
    out.digits = text.first.value_or(0);
    return out;
}

} // namespace

bool is_mysql(std::string_view connector) {
    return connector == "mysql" || connector == "mariadb";
}

TypeText parse_type_text(std::string_view type) {
    TypeText out;
    const std::size_t open = type.find('(');
    const std::size_t close = type.find(')', std::min(open, type.size()));
    out.name = type.substr(0, open);
    if (close != std::string_view::npos) {
        const std::string_view inside = type.substr(open + 1, close - open - 1);
        out.first = base::parse_integer<int>(inside.substr(0, inside.find(',')));
        out.name += type.substr(close + 1);
    }
    return out;
}

ColumnType column_type(const event::Column& column, std::string_view connector) {
    const bool array = !column.element.empty();
    const TypeText text = parse_type_text(array ? column.element : column.type);
    ColumnType out;
    if (is_mysql(connector)) {
        out = mysql_type(text);
    } else if (const auto found = postgres_kinds().find(text.name);
               found != postgres_kinds().end()) {
        out.kind = found->second;
    }
    out.array = out.array || array;
    if (out.kind == ColumnKind::decimal) {
        out.precision = column.precision.value_or(0);
        out.scale = column.scale.value_or(0);
        // Neither Avro nor Connect have others; text holds them all.
        if (out.precision < 1 || out.scale < 0 || out.scale > out.precision) {
            out.kind = ColumnKind::text;
        }
    }
    return out;
}

} // namespace cdc::record
