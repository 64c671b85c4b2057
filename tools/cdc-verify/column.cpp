#include "cdc-verify/column.hpp"

#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"
#include "mysql/result_column.hpp"

#include <algorithm>

namespace cdc::verify {

using clickhouse::Kind;
using clickhouse::Type;

namespace {

// Ids of built-in types never change (pg_type.dat).
bool sends_text(const postgres::FactColumn& column) {
    static constexpr std::uint32_t kIds[] = {19, 25, 114, 1042,
                                             1043}; // name text json char varchar
    return column.is_enum ||
           std::find(std::begin(kIds), std::end(kIds), column.type_id) != std::end(kIds);
}

bool is_integer(Kind kind) {
    return kind >= Kind::int8 && kind <= Kind::uint64;
}

/// Whether encode() makes the target's own type of what the source sends in binary.
bool converts(const postgres::FactColumn& source, const Type& type) {
    if (type.array) {
        return false;
    }
    switch (source.type_id) {
    case 16: // bool
        return type.kind == Kind::boolean || is_integer(type.kind);
    case 20: // int8
    case 21: // int2
    case 23: // int4
    case 26: // oid
        return is_integer(type.kind);
    case 700: // float4
        return type.kind == Kind::float32;
    case 701: // float8
        return type.kind == Kind::float64;
    case 1700: // numeric
        return type.kind == Kind::decimal;
    case 1082: // date
        return type.kind == Kind::date32 || type.kind == Kind::datetime64;
    case 1114: // timestamp
    case 1184: // timestamptz
        return type.kind == Kind::datetime64;
    case 2950: // uuid
        return type.kind == Kind::uuid;
    case 17:   // bytea
    case 3802: // jsonb
        return type.kind == Kind::string;
    default:
        return sends_text(source) && type.kind == Kind::string;
    }
}

/// Without what stands around the type of the values.
std::string_view plain_type(std::string_view type) {
    for (const std::string_view outer : {"LowCardinality(", "Nullable("}) {
        if (type.substr(0, outer.size()) == outer) {
            type = type.substr(outer.size(), type.size() - outer.size() - 1);
        }
    }
    return type;
}

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

/// Types that cdc-load does not make, but people do, as ones that it makes.
std::string widened(std::string_view target_type, const std::string& name, Type& type) {
    type.nullable = target_type.find("Nullable(") != std::string_view::npos;
    const std::string_view plain = plain_type(target_type);
    if (starts_with(plain, "DateTime")) {
        type.kind = Kind::datetime64;
        if (starts_with(plain, "DateTime64(")) { // of another time zone: the same moments
            type.scale = plain[std::string_view{"DateTime64("}.size()] - '0';
        }
        return fmt::format("toDateTime64({}, {}, 'UTC')", name, type.scale);
    }
    if (plain == "Date") {
        type.kind = Kind::date32;
        return "toDate32(" + name + ")";
    }
    return "toString(" + name + ")"; // of a FixedString without the zeros at its end
}

std::size_t fixed_size(std::string_view target_type) {
    std::string_view size = plain_type(target_type);
    constexpr std::string_view kStart = "FixedString(";
    if (!starts_with(size, kStart)) {
        return 0;
    }
    size.remove_prefix(kStart.size());
    return base::parse_integer<std::size_t>(size.substr(0, size.find(')'))).value_or(0);
}

bool is_number_type(std::uint32_t type_id) {
    // int8 int2 int4 oid float4 float8 money numeric
    static constexpr std::uint32_t kIds[] = {20, 21, 23, 26, 700, 701, 790, 1700};
    return std::find(std::begin(kIds), std::end(kIds), type_id) != std::end(kIds);
}

bool is_number_kind(mysql::ValueKind kind) {
    switch (kind) {
    case mysql::ValueKind::integer:
    case mysql::ValueKind::year:
    case mysql::ValueKind::bit:
    case mysql::ValueKind::float32:
    case mysql::ValueKind::float64:
    case mysql::ValueKind::decimal:
        return true;
    default:
        return false;
    }
}

/// Of a number of the source: false and true as 0 and 1.
void count_boolean(Column& column, const std::string& name) {
    if (column.type.kind == Kind::boolean && !column.type.array) {
        column.type.kind = Kind::uint8;
        column.target_select = "toUInt8(" + name + ")";
    }
}

/// One NaN for all, and one zero where the source's type has no other.
std::string float_sql(const Column& column, const std::string& name) {
    const std::string type = column.type.kind == Kind::float32 ? "Float32" : "Float64";
    const std::string number =
        column.number ? "if(" + name + " = 0, 0::" + type + ", " + name + ")" : name;
    return "if(isNaN(" + name + "), nan::" + type + ", " + number + ")";
}

bool is_number(std::string_view target_type) {
    const std::string_view plain = plain_type(target_type);
    return starts_with(plain, "Int") || starts_with(plain, "UInt") || starts_with(plain, "Float") ||
           starts_with(plain, "Decimal");
}

void read_text(Column& column, const std::string& quoted) {
    column.as_text = true;
    // format() calls the type's output function; a cast to text would not always.
    column.source_select =
        fmt::format("CASE WHEN num_nulls({0}) = 0 THEN format('%s', {0}) END", quoted);
}

void set_target_type(Column& column, std::string_view target_type, const std::string& name) {
    if (const auto known = clickhouse::parse_type(target_type)) {
        column.type = *known;
        column.target_select = name;
    } else {
        column.target_select = widened(target_type, name, column.type);
    }
    column.type.low_cardinality = false;
    column.fixed_size = fixed_size(target_type);
}

} // namespace

std::string why_not_comparable(std::string_view target_type) {
    static constexpr std::string_view kOthers[] = {
        "Array(",  "Map(",    "Tuple(",  "Nested(",           "JSON",
        "Object(", "Variant", "Dynamic", "AggregateFunction", "SimpleAggregateFunction"};
    const std::string_view plain = plain_type(target_type);
    const bool other = !clickhouse::parse_type(target_type) &&
                       std::any_of(std::begin(kOthers), std::end(kOthers),
                                   [plain](auto start) { return starts_with(plain, start); });
    return other ? fmt::format("its type in the target, {}, has no text that the source's has",
                               target_type)
                 : std::string{};
}

Column pair_column(const postgres::FactColumn& source, const std::string& quoted,
                   std::string_view target_type, const std::string& stored) {
    Column column;
    column.name = source.name;
    column.source_type = source.type;
    column.source_id = source.type_id;
    // Domains over enums have no operators.
    column.source_name = source.is_enum ? quoted + "::" + source.type : quoted;
    column.target_name = stored;
    const std::string name = clickhouse::quote_identifier(stored);
    set_target_type(column, target_type, name);
    if (is_number_type(source.type_id)) {
        count_boolean(column, name);
    }
    if (converts(source, column.type)) {
        column.source_select = quoted;
        column.bytes = source.type_id == 17; // bytea
        if (column.is_float()) {
            column.target_select = float_sql(column, name);
        }
        if (column.bytes && column.fixed_size != 0) {
            column.source_name = "rtrim(" + quoted + ", '\\x00'::bytea)";
        }
        return column;
    }
    read_text(column, quoted);
    column.codec =
        source.element_id != 0
            ? postgres::ValueCodec{postgres::value_kind(source.element_id), source.delimiter}
            : postgres::ValueCodec{postgres::value_kind(source.type_id)};
    if (column.type.array) {
        column.array = column.type;
        column.target_select = elements_sql(name, column.type);
        column.type = Type{};
        return column;
    }
    column.number = is_number(target_type) && is_number_type(source.type_id);
    if (column.number && column.is_float()) {
        column.target_select = float_sql(column, name);
        return column;
    }
    column.trimmed = is_number(target_type);
    if (column.type.kind != Kind::string) {
        column.target_select = "toString(" + name + ")";
        column.type.kind = Kind::string;
    }
    return column;
}

Column pair_mysql_column(const source::FactColumn& source, const std::string& quoted,
                         std::string_view target_type, const std::string& stored) {
    Column column;
    column.name = source.name;
    column.source_type = source.type;
    column.source_name = quoted;
    column.source_select = quoted;
    column.target_name = stored;
    column.mysql = mysql::result_codec(source.type);
    column.bytes = column.mysql->kind == mysql::ValueKind::bytes;
    const std::string name = clickhouse::quote_identifier(stored);
    set_target_type(column, target_type, name);
    const bool as_it_is =
        (column.mysql->kind == mysql::ValueKind::float32 && column.type.kind == Kind::float32) ||
        (column.mysql->kind == mysql::ValueKind::float64 && column.type.kind == Kind::float64);
    column.number = !as_it_is && is_number_kind(column.mysql->kind) && is_number(target_type);
    if (is_number_kind(column.mysql->kind)) {
        count_boolean(column, name);
    }
    if (column.bytes && column.fixed_size != 0) {
        column.source_name = "TRIM(TRAILING X'00' FROM " + quoted + ")";
    }
    if (column.is_float()) {
        column.target_select = float_sql(column, name);
    }
    if (column.type.array) {
        column.array = column.type;
        column.target_select = elements_sql(name, column.type);
        column.type = Type{};
        column.as_text = true;
        column.number = false;
    } else if (column.type.kind == Kind::string) {
        column.as_text = !column.bytes;
        column.trimmed = is_number(target_type);
    }
    return column;
}

void mask_column(Column& column, const event::ColumnEdits::Edit& mask,
                 const std::shared_ptr<const event::ColumnEdits>& masks) {
    if (column.mysql) {
        column.as_text = true;
        column.bytes = false;
        column.trimmed = false;
    } else {
        read_text(column, column.source_name);
        column.codec = {};
        column.source_id = 0;
    }
    column.masks = masks;
    column.mask = mask;
    if (column.type.kind != Kind::string || column.array) {
        column.array.reset();
        column.target_select = "toString(" + clickhouse::quote_identifier(column.target_name) + ")";
        column.type.kind = Kind::string;
    }
}

} // namespace cdc::verify
