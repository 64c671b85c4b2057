#include "mysql/table_map.hpp"

#include "mysql/byte_reader.hpp"

#include <functional>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

constexpr std::size_t kMaxColumns = 4096;

/// Kinds of optional fields; the wire's numbers.
enum Field : std::uint8_t {
    kSignedness = 1,
    kDefaultCharset = 2,
    kColumnCharset = 3,
    kColumnName = 4,
    kSetLabels = 5,
    kEnumLabels = 6,
    kGeometryType = 7,
    kSimplePrimaryKey = 8,
    kPrimaryKeyWithPrefix = 9,
    kEnumAndSetDefaultCharset = 10,
    kEnumAndSetColumnCharset = 11,
    kVisibility = 12,
    kVectorDimensions = 13,
};

using Column = TableMap::Column;

bool is_numeric(ColumnType type) {
    switch (type) {
    case ColumnType::tiny:
    case ColumnType::short_:
    case ColumnType::int24:
    case ColumnType::long_:
    case ColumnType::longlong:
    case ColumnType::newdecimal:
    case ColumnType::float_:
    case ColumnType::double_:
    case ColumnType::year: // both servers count it
        return true;
    default:
        return false;
    }
}

bool is_character(ColumnType type) {
    switch (type) {
    case ColumnType::string:
    case ColumnType::var_string:
    case ColumnType::varchar:
    case ColumnType::blob:
    case ColumnType::mariadb_blob_compressed:
    case ColumnType::mariadb_varchar_compressed:
        return true;
    default:
        return false;
    }
}

/// MariaDB counts geometry among the columns that have a charset, MySQL vectors.
bool has_charset_mysql(ColumnType type) {
    return is_character(type) || type == ColumnType::vector;
}
bool has_charset_mariadb(ColumnType type) {
    return is_character(type) || type == ColumnType::geometry;
}

bool is_labelled(ColumnType type) {
    return type == ColumnType::enum_ || type == ColumnType::set;
}

unsigned metadata_size(ColumnType type) {
    switch (type) {
    case ColumnType::float_:
    case ColumnType::double_:
    case ColumnType::blob:
    case ColumnType::geometry:
    case ColumnType::json:
    case ColumnType::vector:
    case ColumnType::mariadb_blob_compressed:
    case ColumnType::timestamp2:
    case ColumnType::datetime2:
    case ColumnType::time2:
        return 1;
    case ColumnType::varchar:
    case ColumnType::var_string:
    case ColumnType::mariadb_varchar_compressed:
    case ColumnType::string:
    case ColumnType::enum_:
    case ColumnType::set:
    case ColumnType::newdecimal:
    case ColumnType::bit:
        return 2;
    case ColumnType::tiny:
    case ColumnType::short_:
    case ColumnType::int24:
    case ColumnType::long_:
    case ColumnType::longlong:
    case ColumnType::timestamp:
    case ColumnType::date:
    case ColumnType::newdate:
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::year:
        return 0;
    default:
        fail(ExitCode::bad_data, "a column of unknown type {}", static_cast<unsigned>(type));
    }
}

void read_metadata(Column& column, ByteReader& metadata) {
    switch (metadata_size(column.type)) {
    case 1:
        column.metadata = metadata.u8();
        return;
    case 2:
        break;
    default:
        return;
    }
    if (column.type == ColumnType::varchar || column.type == ColumnType::var_string ||
        column.type == ColumnType::mariadb_varchar_compressed) {
        column.metadata = metadata.u16();
        return;
    }
    const std::uint8_t first = metadata.u8();
    const std::uint8_t second = metadata.u8();
    column.metadata = static_cast<std::uint16_t>(first << 8 | second);
    if (column.type != ColumnType::string) {
        return;
    }
    // The first byte is the real type; two bits of it are borrowed for lengths above 255.
    if ((first & 0x30) != 0x30) {
        column.type = static_cast<ColumnType>(first | 0x30);
        column.metadata = static_cast<std::uint16_t>(second | (((first & 0x30) ^ 0x30) << 4));
    } else {
        column.type = static_cast<ColumnType>(first);
        column.metadata = second;
    }
    if (column.type != ColumnType::string && !is_labelled(column.type)) {
        fail(ExitCode::bad_data, "a text column of unknown type {}", first);
    }
}

/// Calls `set` for each column of a kind with its bit, the highest bit of a byte first.
template<typename Which, typename Set>
void read_bits(TableMap& map, std::string_view value, Which which, Set set) {
    std::size_t bit = 0;
    for (Column& column : map.columns) {
        if (!which(column.type)) {
            continue;
        }
        if (bit / 8 >= value.size()) {
            fail(ExitCode::bad_data, "a table map with fewer bits than columns");
        }
        set(column, (static_cast<std::uint8_t>(value[bit / 8]) & (0x80U >> (bit % 8))) != 0);
        ++bit;
    }
}

std::vector<Column*> columns_where(TableMap& map, bool (*which)(ColumnType)) {
    std::vector<Column*> out;
    for (Column& column : map.columns) {
        if (which(column.type)) {
            out.push_back(&column);
        }
    }
    return out;
}

Column& at(const std::vector<Column*>& columns, std::uint64_t i) {
    if (i >= columns.size()) {
        fail(ExitCode::bad_data, "a table map names column {} of {}", i, columns.size());
    }
    return *columns[i];
}

void read_default_charset(const std::vector<Column*>& columns, ByteReader value) {
    const auto standard = static_cast<std::uint32_t>(value.packed());
    for (Column* column : columns) {
        column->collation = standard;
    }
    while (!value.empty()) {
        Column& column = at(columns, value.packed());
        column.collation = static_cast<std::uint32_t>(value.packed());
    }
}

void read_column_charsets(const std::vector<Column*>& columns, ByteReader value) {
    for (std::uint64_t i = 0; !value.empty(); ++i) {
        at(columns, i).collation = static_cast<std::uint32_t>(value.packed());
    }
}

void read_labels(const std::vector<Column*>& columns, ByteReader value) {
    for (std::uint64_t i = 0; !value.empty(); ++i) {
        Column& column = at(columns, i);
        const std::uint64_t count = value.packed();
        for (std::uint64_t label = 0; label < count; ++label) {
            column.labels.emplace_back(value.packed_bytes());
        }
    }
}

void read_primary_key(TableMap& map, ByteReader value, bool prefixes) {
    while (!value.empty()) {
        const std::uint64_t column = value.packed();
        if (prefixes) {
            value.packed();
        }
        if (column >= map.columns.size()) {
            fail(ExitCode::bad_data, "a primary key with column {} of {}", column,
                 map.columns.size());
        }
        map.primary_key.push_back(column);
    }
}

void read_field(TableMap& map, std::uint8_t type, std::string_view value, bool mariadb) {
    const auto is_enum = [](ColumnType t) {
        return t == ColumnType::enum_;
    };
    const auto is_set = [](ColumnType t) {
        return t == ColumnType::set;
    };
    const auto is_geometry = [](ColumnType t) {
        return t == ColumnType::geometry;
    };
    const auto is_vector = [](ColumnType t) {
        return t == ColumnType::vector;
    };
    const auto is_any = [](ColumnType) {
        return true;
    };
    ByteReader reader{value};
    switch (type) {
    case kSignedness:
        map.has_signedness = true;
        read_bits(map, value, is_numeric,
                  [](Column& column, bool bit) { column.is_unsigned = bit; });
        return;
    case kDefaultCharset:
        read_default_charset(columns_where(map, mariadb ? has_charset_mariadb : has_charset_mysql),
                             reader);
        return;
    case kColumnCharset:
        read_column_charsets(columns_where(map, mariadb ? has_charset_mariadb : has_charset_mysql),
                             reader);
        return;
    case kEnumAndSetDefaultCharset:
        read_default_charset(columns_where(map, is_labelled), reader);
        return;
    case kEnumAndSetColumnCharset:
        read_column_charsets(columns_where(map, is_labelled), reader);
        return;
    case kColumnName:
        map.has_names = true;
        for (Column& column : map.columns) {
            column.name = reader.packed_bytes();
        }
        return;
    case kSetLabels:
        read_labels(columns_where(map, is_set), reader);
        return;
    case kEnumLabels:
        read_labels(columns_where(map, is_enum), reader);
        return;
    case kGeometryType: {
        const auto columns = columns_where(map, is_geometry);
        for (std::uint64_t i = 0; !reader.empty(); ++i) {
            at(columns, i).geometry = static_cast<std::uint32_t>(reader.packed());
        }
        return;
    }
    case kSimplePrimaryKey:
    case kPrimaryKeyWithPrefix:
        read_primary_key(map, reader, type == kPrimaryKeyWithPrefix);
        return;
    case kVisibility:
        read_bits(map, value, is_any, [](Column& column, bool bit) { column.visible = bit; });
        return;
    case kVectorDimensions: {
        const auto columns = columns_where(map, is_vector);
        for (std::uint64_t i = 0; !reader.empty(); ++i) {
            at(columns, i).dimensions = static_cast<std::uint32_t>(reader.packed());
        }
        return;
    }
    default:
        return; // made to be passed over by who does not know it
    }
}

} // namespace

std::uint64_t table_map_id(std::string_view body) {
    return ByteReader{body}.little(6);
}

TableMap parse_table_map(std::string_view body, bool mariadb) {
    ByteReader reader{body};
    TableMap map;
    map.id = reader.little(6);
    reader.skip(2);
    map.db = reader.bytes(reader.u8());
    reader.skip(1);
    map.table = reader.bytes(reader.u8());
    reader.skip(1);
    const std::uint64_t count = reader.packed();
    if (count > kMaxColumns) {
        fail(ExitCode::bad_data, "a table of {} columns", count);
    }
    map.columns.resize(static_cast<std::size_t>(count));
    for (Column& column : map.columns) {
        column.type = static_cast<ColumnType>(reader.u8());
    }
    ByteReader metadata{reader.packed_bytes()};
    for (Column& column : map.columns) {
        read_metadata(column, metadata);
    }
    const std::string_view nullable = reader.bytes((count + 7) / 8);
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
        map.columns[i].nullable =
            (static_cast<std::uint8_t>(nullable[i / 8]) & (1U << (i % 8))) != 0;
    }
    while (!reader.empty()) {
        const std::uint8_t type = reader.u8();
        read_field(map, type, reader.packed_bytes(), mariadb);
    }
    for (const Column& column : map.columns) {
        if ((is_character(column.type) || is_labelled(column.type)) && column.collation == 0) {
            map.has_charsets = false;
        }
    }
    return map;
}

} // namespace cdc::mysql
