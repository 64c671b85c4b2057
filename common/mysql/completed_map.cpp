#include "mysql/completed_map.hpp"

#include "base/error.hpp"
#include "mysql/charset.hpp"

#include <string>
#include <string_view>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

using Column = TableMap::Column;

[[noreturn]] void refuse(const TableMap& map, std::string_view what) {
    throw Error{ExitCode::refused,
                fmt::format("table '{}.{}': the log does not say the names of its columns, and {}",
                            map.db, map.table, what),
                "read the table again with a snapshot and begin behind it, or leave it out "
                "(--exclude); binlog_row_metadata=FULL has the names in the log"};
}

/// The catalog has the type of columns that are made now.
ColumnType made_now(ColumnType type) {
    switch (type) {
    case ColumnType::time:
        return ColumnType::time2;
    case ColumnType::datetime:
        return ColumnType::datetime2;
    case ColumnType::timestamp:
        return ColumnType::timestamp2;
    case ColumnType::newdate:
        return ColumnType::date;
    case ColumnType::var_string:
    case ColumnType::mariadb_varchar_compressed:
        return ColumnType::varchar;
    case ColumnType::mariadb_blob_compressed:
        return ColumnType::blob;
    default:
        return type;
    }
}

bool is_same_type(const Column& log, const Column& catalog) {
    if (made_now(log.type) != catalog.type) {
        return false;
    }
    switch (log.type) {
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
    case ColumnType::mariadb_varchar_compressed:
    case ColumnType::mariadb_blob_compressed:
        return true;
    default:
        return log.metadata == catalog.metadata;
    }
}

bool has_sign(ColumnType type) {
    switch (type) {
    case ColumnType::tiny:
    case ColumnType::short_:
    case ColumnType::int24:
    case ColumnType::long_:
    case ColumnType::longlong:
    case ColumnType::float_:
    case ColumnType::double_:
    case ColumnType::newdecimal:
        return true;
    default:
        return false;
    }
}

bool is_labelled(const Column& column) {
    return column.type == ColumnType::enum_ || column.type == ColumnType::set;
}

bool is_same_charset(const Column& log, const Column& catalog) {
    if (log.collation == 0 || is_labelled(log)) { // labels are the catalog's, in UTF-8
        return true;
    }
    const Charset* one = charset_of_collation(log.collation);
    const Charset* other = charset_of_collation(catalog.collation);
    return one != nullptr && other != nullptr && one->name == other->name;
}

void complete(Column& column, const Column& catalog, bool has_signedness) {
    column.name = catalog.name;
    column.visible = catalog.visible;
    if (is_labelled(column)) {
        column.labels = catalog.labels;
    }
    if (is_labelled(column) || column.collation == 0) {
        column.collation = catalog.collation;
        column.collation_name = catalog.collation_name;
    }
    column.geometry = column.geometry == 0 ? catalog.geometry : column.geometry;
    column.dimensions = column.dimensions == 0 ? catalog.dimensions : column.dimensions;
    column.is_unsigned = has_signedness ? column.is_unsigned : catalog.is_unsigned;
}

} // namespace

TableMap completed_map(TableMap map, const std::optional<TableMap>& catalog) {
    if (!catalog) {
        refuse(map, "the catalog has no such table now");
    }
    if (map.columns.size() != catalog->columns.size()) {
        refuse(map, fmt::format("its rows have {} columns, the catalog {}", map.columns.size(),
                                catalog->columns.size()));
    }
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
        Column& column = map.columns[i];
        const Column& now = catalog->columns[i];
        const bool same_sign =
            !map.has_signedness || !has_sign(column.type) || column.is_unsigned == now.is_unsigned;
        if (!is_same_type(column, now) || column.nullable != now.nullable || !same_sign ||
            !is_same_charset(column, now)) {
            refuse(map, fmt::format("column {} of its rows is of another type than {} in the "
                                    "catalog",
                                    i + 1, in_quotes(now.name)));
        }
        complete(column, now, map.has_signedness);
    }
    map.primary_key = catalog->primary_key;
    map.has_names = map.has_signedness = map.has_charsets = true;
    return map;
}

} // namespace cdc::mysql
