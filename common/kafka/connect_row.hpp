#ifndef CDC_KAFKA_CONNECT_ROW_HPP
#define CDC_KAFKA_CONNECT_ROW_HPP

#include "event/table.hpp"
#include "kafka/connect_value.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::kafka {

/// The rows of a Debezium record that came with its schema.
struct ConnectRow {
    std::vector<event::Column> columns;
    std::string version;                                   ///< of the columns
    std::map<std::string, ConnectType, std::less<>> types; ///< by the column's JSON name
};

/// Reads the schemas of Connect's JSON converter, `{"schema":{…},"payload":{…}}`, once each.
/// Memory: at most kMost of them.
class ConnectRows {
public:
    static constexpr std::size_t kMost = 256;

    /// The row of a change with this schema of its value and this key (JSON text, "null" for none),
    /// whose members are the key's columns; types are called as those of `connector` are in table
    /// lines. nullptr when the schema has no columns. The result is
    /// valid until the next call.
    const ConnectRow* of(std::string_view value_schema, std::string_view key,
                         std::string_view connector);

private:
    std::map<std::string, ConnectRow, std::less<>> m_rows; ///< by the key's columns and the schema
    std::string m_wanted;
    std::string m_last;
    const ConnectRow* m_last_row = nullptr;
};

} // namespace cdc::kafka

#endif
