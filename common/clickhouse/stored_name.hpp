#ifndef CDC_CLICKHOUSE_STORED_NAME_HPP
#define CDC_CLICKHOUSE_STORED_NAME_HPP

#include "clickhouse/layout.hpp"

#include <string>
#include <string_view>

/// The one rule for names that a target cannot have as the source has them: NAMES of cdc-load(1).
///
/// Columns. ClickHouse writes stored DDL with quotes around odd names only, and reads words such as
/// `true` or `not` back as something else; columns with a dot in their names become parts of one
/// Nested column; and names that begin with `_` are its own and this program's. Such a column is
/// stored in the raw table as `_cdc_NAME`, with `.` and `%` as `%2E` and `%25`. The view gives it
/// back under its own name.
///
/// Tables. A name with a character of globs or of paths is taken for files by the embedded engine:
/// each `* ? { } / %`, control character and a dot in front stand as `%` and two hex digits. A name
/// that this program may need itself (`t_raw`, `t_pending`, `_cdc_state` …), or such a name with
/// underscores behind it, gets one more `_`. A name that does not fit into file names is cut, with
/// a hash behind.
///
/// Names in targets depend on it: do not change.
namespace cdc::clickhouse {

std::string stored_column(std::string_view name, const Layout& layout);
/// The source's name of a raw table's column. One that an older version stored as it is, is kept.
std::string source_column(std::string_view stored, const Layout& layout);

/// Whether columns of two raw tables are of one source column, or the same one of the loader's.
bool same_column(std::string_view one, std::string_view other, const Layout& layout);

/// A part of a table's name: db, schema or table.
std::string stored_part(std::string_view name);
/// The whole name, of parts as stored_part() gives them.
std::string stored_table(std::string_view name, const Layout& layout);

} // namespace cdc::clickhouse

#endif
