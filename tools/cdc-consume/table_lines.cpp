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
#include <vector>

namespace cdc::consume {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::json_member;

namespace {

constexpr std::string_view kVersionMember = R"(,"version":)";
constexpr int kReadTimeoutMs = 60'000;
/// A Kafka transaction's end may reach the change's topic before that of the table line.
constexpr int kPatienceMs = 10'000;

std::string text_of(std::string_view json) {
    return json.empty() || json == "null" ? std::string{} : event::json_string_value(json);
}

/// As cdc-publish writes it.
std::string key_of(std::string_view line, std::string_view version) {
    const std::string_view source = json_member(line, "source");
    std::string key;
    char separator = '{';
    for (const std::string_view name : {"db", "schema", "table"}) {
        key += separator;
        event::append_json_string(key, name);
        key += ':';
        event::append_json_string(key, text_of(json_member(source, name)));
        separator = ',';
    }
    key += kVersionMember;
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
    return {};
}

void TableLines::set_topics(std::vector<std::string> topics) {
    m_topics = std::move(topics);
    for (auto& [name, source] : m_sources) {
        source.fresh = false;
    }
}

void TableLines::read(const std::string& name, Source& source) {
    if (!source.reader) {
        source.reader = std::make_unique<kafka::TopicReader>(
            m_options.settings, name, static_cast<int>(m_options.kafka.connect_timeout_ms));
    }
    source.reader->read_past_open(
        [&](std::optional<std::string_view> key, std::optional<std::string_view> value) {
            if (key && value) {
                source.lines[std::string{*key}] = *value;
            }
        },
        kReadTimeoutMs);
    source.fresh = true;
}

bool TableLines::is_only_version(const std::string& topic, std::string_view line,
                                 std::string_view version) {
    const std::string name = schema_topic(topic);
    if (name.empty()) {
        return false;
    }
    Source& source = m_sources[name];
    if (!source.fresh) {
        read(name, source);
    }
    const std::string key = key_of(line, version);
    const std::string table = key.substr(0, key.rfind(kVersionMember));
    auto found = source.lines.lower_bound(table);
    if (found == source.lines.end() || found->first != key) {
        return false;
    }
    ++found;
    return found == source.lines.end() || found->first.compare(0, table.size(), table) != 0;
}

const std::string* TableLines::of_topic(const std::string& topic, std::string_view version) {
    const std::string name = schema_topic(topic);
    if (name.empty()) {
        return nullptr;
    }
    Source& source = m_sources[name];
    std::string wanted{kVersionMember};
    event::append_json_string(wanted, version);
    wanted += '}';
    const auto find = [&] {
        std::vector<const std::string*> found;
        for (const auto& [key, line] : source.lines) {
            const std::string schema = text_of(json_member(key, "schema"));
            const std::string table = (schema.empty() ? text_of(json_member(key, "db")) : schema) +
                                      "." + text_of(json_member(key, "table"));
            if (key.ends_with(wanted) && topic.ends_with("." + kafka::legal_topic_name(table))) {
                found.push_back(&line);
            }
        }
        return found.size() == 1 ? found.front() : nullptr;
    };
    const std::string* line = find();
    if (line == nullptr) {
        read(name, source);
        line = find();
    }
    return line;
}

const std::string& TableLines::of(const std::string& topic, std::string_view line,
                                  std::string_view version) {
    const std::string name = schema_topic(topic);
    if (name.empty()) {
        throw base::Error{
            ExitCode::bad_data,
            fmt::format("no topic PREFIX.schema-changes belongs to topic {}", in_quotes(topic)),
            "Name it with --prefix"};
    }
    Source& source = m_sources[name];
    const std::string key = key_of(line, version);
    const std::int64_t deadline = base::steady_ms() + kPatienceMs;
    auto found = source.lines.find(key);
    while (found == source.lines.end()) {
        read(name, source);
        found = source.lines.find(key);
        if (found == source.lines.end()) {
            if (base::steady_ms() > deadline) {
                throw base::Error{
                    ExitCode::bad_data,
                    fmt::format("topic {} has no table line {}", in_quotes(name), key),
                    "Where the table lines stand in another topic, name it with --prefix"};
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{200});
        }
    }
    return found->second;
}

} // namespace cdc::consume
