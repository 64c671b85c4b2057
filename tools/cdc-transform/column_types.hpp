#ifndef CDC_TRANSFORM_COLUMN_TYPES_HPP
#define CDC_TRANSFORM_COLUMN_TYPES_HPP

#include "duckdb/result.hpp"
#include "event/table.hpp"
#include "views/bind.hpp"

#include <string>
#include <string_view>

namespace cdc::transform {

/// How a column of an input table is stored. Numbers are exact: a column that the engine has no
/// exact type for (numeric without scale, beyond 38 digits) is text, unless the view file gives it
/// a type.
struct StoredColumn {
    enum class Reading { as_it_is, cast, exact_decimal, date, timestamp, base64, list };

    std::string type; ///< of the engine
    Reading reading = Reading::as_it_is;
    int scale = 0; ///< of an exact_decimal

    /// SQL for the stored value of a line's text, which is the SQL expression `text`.
    std::string from_text(const std::string& text) const;
};

/// `declared`: what the view file's TYPE says, "" for nothing. `connector` is the source's.
StoredColumn stored_column(const event::Column& column, std::string_view connector,
                           std::string_view declared);

/// What the source compares a column's texts by; nothing where it goes by their bytes, or TYPE says
/// that they count. `table_name`: as the view file names the table.
views::Collation collation_of(const event::Table& table, const event::Column& column,
                              std::string_view connector, std::string_view declared,
                              std::string_view table_name);

/// PostgreSQL's name for a type of the engine, as a view's column has it. Throws Error (usage),
/// with `what` in the message, where a line has no form for its values.
std::string type_name(const duckdb::Type& type, std::string_view what);

} // namespace cdc::transform

#endif
