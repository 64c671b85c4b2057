#include "kafka/topic_name.hpp"

#include "base/error.hpp"

namespace cdc::kafka {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::size_t kMaxTopicName = 249;
constexpr std::string_view kSideTopics[] = {"heartbeat",   "schema-changes", "transaction",
                                            "checkpoints", "message",        "dead-letter"};

bool is_legal(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

} // namespace

std::string legal_topic_name(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (!is_legal(c)) {
            c = '_';
        }
    }
    return out;
}

TopicNamer::TopicNamer(std::string prefix, std::string topic_template)
    : m_prefix{std::move(prefix)}, m_template{std::move(topic_template)} {
    fill("d", "s", "t");
    for (const std::string_view name : kSideTopics) {
        m_owners[side_topic(name)] = "the topic for " + std::string{name};
    }
}

std::string TopicNamer::fill(const std::string& db, const std::string& schema,
                             const std::string& table) const {
    std::string out;
    for (std::size_t at = 0; at < m_template.size();) {
        if (m_template[at] != '{') {
            out += m_template[at++];
            continue;
        }
        const auto end = m_template.find('}', at);
        const std::string place =
            m_template.substr(at, end == std::string::npos ? end : end + 1 - at);
        if (place == "{prefix}") {
            out += m_prefix;
        } else if (place == "{db}") {
            out += db;
        } else if (place == "{schema}") {
            out += schema.empty() ? db : schema;
        } else if (place == "{table}") {
            out += table;
        } else {
            fail(ExitCode::usage,
                 "topic template {} has the unknown place {}; known are {{prefix}}, {{db}}, "
                 "{{schema}} and {{table}}",
                 in_quotes(m_template), in_quotes(place));
        }
        at += place.size();
    }
    return legal_topic_name(out);
}

std::string TopicNamer::topic_of(const std::string& db, const std::string& schema,
                                 const std::string& table) {
    const std::string name = fill(db, schema, table);
    if (name.empty() || name == "." || name == ".." || name.size() > kMaxTopicName) {
        fail(ExitCode::refused, "{} is no legal topic name (of {} bytes; Kafka takes {})",
             in_quotes(name), name.size(), kMaxTopicName);
    }
    const std::string owner =
        fmt::format("table {}", in_quotes(db + "." + (schema.empty() ? "" : schema + ".") + table));
    const auto [found, added] = m_owners.emplace(name, owner);
    if (!added && found->second != owner) {
        throw Error{ExitCode::refused,
                    fmt::format("topic {} would be shared by {} and {}", in_quotes(name),
                                found->second, owner),
                    "Give another --topic template, or leave one of them out"};
    }
    return name;
}

void TopicNamer::reserve(const std::string& topic, std::string_view what) {
    m_owners[topic] = "the topic for " + std::string{what};
}

std::string TopicNamer::side_topic(std::string_view name) const {
    return legal_topic_name(m_prefix + "." + std::string{name});
}

} // namespace cdc::kafka
