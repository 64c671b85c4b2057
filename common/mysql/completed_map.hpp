#ifndef CDC_MYSQL_COMPLETED_MAP_HPP
#define CDC_MYSQL_COMPLETED_MAP_HPP

#include "mysql/table_map.hpp"

#include <optional>

namespace cdc::mysql {

/// A table map that lacks names (`binlog_row_metadata=MINIMAL`, MariaDB's NO_LOG) with those of the
/// catalog, and with the labels, the primary key, signedness and charsets that it lacks. Throws
/// Error (refused) when the catalog has no such table, or one that is another by what the log says:
/// the number of columns, their types, NULL, signedness, charsets.
TableMap completed_map(TableMap map, const std::optional<TableMap>& catalog);

} // namespace cdc::mysql

#endif
