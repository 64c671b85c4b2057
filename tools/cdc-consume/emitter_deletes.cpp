#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-consume/emitter.hpp"
#include "event/json_cursor.hpp"
#include "kafka/foreign.hpp"
#include "record/framing.hpp"

/// Deletes of compacted topics.
namespace cdc::consume {

using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

constexpr std::size_t kMostBytes = 100'000; ///< of a sample
constexpr std::size_t kMostTables = 1'000;

std::string table_of(const kafka::ChangeCut& cut) {
    std::string out{cut.db};
    return out.append(1, '.').append(cut.schema).append(1, '.').append(cut.table);
}

std::string names_of(std::string_view key) {
    std::string out;
    event::JsonCursor cursor{key};
    for (bool more = key != "null" && cursor.open('{'); more; more = cursor.next('}')) {
        out.append(cursor.member_name()).append(1, '\n');
        cursor.value();
    }
    return out;
}

std::string_view unquoted(std::string_view json) {
    return json.size() >= 2 && json[0] == '"' ? json.substr(1, json.size() - 2)
                                              : std::string_view{};
}

/// Whether the text ends in the names of the table, as topics of Debezium's do.
bool ends_in_table(std::string_view text, const kafka::ChangeCut& cut) {
    const std::string table = "." + std::string{unquoted(cut.table)};
    return text.ends_with("." + std::string{unquoted(cut.schema)} + table) ||
           text.ends_with("." + std::string{unquoted(cut.db)} + table);
}

/// Which table it was, where several were made one topic's: what ByLogicalTableRouter adds to keys.
std::string_view physical_table(std::string_view key) {
    event::JsonCursor cursor{key};
    for (bool more = key != "null" && cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "__dbz__physicalTableIdentifier") {
            return unquoted(value);
        }
    }
    return {};
}

} // namespace

/// Compaction takes a delete that its tombstone follows, and leaves the tombstone. True: the delete
/// is written again.
bool Emitter::append_compacted_delete(std::string& out, const kafka::IncomingRecord& record,
                                      const std::string& topic_name, const Before& before) {
    const bool own = !record.order.empty() && !record.table_version.empty();
    const bool follows =
        own ? record.order == before.order || (before.order.empty() && before.adjacent)
            : before.adjacent;
    if (follows || !record.key) {
        return false;
    }
    kafka::IncomingRecord sample = record; // its key, with the value of another
    std::string line = own ? deletion_of(record, topic_name) : std::string{};
    std::string_view key = own ? m_framed.key_of(record) : std::string_view{};
    std::string_view schema;
    if (!own) {
        const Sample* known = sample_for(record, topic_name);
        if (known == nullptr) {
            return false;
        }
        sample.value = known->value;
        sample.value_schema.reset();
        key = *record.key;
        std::string_view value = known->value;
        if (record::is_framed(value)) {
            const FramedRecord framed = m_framed.decode(sample);
            key = framed.key;
            value = framed.value;
            schema = framed.connect_schema;
        }
        line = kafka::deletion_like(value, {}, record.timestamp_ms);
    }
    m_line.clear();
    const kafka::ConnectRow* row = kafka::append_foreign(
        m_line, key, line, record.partition, record.offset, own ? nullptr : &m_rows, schema);
    m_line.pop_back(); // its '\n'
    kafka::cut_change(m_line, m_cut);
    check_ordered(record, topic_name);
    if (own && needs_table_line(record)) {
        append_table_line(out, record, topic_name, m_line);
    } else if (row != nullptr) {
        append_row_table(out, record, *row);
    }
    out += m_line;
    out += '\n';
    if (m_with_kafka) {
        out.resize(out.size() - 2); // "}\n"
        append_kafka_member(out, record, topic_name);
    }
    m_order.assign(m_cut.order);
    return true;
}

/// Of the change in m_cut.
void Emitter::keep_sample(const kafka::IncomingRecord& record) {
    Topic& topic = m_topics[static_cast<std::size_t>(record.topic)];
    const std::string table = table_of(m_cut);
    if (topic.sampled == table || !record.order.empty()) {
        return;
    }
    topic.sampled = table;
    take_sample(topic, record.value_schema ? std::string_view{} : *record.value, {});
}

void Emitter::take_sample(Topic& topic, std::string_view value, std::string_view json) {
    if (m_cut.op == 'm' || topic.samples.size() >= kMostTables) {
        return;
    }
    Sample& sample = topic.samples[table_of(m_cut)];
    if (sample.value.empty() && value.size() <= kMostBytes) {
        sample.value = value;
    }
    if (sample.json.empty() && json.size() <= kMostBytes) {
        sample.json = json;
    }
    if (sample.key_names.empty()) {
        sample.key_names = names_of(m_cut.key);
    }
}

/// Where topics are not named as their tables, one may hold more than its last records say.
void Emitter::look_for_samples(Topic& topic, const std::string& topic_name) {
    bool whole = false;
    const auto take = [&](std::optional<std::string_view> key,
                          std::optional<std::string_view> value) {
        if (!value) {
            return;
        }
        kafka::IncomingRecord record;
        record.key = key;
        record.value = value;
        std::string_view text = *value;
        std::string_view key_text = key.value_or("null");
        try {
            if (record::is_framed(text)) {
                const FramedRecord framed = m_framed.decode(record);
                text = framed.value;
                key_text = framed.key;
            }
            if (!kafka::is_foreign_change(text)) {
                return; // of others
            }
            m_line.clear();
            kafka::append_foreign(m_line, key_text, text, 0, 0, nullptr);
            m_line.pop_back();
            kafka::cut_change(m_line, m_cut);
        } catch (const base::Error& error) {
            if (error.code() != ExitCode::bad_data) {
                throw;
            }
            return; // it is told when it is read
        }
        take_sample(topic, *value, text);
        whole = whole || !ends_in_table(topic_name, m_cut);
    };
    m_ask.records(topic_name, false, take);
    if (whole) {
        m_ask.records(topic_name, true, take);
    }
}

/// For a tombstone of others. nullptr: of a topic that has no changes.
const Emitter::Sample* Emitter::sample_for(const kafka::IncomingRecord& record,
                                           const std::string& topic_name) {
    Topic& topic = m_topics[static_cast<std::size_t>(record.topic)];
    if (!topic.looked) {
        topic.looked = true;
        look_for_samples(topic, topic_name);
        if (topic.samples.empty()) {
            log::warning("topic {} partition {} offset {}: compaction took the delete before this "
                         "tombstone, and no record says of which table; it is passed over",
                         in_quotes(topic_name), record.partition, record.offset);
        }
    }
    const Sample* found = nullptr;
    std::string tables;
    for (const auto& [table, sample] : topic.samples) {
        if (sample.value.empty()) {
            continue;
        }
        m_line.clear();
        kafka::IncomingRecord of_sample = record;
        of_sample.value = sample.value;
        of_sample.value_schema.reset();
        std::string_view key = *record.key;
        std::string_view value = sample.value;
        if (record::is_framed(value)) {
            const FramedRecord framed = m_framed.decode(of_sample);
            key = framed.key;
            value = framed.value;
        }
        kafka::append_foreign(m_line, key, value, 0, 0, nullptr);
        m_line.pop_back();
        kafka::cut_change(m_line, m_cut);
        const std::string_view physical = physical_table(m_cut.key);
        if (topic.samples.size() > 1 && (physical.empty() ? sample.key_names != names_of(m_cut.key)
                                                          : !ends_in_table(physical, m_cut))) {
            continue;
        }
        tables += (tables.empty() ? "" : " and ") + table;
        if (found != nullptr) {
            throw base::Error{
                ExitCode::bad_data,
                fmt::format("compaction took the delete before this tombstone, and whether it was "
                            "one of table {} cannot be told",
                            tables),
                "Give each table a topic of its own; --on-error dead-letter passes the tombstone "
                "over, and cdc-verify --repair brings the delete"};
        }
        found = &sample;
    }
    return found;
}

/// Of a table of ours, which the topic of table lines has.
std::string Emitter::deletion_of(const kafka::IncomingRecord& record,
                                 const std::string& topic_name) {
    const std::string* table = m_table_lines.of_topic(topic_name, record.table_version);
    Topic& topic = m_topics[static_cast<std::size_t>(record.topic)];
    if (table == nullptr && !topic.looked) {
        topic.looked = true;
        look_for_samples(topic, topic_name);
    }
    if (table == nullptr && topic.samples.size() == 1) {
        table = &topic.samples.begin()->second.json; // by another --topic
    }
    if (table == nullptr || table->empty()) {
        throw base::Error{ExitCode::bad_data,
                          fmt::format("compaction took the delete before this tombstone, and no "
                                      "table line says of which table it is: version {}",
                                      in_quotes(record.table_version)),
                          "Name the topic of table lines with --prefix; --on-error dead-letter "
                          "passes the tombstone over"};
    }
    return kafka::deletion_like(*table, record.order, record.timestamp_ms);
}

} // namespace cdc::consume
