#ifndef CDC_MYSQL_COLUMN_TYPE_HPP
#define CDC_MYSQL_COLUMN_TYPE_HPP

#include "event/table.hpp"
#include "mysql/table_map.hpp"
#include "mysql/value.hpp"

#include <string_view>

namespace cdc::mysql {

/// What a column of a table map is: its line in the table line, and how its values are written.
struct ColumnPlan {
    event::Column shape; ///< `key` is left 0
    ValueCodec codec;
};

/// `declared` is the type that the catalog has for the column, where that was asked: MariaDB's
/// uuid, inet4 and inet6 are plain bytes in the log. Throws Error (bad_data; refused: its charset
/// is not known).
ColumnPlan plan_column(const TableMap::Column& column, std::string_view declared);

/// Whether a column of this type, as the table line has it, holds a geometry.
bool is_geometry(std::string_view type);

/// Whether only the catalog can tell what the column is.
bool may_be_special(const TableMap::Column& column);

} // namespace cdc::mysql

#endif
