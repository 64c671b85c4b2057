#ifndef CDC_KAFKA_TOPIC_NAME_HPP
#define CDC_KAFKA_TOPIC_NAME_HPP

#include <map>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// Names of topics made from names of tables. `{prefix}`, `{db}`, `{schema}` and `{table}` stand
/// for themselves; where a table has no schema, `{schema}` is its database. Bytes that Kafka does
/// not allow become '_'.
class TopicNamer {
public:
    /// Throws Error (usage) on an unknown place in the template.
    TopicNamer(std::string prefix, std::string topic_template);

    /// The same table always gets the same topic. Throws Error (refused) when another table or a
    /// side topic has that name already, or when it is not a legal name.
    std::string topic_of(const std::string& db, const std::string& schema,
                         const std::string& table);

    /// The name alone: no check, and nothing remembered.
    std::string fill(const std::string& db, const std::string& schema,
                     const std::string& table) const;

    /// No table gets this topic, which is for `what`.
    void reserve(const std::string& topic, std::string_view what);

    /// `<prefix>.<name>`, for the topics that are of no table.
    std::string side_topic(std::string_view name) const;

private:
    std::string m_prefix;
    std::string m_template;
    std::map<std::string, std::string> m_owners; ///< table (or side topic) of each name given
};

/// Bytes outside [a-zA-Z0-9._-] as '_'.
std::string legal_topic_name(std::string_view text);

} // namespace cdc::kafka

#endif
