#include "cdc-consume/table_lines.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/line_decoder.hpp"
#include "kafka/topic_name.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace cdc::consume {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr int kReadTimeoutMs = 60'000;
/// A Kafka transaction's end may reach the change's topic before that of the table line.
constexpr int kPatienceMs = 10'000;

std::string text_of(std::string_view json) {
    return json.empty() || json == "null" ? std::string{} : event::json_string_value(json);
}

std::string_view member(std::string_view object, std::string_view wanted) {
    event::JsonCursor cursor{object};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == wanted) {
            return value;
        }
    }
    return {};
}

/// As cdc-publish writes it.
std::string key_of(std::string_view line, std::string_view version) {
    const std::string_view source = member(line, "source");
    std::string key;
    char separator = '{';
    for (const std::string_view name : {"db", "schema", "table"}) {
        key += separator;
        event::append_json_string(key, name);
        key += ':';
        event::append_json_string(key, text_of(member(source, name)));
        separator = ',';
    }
    key += R"(,"version":)";
    event::append_json_string(key, version);
    return key + "}";
}

} // namespace

std::string TableLines::schema_topic(const std::string& topic) const {
    constexpr std::string_view kSuffix = ".schema-changes";
    if (!m_options.prefix.empty()) {
        return kafka::legal_topic_name(m_options.prefix) + std::string{kSuffix};
    }
    for (std::size_t dot = topic.rfind('.'); dot != std::string::npos && dot > 0;
         dot = topic.rfind('.', dot - 1)) {
        const std::string candidate = topic.substr(0, dot) + std::string{kSuffix};
        if (std::find(m_topics.begin(), m_topics.end(), candidate) != m_topics.end()) {
            return candidate;
        }
    }
    throw base::Error{
        ExitCode::bad_data,
        fmt::format("no topic PREFIX.schema-changes belongs to topic {}", in_quotes(topic)),
        "Name it with --prefix"};
}

const std::string& TableLines::of(const std::string& topic, std::string_view line,
                                  std::string_view version) {
    const std::string source_topic = schema_topic(topic);
    Source& source = m_sources[source_topic];
    const std::string key = key_of(line, version);
    const std::int64_t deadline = base::steady_ms() + kPatienceMs;
    auto found = source.lines.find(key);
    while (found == source.lines.end()) {
        if (!source.reader) {
            source.reader = std::make_unique<kafka::TopicReader>(
                m_options.settings, source_topic,
                static_cast<int>(m_options.kafka.connect_timeout_ms));
        }
        source.reader->read(
            [&](std::optional<std::string_view> record_key, std::optional<std::string_view> value) {
                if (record_key && value) {
                    source.lines[std::string{*record_key}] = *value;
                }
            },
            kReadTimeoutMs);
        found = source.lines.find(key);
        if (found == source.lines.end()) {
            if (base::steady_ms() > deadline) {
                fail(ExitCode::bad_data, "topic {} has no table line {}", in_quotes(source_topic),
                     key);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{200});
        }
    }
    return found->second;
}

} // namespace cdc::consume
