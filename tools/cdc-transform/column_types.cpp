#include "cdc-transform/column_types.hpp"

#include "base/error.hpp"
#include "record/column_type.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using Reading = StoredColumn::Reading;

namespace {

constexpr int kMaxDigits = 38;

struct Known {
    std::string_view name; ///< the source's, without what stands in brackets
    std::string_view type; ///< the engine's
    Reading reading;
};

constexpr std::array<Known, 14> kPostgres{{
    {"boolean", "BOOLEAN", Reading::cast},
    {"smallint", "SMALLINT", Reading::cast},
    {"integer", "INTEGER", Reading::cast},
    {"bigint", "BIGINT", Reading::cast},
    {"oid", "UINTEGER", Reading::cast},
    {"xid", "UINTEGER", Reading::cast},
    {"real", "FLOAT", Reading::cast},
    {"double precision", "DOUBLE", Reading::cast},
    {"date", "DATE", Reading::date},
    {"timestamp without time zone", "TIMESTAMP", Reading::timestamp},
    {"timestamp with time zone", "TIMESTAMPTZ", Reading::timestamp},
    {"time without time zone", "TIME", Reading::cast},
    {"uuid", "UUID", Reading::cast},
    {"bytea", "BLOB", Reading::base64},
}};

constexpr std::array<Known, 26> kMysql{{
    {"tinyint", "TINYINT", Reading::cast},
    {"tinyint unsigned", "UTINYINT", Reading::cast},
    {"smallint", "SMALLINT", Reading::cast},
    {"smallint unsigned", "USMALLINT", Reading::cast},
    {"mediumint", "INTEGER", Reading::cast},
    {"mediumint unsigned", "UINTEGER", Reading::cast},
    {"int", "INTEGER", Reading::cast},
    {"int unsigned", "UINTEGER", Reading::cast},
    {"bigint", "BIGINT", Reading::cast},
    {"bigint unsigned", "UBIGINT", Reading::cast},
    {"year", "SMALLINT", Reading::cast},
    {"bit", "UBIGINT", Reading::cast},
    {"float", "FLOAT", Reading::cast},
    {"double", "DOUBLE", Reading::cast},
    {"date", "DATE", Reading::cast},
    {"datetime", "TIMESTAMP", Reading::cast},
    {"timestamp", "TIMESTAMPTZ", Reading::cast},
    {"binary", "BLOB", Reading::base64},
    {"varbinary", "BLOB", Reading::base64},
    {"tinyblob", "BLOB", Reading::base64},
    {"blob", "BLOB", Reading::base64},
    {"mediumblob", "BLOB", Reading::base64},
    {"longblob", "BLOB", Reading::base64},
    {"geometry", "BLOB", Reading::base64},
    {"uuid", "UUID", Reading::cast},
    {"boolean", "TINYINT", Reading::cast},
}};

template<std::size_t N>
const Known* find_known(const std::array<Known, N>& known, std::string_view name) {
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const Known& k) { return k.name == name; });
    return found == known.end() ? nullptr : &*found;
}

StoredColumn decimal(int precision, int scale, Reading reading) {
    return {fmt::format("DECIMAL({},{})", precision, scale), reading, scale};
}

/// What TYPE says: decimal(p,s), or text.
StoredColumn declared_column(std::string_view declared, const event::Column& column) {
    int precision = 0;
    int scale = 0;
    const std::string text{declared};
    if (std::sscanf(text.c_str(), "%*[a-zA-Z]%*[ ](%d , %d )", &precision, &scale) != 2 &&
        std::sscanf(text.c_str(), "%*[a-zA-Z](%d , %d )", &precision, &scale) != 2) {
        if (text == "text") {
            return {"VARCHAR", Reading::as_it_is};
        }
        precision = 0;
    }
    if (precision < 1 || precision > kMaxDigits || scale < 0 || scale > precision) {
        throw Error{ExitCode::usage,
                    fmt::format("TYPE of column {}: {} is neither text nor decimal(p,s) with at "
                                "most 38 digits",
                                base::in_quotes(column.name), base::in_quotes(declared))};
    }
    return decimal(precision, scale, Reading::exact_decimal);
}

/// Of an extension, which may lie in any schema.
bool is_citext(std::string_view type) {
    return type == "citext" || type.ends_with(".citext");
}

/// char(n) of PostgreSQL; MySQL's has no blanks at its end.
bool is_padded(std::string_view type) {
    return type == "bpchar" || type == "character" || type.starts_with("character(");
}

using Kind = views::Collation::Kind;

/// Types that are kept as texts which compare otherwise, and by what their source compares them.
struct Compared {
    std::string_view type;
    std::string_view by;
    Kind kind;
};

constexpr std::array kCompared = std::to_array<Compared>({
    {"numeric", "numeric", Kind::value},
    {"decimal", "numeric", Kind::value},
    {"decimal unsigned", "numeric", Kind::value},
    {"interval", "length", Kind::value},
    {"time with time zone", "time", Kind::value},
    {"jsonb", "value", Kind::value},
    {"inet", "address", Kind::value},
    {"cidr", "address", Kind::value},
    {"money", "amount", Kind::value},
    {"numrange", "numeric", Kind::value},
    {"nummultirange", "numeric", Kind::value},
    {"int4range", "bounds", Kind::order},
    {"int8range", "bounds", Kind::order},
    {"daterange", "bounds", Kind::order},
    {"tsrange", "bounds", Kind::order},
    {"tstzrange", "bounds", Kind::order},
    {"pg_lsn", "number", Kind::order},
    {"xid8", "number", Kind::order},
});

/// What the source goes by where the engine has nothing but the value's text.
void set_compared(views::Collation& out, const event::Column& column, const std::string& type,
                  std::string_view connector) {
    event::Column plain = column;
    plain.type = type;
    plain.element.clear();
    if (stored_column(plain, connector, "").type != "VARCHAR") {
        return;
    }
    const std::string name = record::parse_type_text(type).name;
    const auto* const found = std::find_if(kCompared.begin(), kCompared.end(),
                                           [&](const Compared& each) { return each.type == name; });
    if (found != kCompared.end()) {
        out.name = found->by;
        out.kind = found->kind;
    } else if (record::is_mysql(connector) && (name == "time" || name == "json")) {
        out.name = name == "json" ? "value" : "length";
        out.kind = name == "json" ? Kind::value : Kind::order;
    } else if (!record::is_mysql(connector) && !column.labels.empty()) {
        out.name = "labels";
        out.kind = Kind::order;
        out.labels = true;
    }
}

/// A name as a view file has it.
std::string written_name(const std::string& name) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    return plain ? name : '"' + name + '"';
}

StoredColumn list_column(const event::Column& column, std::string_view connector) {
    event::Column element;
    element.type = column.element;
    element.precision = column.precision;
    element.scale = column.scale;
    const StoredColumn stored = stored_column(element, connector, "");
    if (stored.reading != Reading::cast && stored.reading != Reading::as_it_is) {
        return {"VARCHAR", Reading::as_it_is};
    }
    return {stored.type + "[]", Reading::list};
}

} // namespace

std::string StoredColumn::from_text(const std::string& text) const {
    switch (reading) {
    case Reading::as_it_is:
        return text;
    case Reading::cast:
        return fmt::format("CAST({} AS {})", text, type);
    case Reading::exact_decimal:
        return fmt::format("CASE WHEN length(rtrim(split_part({0}, '.', 2), '0')) > {1} THEN "
                           "error('the value ' || {0} || ' has more than {1} digits behind the "
                           "point') ELSE CAST({0} AS {2}) END",
                           text, scale, type);
    case Reading::date:
        return fmt::format("CAST(replace({}, ' BC', ' (BC)') AS {})", text, type);
    case Reading::timestamp:
        return fmt::format(R"(CAST(CASE WHEN suffix({0}, ' BC') THEN regexp_replace({0}, )"
                           R"('^(\S+) (\S+) BC$', '\1 (BC) \2') ELSE {0} END AS {1}))",
                           text, type);
    case Reading::base64:
        return fmt::format("from_base64({})", text);
    case Reading::list:
        return fmt::format("CAST(CAST({} AS JSON) AS {})", text, type);
    }
    return text;
}

StoredColumn stored_column(const event::Column& column, std::string_view connector,
                           std::string_view declared) {
    if (!declared.empty()) {
        return declared_column(declared, column);
    }
    if (!column.element.empty()) {
        return list_column(column, connector);
    }
    const std::string name = record::parse_type_text(column.type).name;
    if (name == "numeric" || name == "decimal" || name == "decimal unsigned") {
        const int precision = column.precision.value_or(0);
        const int scale = column.scale.value_or(0);
        const bool fits =
            precision >= 1 && precision <= kMaxDigits && scale >= 0 && scale <= precision;
        return fits ? decimal(precision, scale, Reading::cast)
                    : StoredColumn{"VARCHAR", Reading::as_it_is};
    }
    const Known* known =
        record::is_mysql(connector) ? find_known(kMysql, name) : find_known(kPostgres, name);
    return known != nullptr ? StoredColumn{std::string{known->type}, known->reading}
                            : StoredColumn{"VARCHAR", Reading::as_it_is};
}

views::Collation collation_of(const event::Table& table, const event::Column& column,
                              std::string_view connector, std::string_view declared,
                              std::string_view table_name) {
    views::Collation out;
    if (!declared.empty()) {
        return out;
    }
    const std::string& type = column.element.empty() ? column.type : column.element;
    if (const auto found = table.collations.find(column.name); found != table.collations.end()) {
        out.name = found->second;
        out.labels = !column.labels.empty();
    } else if (!record::is_mysql(connector) && (is_citext(type) || is_padded(type))) {
        out.name = column.type;
        out.padded = is_padded(type);
    } else {
        set_compared(out, column, type, connector);
    }
    if (out.empty()) {
        return out;
    }
    out.column = fmt::format("{}.{}", table_name, written_name(column.name));
    return out;
}

std::string type_name(const duckdb::Type& type, std::string_view what) {
    using duckdb::TypeId;
    switch (type.id) {
    case TypeId::boolean:
        return "boolean";
    case TypeId::tinyint:
    case TypeId::utinyint:
    case TypeId::smallint:
        return "smallint";
    case TypeId::usmallint:
    case TypeId::integer:
        return "integer";
    case TypeId::uinteger:
    case TypeId::bigint:
        return "bigint";
    case TypeId::ubigint:
        return "numeric(20,0)";
    case TypeId::hugeint:
        return "numeric(38,0)";
    case TypeId::real:
        return "real";
    case TypeId::double_precision:
        return "double precision";
    case TypeId::decimal:
        return fmt::format("numeric({},{})", type.width, type.scale);
    case TypeId::date:
        return "date";
    case TypeId::time:
        return "time without time zone";
    case TypeId::timestamp:
        return "timestamp without time zone";
    case TypeId::timestamp_tz:
        return "timestamp with time zone";
    case TypeId::uuid:
        return "uuid";
    case TypeId::varchar:
        return "text";
    case TypeId::blob:
        return "bytea";
    case TypeId::list:
        return type_name(type.element.front(), what) + "[]";
    default:
        break;
    }
    throw Error{ExitCode::usage, fmt::format("{} has a type that no line can hold", what),
                "Cast it, for instance to text."};
}

} // namespace cdc::transform
