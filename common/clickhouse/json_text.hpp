#ifndef CDC_CLICKHOUSE_JSON_TEXT_HPP
#define CDC_CLICKHOUSE_JSON_TEXT_HPP

#include <string_view>

/// One JSON value as the text it stands for.
namespace cdc::clickhouse {

inline bool is_string(std::string_view json) {
    return json.size() >= 2 && json.front() == '"';
}

/// A string without its quotes, escapes as they are.
inline std::string_view inside(std::string_view json) {
    return json.substr(1, json.size() - 2);
}

/// The text of a JSON string without escapes, or of any other value. Every value but text is
/// written without escapes by the tools, so that one with escapes is simply not that value.
inline std::string_view plain_text(std::string_view json) {
    return is_string(json) ? inside(json) : json;
}

} // namespace cdc::clickhouse

#endif
