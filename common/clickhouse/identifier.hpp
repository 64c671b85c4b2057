#ifndef CDC_CLICKHOUSE_IDENTIFIER_HPP
#define CDC_CLICKHOUSE_IDENTIFIER_HPP

#include <string>
#include <string_view>

namespace cdc::clickhouse {

/// `name` in backquotes, for SQL.
std::string quote_identifier(std::string_view name);
/// The same, but only where SQL needs it.
std::string quote_if_needed(std::string_view name);
/// 'text' in single quotes, for SQL; any bytes.
std::string quote_string(std::string_view text);
/// The form of system.tables.sorting_key: "a, `b c`" -> {"a", "b c"}.
std::string unquote_identifier(std::string_view text);

} // namespace cdc::clickhouse

#endif
