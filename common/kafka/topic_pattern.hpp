#ifndef CDC_KAFKA_TOPIC_PATTERN_HPP
#define CDC_KAFKA_TOPIC_PATTERN_HPP

#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::kafka {

/// Topics as --topics has them: a name, a shell glob (`shop.*`), or a regular expression that
/// begins with '^'. The broker's own topics, whose names begin with "__", meet names only.
struct TopicPattern {
    std::string given;
    std::string wanted; ///< what librdkafka takes: a name, or an expression that begins with '^'
};

/// Names and globs may stand in one text, separated by commas. Throws Error (usage) on a broken
/// expression or glob.
std::vector<TopicPattern> parse_topics(const std::vector<std::string>& texts);

std::vector<std::string> wanted_topics(const std::vector<TopicPattern>& patterns);

/// Whether a topic is one of `wanted`, a name or an expression, which is compiled once.
class TopicMatcher {
public:
    explicit TopicMatcher(const std::string& wanted);
    bool operator()(const std::string& topic) const;

private:
    std::string m_name;
    std::optional<std::regex> m_expression; ///< nothing: `m_name` is meant
};

/// "there is no topic 'shpo.orders'", or "no topic matches …".
std::string unmet_text(const TopicPattern& pattern);
/// The topic that was probably meant; "": none is near.
std::string near_topic(const TopicPattern& pattern, const std::vector<std::string>& topics);

} // namespace cdc::kafka

#endif
