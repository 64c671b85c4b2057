#ifndef CDC_CONSUME_TABLE_LINES_HPP
#define CDC_CONSUME_TABLE_LINES_HPP

#include "cdc-consume/options.hpp"
#include "kafka/topic_reader.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace cdc::consume {

/// Table lines by version, from the topics `<prefix>.schema-changes`. They are read when a version
/// is wanted that is not known yet. Memory: one line for each version of each table.
class TableLines {
public:
    explicit TableLines(const Options& options) : m_options{options} {}

    /// The line without '\n'; valid until the next call. `line` is one of the table, or the value
    /// of its record. Throws Error (bad_data) when the version is in no such topic.
    const std::string& of(const std::string& topic, std::string_view line,
                          std::string_view version);
    /// The line of this version whose table's name the topic's ends with; nullptr: none, or several
    /// are alike. The line is valid until the next call.
    const std::string* of_topic(const std::string& topic, std::string_view version);
    /// Whether no other version of the table was announced by the time of this call: then all its
    /// records that were there before have this one.
    bool is_only_version(const std::string& topic, std::string_view line, std::string_view version);
    /// All topics of the cluster, to find the prefix among them. What is asked afterwards is about
    /// what is there by now.
    void set_topics(std::vector<std::string> topics);

private:
    struct Source {
        std::unique_ptr<kafka::TopicReader> reader;
        std::map<std::string, std::string> lines; ///< by the record's key
        bool fresh = false;                       ///< read since set_topics()
    };
    /// Empty: none is there.
    std::string schema_topic(const std::string& topic) const;
    void read(const std::string& name, Source& source);

    const Options& m_options;
    std::vector<std::string> m_topics;
    std::map<std::string, Source> m_sources; ///< by topic
};

} // namespace cdc::consume

#endif
