#ifndef CDC_MYSQL_TABLE_MAP_HPP
#define CDC_MYSQL_TABLE_MAP_HPP

#include "mysql/event_type.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// The shape of a table as it was when the rows behind it were written.
///
/// Body of the event, behind a table id of 6 bytes and flags of 2:
///     db length (1) db 0x00, table length (1) table 0x00, column count (packed), types (1 each),
///     metadata (packed length), null bitmap, then optional fields: type (1), length (packed),
///     value.
/// `binlog_row_metadata=FULL` writes all optional fields, MINIMAL signedness, charsets and geometry
/// types, MariaDB's NO_LOG none.
struct TableMap {
    struct Column {
        ColumnType type = ColumnType::null; ///< enum_ and set in place of string where it is one
        std::uint16_t metadata = 0;         ///< of the type, the first byte in the high bits
        bool nullable = true;
        bool is_unsigned = false;
        bool visible = true;
        std::uint32_t collation = 0;     ///< of character columns, enums and sets; 0: not known
        std::string collation_name;      ///< of the catalog; "": that of the number
        std::uint32_t geometry = 0;      ///< 0 geometry, 1 point, 2 linestring, …
        std::uint32_t dimensions = 0;    ///< of a vector
        std::string name;                ///< "": not written
        std::vector<std::string> labels; ///< of enum and set, in the column's charset
        friend bool operator==(const Column&, const Column&) = default;
    };

    std::uint64_t id = 0;
    std::string db;
    std::string table;
    std::vector<Column> columns;
    std::vector<std::size_t> primary_key; ///< columns, in the order of the key
    bool has_names = false;
    bool has_signedness = false;
    bool has_charsets = true; ///< false: character columns whose collation is not known

    friend bool operator==(const TableMap&, const TableMap&) = default;
};

/// `body` begins behind the event's header. `mariadb`: the servers count columns differently.
/// Throws Error (bad_data).
TableMap parse_table_map(std::string_view body, bool mariadb);

/// The table's id alone.
std::uint64_t table_map_id(std::string_view body);

} // namespace cdc::mysql

#endif
