#include "cdc-consume/emitter.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cdc-consume/side_records.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/table.hpp"
#include "kafka/foreign.hpp"

#include <simdjson.h>

#include <cstring>

namespace cdc::consume {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

/// The name of the first member where its value is an object; else empty.
std::string_view first_object(std::string_view json) {
    event::JsonCursor cursor{json};
    const std::string_view name = cursor.open('{') ? cursor.member_name() : std::string_view{};
    return cursor.peek() == '{' ? name : std::string_view{};
}

Emitted snapshot_status(std::string_view line) {
    event::JsonCursor cursor{line};
    cursor.open('{');
    cursor.member_name();
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "status") {
            return value == R"("begin")" ? Emitted::begin
                   : value == R"("end")" ? Emitted::end
                                         : Emitted::other;
        }
    }
    return Emitted::other;
}

/// What `cdc-publish --envelope payload` put around a key or a value; empty: it is not there.
std::string_view without_envelope(std::string_view json) {
    constexpr std::string_view kEnvelope{R"({"schema":null,"payload":)"};
    if (!json.starts_with(kEnvelope) || !json.ends_with('}')) {
        return {};
    }
    json.remove_prefix(kEnvelope.size());
    json.remove_suffix(1);
    return json.starts_with('{') && json.ends_with('}') ? json : std::string_view{};
}

Emitted append_side(std::string& out, const SideRecord& side) {
    if (side.kind == SideRecord::Kind::passed_over) {
        return Emitted::nothing;
    }
    if (std::memchr(side.value.data(), '\n', side.value.size()) != nullptr) {
        fail(ExitCode::bad_data, "a line break in {}", in_quotes(side.value));
    }
    const bool bare = side.kind == SideRecord::Kind::status;
    out += bare ? "{\"transaction\":" : "";
    out += side.value;
    out += bare ? "}\n" : "\n";
    return Emitted::other;
}

bool is_text(std::string_view bytes) {
    return simdjson::validate_utf8(bytes.data(), bytes.size());
}

/// `"NAME":"text"`, or `"NAME_base64":"…"` for what is not UTF-8, or `"NAME":null`.
void append_bytes(std::string& out, std::string_view name, std::optional<std::string_view> bytes) {
    out += '"';
    out += name;
    if (!bytes) {
        out += "\":null";
    } else if (is_text(*bytes)) {
        out += "\":";
        event::append_json_string(out, *bytes);
    } else {
        out += "_base64\":\"";
        base::append_base64(out, *bytes);
        out += '"';
    }
}

} // namespace

Emitted Emitter::append(std::string& out, const kafka::IncomingRecord& record,
                        const std::string& topic_name, bool covered, const Before& before) {
    const auto index = static_cast<std::size_t>(record.topic);
    if (m_topics.size() <= index) {
        m_topics.resize(index + 1);
    }
    Topic& topic = m_topics[index];
    if (covered && !topic.only.empty() && topic.has(topic.only) && append_alike(out, record)) {
        return Emitted::change;
    }
    const std::size_t start = out.size();
    try {
        kafka::IncomingRecord whole = record;
        if (!record.value || !m_framed.is_ours(*record.value)) {
            kafka::read_headers(whole);
        }
        const bool deleted =
            !record.value && append_compacted_delete(out, whole, topic_name, before);
        const bool framed = belongs_to_schema(whole);
        const Emitted what =
            framed ? append_framed(out, whole, topic_name) : append_record(out, whole, topic_name);
        if (what != Emitted::nothing && m_with_kafka) {
            out.resize(out.size() - 2); // "}\n"
            append_kafka_member(out, whole, topic_name);
        }
        if (covered && !framed && what == Emitted::change && !topic.compared && !m_with_kafka &&
            !whole.table_version.empty()) {
            topic.compared = true;
            if (m_table_lines.is_only_version(topic_name, *whole.value, whole.table_version)) {
                topic.only = whole.table_version;
            }
        }
        return deleted ? Emitted::change : what;
    } catch (...) {
        out.resize(start);
        taken_back(record.topic);
        throw;
    }
}

/// A JSON object needs no registry to be read.
bool Emitter::belongs_to_schema(const kafka::IncomingRecord& record) const {
    if (!record.value) {
        return false;
    }
    return record.value_schema ? m_framed.has_registry() || !record.value->starts_with('{')
                               : record::is_framed(*record.value);
}

void Emitter::forget_versions_seen() {
    for (Topic& topic : m_topics) {
        topic.compared = topic.ordered = false;
        topic.only.clear();
    }
}

/// A change of the version that stands in the topic's last table line, and that is its only one.
bool Emitter::append_alike(std::string& out, const kafka::IncomingRecord& record) {
    constexpr std::string_view kStart{"{\"before\":"};
    if (!record.value || record.value->substr(0, kStart.size()) != kStart) {
        return false;
    }
    const std::string_view order = kafka::own_order(*record.value);
    if (order.empty() || !kafka::append_joined(out, record.key.value_or("null"), *record.value)) {
        return false;
    }
    out += '\n';
    m_order.assign(order);
    return true;
}

Emitted Emitter::append_framed(std::string& out, kafka::IncomingRecord& record,
                               const std::string& topic_name) {
    const FramedRecord framed = m_framed.decode(record);
    Topic& topic = topic_of(record);
    if (framed.own && must_check(topic, framed)) {
        check_written_by(record, topic_name, framed);
    }
    if (framed.checked && framed.table != nullptr && topic.has(framed.table_version)) {
        const std::string_view order = kafka::own_order(framed.value);
        if (!order.empty() && kafka::append_joined(out, framed.key, framed.value)) {
            out += '\n';
            m_order.assign(order);
            return Emitted::change;
        }
    }
    m_line.clear();
    if (!framed.own) {
        if (const SideRecord side = side_record(framed.key, framed.value);
            side.kind == SideRecord::Kind::passed_over || side.kind == SideRecord::Kind::status) {
            return append_side(out, side);
        }
        const kafka::ConnectRow* row =
            kafka::append_foreign(m_line, framed.key, framed.value, record.partition, record.offset,
                                  &m_rows, framed.connect_schema);
        m_line.pop_back(); // its '\n'
        kafka::cut_change(m_line, m_cut);
        check_ordered(record, topic_name);
        if (row != nullptr && m_cut.op != 't' && m_cut.op != 'm') {
            append_row_table(out, record, *row);
        }
        keep_sample(record);
        m_order.assign(m_cut.order);
    } else {
        if (!kafka::append_joined(m_line, framed.key, framed.value)) {
            fail(ExitCode::bad_data, "the value is no object: {}", in_quotes(framed.value));
        }
        const std::string_view order = kafka::own_order(m_line);
        const bool other_shape = framed.table != nullptr && !topic.has(framed.table_version);
        if (order.empty() || other_shape || !framed.checked) {
            kafka::cut_change(m_line, m_cut);
        }
        if (framed.table == nullptr) {
            if (needs_table_line(record)) {
                append_table_line(out, record, topic_name, m_line);
            }
        } else if (other_shape) {
            std::string& version = version_of(topic, m_cut.db, m_cut.schema, m_cut.table);
            append_shape(out, *framed.table);
            version = framed.table_version;
        }
        m_order.assign(order.empty() ? m_cut.order : order);
    }
    out += m_line;
    out += '\n';
    return Emitted::change;
}

Emitted Emitter::append_record(std::string& out, const kafka::IncomingRecord& record,
                               const std::string& topic_name) {
    if (!record.value) {
        if (!m_with_kafka) {
            return Emitted::nothing;
        }
        const std::string_view key = record.key.value_or("null");
        event::JsonCursor cursor{key};
        cursor.value();
        out += "{\"tombstone\":";
        if (cursor.failed() || !cursor.at_end() || !is_text(key)) {
            out += "null"; // a key that is no JSON stands in the kafka member
        } else {
            kafka::append_exact_json(out, key);
        }
        out += "}\n";
        return Emitted::other;
    }
    if (!record.order.empty() && record.table_version.size() <= 64) {
        if (const auto what = append_own(out, record, topic_name)) {
            return *what;
        }
        // In one of Connect's forms, or changed on the way.
    }
    const std::string_view value = *record.value;
    if (const SideRecord side = side_record(record.key, value);
        side.kind != SideRecord::Kind::none) {
        return append_side(out, side);
    }
    m_line.clear();
    // Values in our own forms have their table line elsewhere, and are not Debezium's.
    const bool own = !record.table_version.empty();
    const kafka::ConnectRow* row = kafka::append_foreign(
        m_line, record.key.value_or("null"), value, record.partition, record.offset,
        own ? nullptr : &m_rows, {}, own ? own_row(record, topic_name) : nullptr);
    m_line.pop_back(); // its '\n'
    kafka::cut_change(m_line, m_cut);
    check_ordered(record, topic_name);
    if (needs_table_line(record)) {
        append_table_line(out, record, topic_name, m_line);
    } else if (row != nullptr && !own && m_cut.op != 't' && m_cut.op != 'm') {
        append_row_table(out, record, *row);
    }
    keep_sample(record);
    out += m_line;
    out += '\n';
    m_order.assign(m_cut.order);
    return Emitted::change;
}

/// A record with our headers. A change has its key cut off; every other kind of line came whole.
std::optional<Emitted> Emitter::append_own(std::string& out, const kafka::IncomingRecord& record,
                                           const std::string& topic_name) {
    constexpr std::string_view kUsual{"{\"before\":"};
    std::string_view value = *record.value;
    std::string_view key = record.key.value_or("null");
    // Without a key they go to append_foreign(): no begin line stands before rows of a snapshot.
    if (const std::string_view inner = without_envelope(key); !inner.empty()) {
        if (const std::string_view change = without_envelope(value); change.starts_with(kUsual)) {
            key = inner;
            value = change;
        }
    }
    const bool usual = value.substr(0, kUsual.size()) == kUsual;
    const std::string_view kind = usual ? "before" : first_object(value);
    if (kind == "table" && side_record(record.key, value).kind == SideRecord::Kind::passed_over) {
        return Emitted::nothing; // a record of schema-changes
    }
    if (!record.key &&
        (kind == "table" || kind == "snapshot" || kind == "facts" || kind == "mark")) {
        if (std::memchr(value.data(), '\n', value.size()) != nullptr || !is_whole_object(value)) {
            return std::nullopt;
        }
        if (needs_table_line(record)) {
            if (kind == "table") {
                remember_version(record, value);
            } else {
                append_table_line(out, record, topic_name, value);
            }
        }
        out += value;
        out += '\n';
        return kind == "snapshot" ? snapshot_status(value) : Emitted::other;
    }
    if (!usual) {
        return std::nullopt;
    }
    if (needs_table_line(record)) {
        append_table_line(out, record, topic_name, value);
    }
    if (!kafka::append_joined(out, key, value)) {
        return std::nullopt;
    }
    out += '\n';
    m_order.assign(record.order);
    return Emitted::change;
}

/// Of the change in m_cut. An order that is made of its offset compares with that of no row in
/// another partition.
void Emitter::check_ordered(const kafka::IncomingRecord& record, const std::string& topic_name) {
    bool& ordered = m_topics[static_cast<std::size_t>(record.topic)].ordered;
    if ((ordered && m_cut.op != 't') ||
        m_cut.order != kafka::order_of_offset(record.partition, record.offset)) {
        return;
    }
    if (const std::string why = m_ask.grown(topic_name); !why.empty()) {
        // A key goes to another partition where there are more, and offsets may be lower there.
        throw base::Error{
            ExitCode::bad_data,
            fmt::format("which of a key's changes is later cannot be told by their offsets: {}",
                        why),
            "Give the tables a topic of their own with as many partitions from its beginning, and "
            "load it into empty tables"};
    }
    ordered = true;
    if (const std::size_t partitions = m_cut.op == 't' ? m_ask.partitions(topic_name) : 1;
        partitions > 1) {
        throw base::Error{
            ExitCode::bad_data,
            fmt::format("a truncate in a topic of {} partitions: which rows of the other "
                        "partitions it leaves cannot be told",
                        partitions),
            "Read the table again; --on-error dead-letter passes the truncate over"};
    }
}

void Emitter::append_kafka_member(std::string& out, const kafka::IncomingRecord& record,
                                  const std::string& topic_name) {
    out += ",\"kafka\":{\"topic\":";
    event::append_json_string(out, topic_name);
    out += ",\"partition\":";
    base::append_integer(out, record.partition);
    out += ",\"offset\":";
    event::append_json_integer(out, record.offset);
    out += ",\"timestamp\":";
    base::append_integer(out, record.timestamp_ms);
    out += ',';
    append_bytes(out, "key", record.key);
    out += ",\"headers\":[";
    const char* separator = "{\"name\":";
    for (const auto& [name, value] : kafka::headers_of(record)) {
        out += separator;
        event::append_json_string(out, name);
        out += ',';
        append_bytes(out, "value", value ? std::optional<std::string_view>{*value} : std::nullopt);
        out += '}';
        separator = ",{\"name\":";
    }
    out += "]}}\n";
}

} // namespace cdc::consume
