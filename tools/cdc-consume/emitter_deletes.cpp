#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-consume/emitter.hpp"
#include "kafka/foreign.hpp"
#include "record/framing.hpp"

/// Deletes of compacted topics.
namespace cdc::consume {

using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {
constexpr std::string_view kNone{"{}"}; ///< the sample of a topic that has none
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
        std::string& known = m_topics[static_cast<std::size_t>(record.topic)].sample;
        if (known.empty()) {
            known = m_ask.last_value(topic_name);
        }
        sample.value = known;
        sample.value_schema.reset();
        key = *record.key;
        std::string_view value = known;
        if (record::is_framed(known)) {
            const FramedRecord framed = m_framed.decode(sample);
            key = framed.key;
            value = framed.value;
            schema = framed.connect_schema;
        }
        if (value.empty()) {
            log::warning("topic {} partition {} offset {}: compaction took the delete before this "
                         "tombstone, and no record says of which table; it is passed over",
                         in_quotes(topic_name), record.partition, record.offset);
            known = kNone; // said once
            return false;
        }
        if (!kafka::is_foreign_change(value)) {
            return false; // of a topic of others
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

void Emitter::keep_sample(const kafka::IncomingRecord& record) {
    constexpr std::size_t kMostBytes = 100'000;
    std::string& sample = m_topics[static_cast<std::size_t>(record.topic)].sample;
    if ((sample.empty() || sample == kNone) && record.order.empty() && !record.value_schema &&
        record.value->size() <= kMostBytes) {
        sample = *record.value;
    }
}

/// Of a table of ours, which the topic of table lines has.
std::string Emitter::deletion_of(const kafka::IncomingRecord& record,
                                 const std::string& topic_name) {
    const std::string* table = m_table_lines.of_topic(topic_name, record.table_version);
    if (table == nullptr) {
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
