#include "cdc-publish/publisher.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "event/dead_letter.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/line_encoding.hpp"
#include "event/table.hpp"

#include <algorithm>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;
using event::LineKind;
namespace log = base::log;

namespace {

constexpr std::int64_t kHeartbeatMs = 1'000;
/// More than what Kafka adds to a record that is alone in its batch, our headers included.
constexpr std::size_t kRecordOverhead = 200;

/// {"name":VALUE,…} with texts as JSON strings.
std::string
json_object(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
    std::string out;
    char separator = '{';
    for (const auto& [name, text] : members) {
        out += separator;
        event::append_json_string(out, name);
        out += ':';
        event::append_json_string(out, text);
        separator = ',';
    }
    return out + "}";
}

/// "54,625": for people.
std::string with_separators(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, 1, ',');
    }
    return text;
}

} // namespace

Publisher::Publisher(const Options& options, kafka::Producer& producer)
    : m_options{options}, m_producer{producer}, m_routes{options, producer} {
    if (options.format) {
        m_registered = std::make_unique<RegisteredSchemas>(options);
    }
}

bool Publisher::must_settle(std::string_view line) const {
    if (!m_announcing) {
        return false;
    }
    JsonCursor cursor{line};
    cursor.open('{');
    const std::string_view kind = cursor.member_name();
    return kind == "key" || kind == "snapshot" || kind == "facts" || kind == "mark";
}

void Publisher::send(const Topic& topic, kafka::OutgoingRecord record) {
    record.topic = topic.id;
    while (!m_producer.send(record)) {
        m_producer.poll(100);
    }
    ++m_records;
    m_bytes += record.key.value_or("").size() + record.value.value_or("").size();
    const auto number = static_cast<std::size_t>(topic.id);
    if (number >= m_sent_to.size()) {
        m_sent_to.resize(number + 1);
    }
    SentTo& to = m_sent_to[number];
    if (to.records++ == 0) {
        to.name = topic.name;
    }
}

void Publisher::check_record(const Topic& topic, std::string_view key, std::size_t bytes) const {
    if (topic.compacted && (key.empty() || key == "null")) {
        throw Error{ExitCode::bad_data,
                    fmt::format("topic {} is compacted, and takes no record without key",
                                in_quotes(topic.name)),
                    "Set its cleanup.policy to delete. Table lines have no key; with --format "
                    "avro, json-schema or protobuf, or another --envelope, they stand elsewhere"};
    }
    if (bytes + key.size() + kRecordOverhead > topic.max_record) {
        throw Error{ExitCode::bad_data,
                    fmt::format("the record of {} bytes with key {} is larger than topic {} takes: "
                                "max.message.bytes is {}",
                                bytes + key.size(), key.empty() ? "null" : in_quotes(key),
                                in_quotes(topic.name), topic.max_record),
                    "Raise max.message.bytes of the topic, or use --on-error dead-letter"};
    }
}

void Publisher::tell_old(Topic& topic, std::int64_t ts_ms) {
    constexpr std::uint32_t kBetweenLooks = 1024;
    if (m_changes++ % kBetweenLooks == 0) {
        m_now_ms = base::now_ms();
    }
    if (topic.retention_ms == 0 || ts_ms <= 0 || ts_ms >= m_now_ms - topic.retention_ms) {
        return;
    }
    log::warning("topic {} keeps records for {} h by their time, and changes come that are older: "
                 "Kafka deletes them soon, read or not. Raise its retention.ms (--retention, of a "
                 "topic that is made)",
                 in_quotes(topic.name), topic.retention_ms / 3'600'000);
    topic.retention_ms = 0;
}

void Publisher::publish(std::string_view line) {
    const event::DecodedLine& decoded = m_decoder.decode(line);
    switch (decoded.kind) {
    case LineKind::table:
        publish_table(decoded);
        break;
    case LineKind::facts:
    case LineKind::mark:
    case LineKind::snapshot:
        publish_table_part(decoded);
        break;
    case LineKind::transaction:
        publish_transaction(line, decoded.payload);
        break;
    case LineKind::checkpoint:
        if (const std::string_view state = event::json_member(decoded.payload, "snapshot");
            state == "null" || state == R"("done")") {
            m_position.snapshot_tables.done();
            m_routes.tell_unmet();
        }
        publish_heartbeat(line);
        break;
    case LineKind::tombstone: // made here from deletes
        ++m_skipped;
        break;
    case LineKind::dead_letter: {
        if (m_options.on_error != "dead-letter") {
            fail(ExitCode::bad_data, "a dead letter came in; --on-error dead-letter sends it on");
        }
        kafka::OutgoingRecord record;
        record.value = line;
        send(m_routes.side("dead-letter"), record);
        break;
    }
    case LineKind::change:
        publish_change(decoded);
        break;
    }
}

std::string_view Publisher::key_of(const kafka::ChangeCut& cut, const Route& route) {
    if (m_registered) {
        m_key.clear();
        route.encoder->append_key(m_key, cut.key);
        return m_key;
    }
    switch (m_options.envelope) {
    case Envelope::plain:
    case Envelope::flat:
        return cut.key;
    case Envelope::payload:
        m_key.assign(R"({"schema":null,"payload":)").append(cut.key) += '}';
        return m_key;
    case Envelope::schema:
        m_key.clear();
        m_schemas.append_key(m_key, cut, route.topic.name, route.version, route.table_json);
        return m_key;
    }
    return {};
}

std::string_view Publisher::value_of(const kafka::ChangeCut& cut, const Route& route) {
    m_value.clear();
    if (m_registered) {
        if (!route.encoder) {
            fail(ExitCode::bad_data, "no table line came before the first change for topic {}",
                 in_quotes(route.topic.name));
        }
        m_json.assign(1, '{').append(cut.rest);
        route.encoder->append_value(m_value, m_json);
        return m_value;
    }
    switch (m_options.envelope) {
    case Envelope::plain:
        m_value += '{';
        m_value += cut.rest;
        break;
    case Envelope::payload:
        m_value.append(R"({"schema":null,"payload":{)").append(cut.rest) += '}';
        break;
    case Envelope::flat:
        kafka::append_flat(m_value, cut);
        break;
    case Envelope::schema:
        m_schemas.append_value(m_value, cut, route.topic.name, route.version, route.table_json);
        break;
    }
    return m_value;
}

void Publisher::fill_cut(const event::DecodedLine& line) {
    m_cut = {};
    m_cut.key = line.key.raw;
    m_cut.before = line.before.raw;
    m_cut.after = line.after.raw;
    m_cut.op = line.op;
    m_cut.source = line.source.raw;
    m_cut.ts_ms = line.source.ts_ms;
    // The text stands at the end of source in every line of ours.
    constexpr std::string_view kOrder = R"("order":")";
    const std::string_view source = line.source.raw;
    const std::size_t tail = kOrder.size() + 32 + 2;
    if (source.size() > tail && source.substr(source.size() - tail, kOrder.size()) == kOrder) {
        m_cut.order = source.substr(source.size() - 34, 32);
    } else {
        m_order.clear();
        line.source.order.append_text(m_order);
        m_cut.order = m_order;
    }
    // "rest" begins behind the key's comma.
    const std::size_t key_end =
        static_cast<std::size_t>(m_cut.key.data() - line.raw.data()) + m_cut.key.size();
    if (!line.key.is_null() && key_end < line.raw.size() && line.raw[key_end] == ',') {
        m_cut.rest = line.raw.substr(key_end + 1);
        return;
    }
    // The key is scanned again, for its own end: the decoder's view of a null lies elsewhere. That
    // a comma comes next, perhaps behind white space, the decoder has seen.
    JsonCursor cursor{line.raw};
    cursor.open('{');
    cursor.member_name();
    m_cut.key = cursor.value();
    cursor.accept(',');
    m_cut.rest = line.raw.substr(cursor.offset());
}

void Publisher::publish_change(const event::DecodedLine& line) {
    if (line.source.order == event::Order{} || (line.op != 'm' && line.source.table.empty())) {
        fail(ExitCode::bad_data, "change without source.{}",
             line.source.table.empty() ? "table" : "order");
    }
    fill_cut(line);
    const bool has_key = m_cut.key != "null";
    if (m_options.envelope == Envelope::flat && (m_cut.op == 't' || m_cut.op == 'm')) {
        ++m_skipped; // there is no row to be flat
        return;
    }
    kafka::OutgoingRecord record;
    record.timestamp_ms = m_cut.ts_ms;
    record.order = m_cut.order;
    if (m_cut.op == 'm') {
        record.value = (m_value.assign("{") += m_cut.rest);
        if (has_key) {
            record.key = m_cut.key;
        }
        const Topic& topic = m_routes.side("message");
        check_record(topic, m_cut.key, record.value->size());
        send(topic, record);
        m_position.take(m_cut);
        return;
    }
    Route& route = m_routes.of(line.source.db, line.source.schema, line.source.table);
    record.value = value_of(m_cut, route);
    record.partition = route.partition();
    if (has_key) {
        record.key = key_of(m_cut, route);
        record.partition = -1;
    }
    check_record(route.topic, m_cut.key, record.value->size());
    record.table_version = route.version;
    tell_old(route.topic, m_cut.ts_ms);
    send(route.topic, record);
    if (m_cut.op == 'd' && has_key && !m_options.no_tombstones) {
        record.value.reset();
        send(route.topic, record);
    }
    if (m_cut.op == 'r' && (m_rows_of != &route || m_rows_order != m_cut.order) &&
        line.source.connector != "transform") {
        m_rows_of = &route;
        m_rows_order.assign(m_cut.order);
        m_position.snapshot_tables.take(SnapshotTables::hash(line.source.db, line.source.schema,
                                                             line.source.table, m_rows_order));
    }
    if (m_cut.op != 't') {
        route.used = true;
        ++m_done.rows;
    }
    m_position.take(m_cut);
}

void Publisher::publish_table(const event::DecodedLine& line) {
    const event::Source& source = line.source;
    if (m_options.envelope == Envelope::schema &&
        event::encoding_of(source.raw) == event::Encoding::debezium) {
        throw Error{ExitCode::refused,
                    fmt::format("the values of {} are in Debezium's encodings, for which "
                                "--envelope schema has no schemas",
                                in_quotes(source.schema + "." + source.table)),
                    "Use --envelope plain or payload, or capture without --types debezium"};
    }
    Route& route = m_routes.of(source.db, source.schema, source.table);
    std::string version;
    const event::Table table = event::parse_table(line.payload, version);
    const std::string key = json_object({{"db", source.db},
                                         {"schema", source.schema},
                                         {"table", source.table},
                                         {"version", version}});
    kafka::OutgoingRecord record;
    record.value = line.raw;
    record.timestamp_ms = source.ts_ms;
    const std::string order = source.order.text();
    record.order = order;
    record.table_version = version;
    const Topic& changes = m_routes.side("schema-changes");
    const std::string announced = key + event::collations_text(table) + std::to_string(table.oid);
    if (route.version.empty() && m_routes.told_before(route, line.payload)) {
        m_announced.insert(announced);
    }
    const bool is_new = m_announced.count(announced) == 0;
    if (is_new) {
        check_record(changes, key, line.raw.size());
    }
    if (m_options.whole_lines()) {
        check_record(route.topic, {}, line.raw.size());
    }
    auto encoder = m_registered ? m_registered->encoder(route.topic.name, line) : nullptr;
    if (m_options.exactly_once) {
        m_unsettled.push_back({is_new ? announced : std::string{}, &route, route.version,
                               route.table_json, route.keyless, route.encoder});
    }
    route.encoder = std::move(encoder);
    route.version = version;
    route.table_json.assign(line.payload);
    route.keyless = !table.has_key();
    if (is_new) {
        m_announced.insert(announced);
        m_announcing = true;
        record.key = key;
        send(changes, record);
        record.key.reset();
    }
    if (!m_options.whole_lines() && route.oid != 0 && table.oid != 0 && route.oid != table.oid) {
        log::warning("table {} is another one under its name now: {} has no place for that, and "
                     "what was loaded of the old one stays. Read it again: cdc-snapshot --tables",
                     in_quotes(source.schema + "." + source.table), in_quotes(route.topic.name));
    }
    route.oid = table.oid;
    if (m_options.whole_lines()) {
        record.partition = 0; // before facts of the table, which go there too
        send(route.topic, record);
    } else if (m_options.lines_aside()) {
        record.partition = 0;
        send(m_routes.side("snapshots"), record);
    }
}

void Publisher::publish_table_part(const event::DecodedLine& line) {
    const event::Source& source = line.source;
    const Route& route = m_routes.of(source.db, source.schema, source.table);
    if (!m_options.whole_lines() && !m_options.lines_aside()) {
        ++m_skipped; // other forms have no place for it
        return;
    }
    const Topic& topic = m_options.whole_lines() ? route.topic : m_routes.side("snapshots");
    kafka::OutgoingRecord record;
    const std::string order = source.order.text();
    record.value = line.raw;
    record.partition = 0; // a reader of several partitions has a snapshot's begin before its end
    record.timestamp_ms = source.ts_ms;
    record.order = order;
    record.table_version = route.version;
    check_record(topic, {}, line.raw.size());
    send(topic, record);
}

void Publisher::publish_transaction(std::string_view line, std::string_view payload) {
    // Debezium's form, unless something stands beside the first member that would be lost.
    const bool alone = line.size() == payload.size() + std::strlen(R"({"transaction":})");
    const std::string_view id = event::json_member(payload, "id");
    kafka::OutgoingRecord record;
    record.value = alone ? payload : line;
    m_key.assign(R"({"id":)").append(id.empty() ? "null" : id) += '}';
    record.key = m_key;
    const Topic& topic = m_routes.side("transaction");
    check_record(topic, m_key, record.value->size());
    send(topic, record);
}

void Publisher::publish_heartbeat(std::string_view line) {
    const std::int64_t now = base::steady_ms();
    if (m_heartbeat_ms != 0 && now - m_heartbeat_ms < kHeartbeatMs) {
        return;
    }
    m_heartbeat_ms = now;
    const std::string key = json_object({{"serverName", m_options.prefix}});
    const Topic& topic = m_routes.side("heartbeat");
    if (line.size() + key.size() + kRecordOverhead > topic.max_record) {
        return; // the progress of a snapshot of many tables
    }
    kafka::OutgoingRecord record;
    record.key = key;
    record.value = line;
    send(topic, record);
}

std::string Publisher::summary() const {
    const auto count = [](std::uint64_t number, const char* one, const char* many) {
        return with_separators(number) + " " + (number == 1 ? one : many);
    };
    std::string text = count(m_done.rows, "row", "rows") + " into " +
                       count(m_routes.count_used(), "topic", "topics");
    if (m_done.dead_letters > 0) {
        text += ", " + count(m_done.dead_letters, "dead letter", "dead letters");
    }
    return text;
}

void Publisher::settled() {
    m_unsettled.clear();
    m_announcing = false;
    m_settled_position = m_position;
    m_settled_done = m_done;
}

void Publisher::aborted() {
    for (auto last = m_unsettled.rbegin(); last != m_unsettled.rend(); ++last) {
        m_announced.erase(last->announced);
        last->route->version = std::move(last->version);
        last->route->table_json = std::move(last->table_json);
        last->route->keyless = last->keyless;
        last->route->encoder = std::move(last->encoder);
    }
    m_unsettled.clear();
    m_announcing = false;
    m_heartbeat_ms = 0;
    m_position = m_settled_position;
    m_rows_of = nullptr;
    m_done = m_settled_done;
}

void Publisher::dead_letter(std::string_view line, std::uint64_t line_number, const Error& error,
                            bool again) {
    ++m_done.dead_letters;
    if (again && !m_options.dead_letter.empty()) {
        return; // the file has it
    }
    std::string letter = event::dead_letter_line(error, "cdc-publish", line_number, {}, line);
    if (!again) {
        log::warning("line {} becomes a dead letter: {}", line_number, error.what());
    }
    if (m_options.dead_letter.empty()) {
        const Topic& topic = m_routes.side("dead-letter");
        check_record(topic, {}, letter.size());
        kafka::OutgoingRecord record;
        record.value = letter;
        send(topic, record);
        return;
    }
    event::append_dead_letter(m_options.dead_letter, std::move(letter));
}

} // namespace cdc::publish
