#ifndef CDC_PUBLISH_TOPIC_OWNERS_HPP
#define CDC_PUBLISH_TOPIC_OWNERS_HPP

#include "cdc-publish/options.hpp"
#include "kafka/topic_name.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cdc::publish {

struct TableName {
    std::string db;
    std::string schema;
    std::string table;

    friend bool operator==(const TableName&, const TableName&) = default;
    friend bool operator<(const TableName& a, const TableName& b);
    std::string text() const; ///< for people
};

/// The table of a record of schema-changes, by its key. Nothing: it is none.
std::optional<TableName> table_of_key(std::string_view key);
/// The table that a record's value names in its source, bare or under "payload".
std::optional<TableName> table_of_value(std::string_view value);

/// Whose topics are, says what other runs left behind: two tables whose names become one topic's
/// would be read as one.
class TopicOwners {
public:
    /// With --exactly-once before the first transaction begins.
    TopicOwners(const Options& options, const kafka::TopicNamer& namer);

    /// Of a topic that was there before. Throws Error (refused) when it holds another table: by
    /// `<prefix>.schema-changes`, and where that knows nothing of the topic, by its last records.
    void check(const std::string& topic, const TableName& table);
    /// PostgreSQL's number of the table in its last line; 0: not known. After check().
    std::uint32_t oid(const TableName& table) const;
    /// Whether this is the table's last line in schema-changes already, but for its order. After
    /// check().
    bool has_last(const TableName& table, std::string_view table_json) const;

private:
    /// Unless the user may not read.
    void look(const std::function<void()>& read);
    void read_schema_changes();

    const Options& m_options;
    const kafka::TopicNamer& m_namer;
    bool m_read = false;
    bool m_may_not_read = false;
    std::map<std::string, std::set<TableName>> m_owners; ///< by topic
    std::map<TableName, std::string> m_last;             ///< member `table` of the last line
};

} // namespace cdc::publish

#endif
