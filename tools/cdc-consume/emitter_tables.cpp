#include "cdc-consume/emitter.hpp"

#include "base/error.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"
#include "event/table.hpp"
#include "kafka/foreign.hpp"
#include "record/column_type.hpp"

#include <algorithm>
#include <utility>

/// Which table lines were written.
namespace cdc::consume {

void Emitter::taken_back(int topic) {
    Topic& known = m_topics[static_cast<std::size_t>(topic)];
    if (known.version != nullptr) {
        known.version->clear();
    }
    known = {};
}

bool Emitter::must_check(Topic& topic, const FramedRecord& framed) const {
    constexpr int kMostUnchecked = 64;
    if (framed.table != nullptr && topic.schema == framed.schema && topic.wait == m_waits &&
        ++topic.unchecked < kMostUnchecked) {
        return false;
    }
    topic.schema = framed.schema;
    topic.wait = m_waits;
    topic.unchecked = 0;
    return true;
}

void Emitter::check_written_by(kafka::IncomingRecord& record, const std::string& topic_name,
                               const FramedRecord& framed) {
    if (record.table_version.empty()) {
        kafka::read_headers(record);
    }
    bool same = record.table_version.empty() || framed.table == nullptr ||
                record.table_version == framed.written_version;
    Topic& topic = topic_of(record);
    if (framed.row != nullptr && !record.table_version.empty() &&
        (topic.row != framed.row || topic.row_version != record.table_version)) {
        std::string line{"{\"key\":null,"};
        line.append(framed.value.substr(1));
        const std::string table_line{m_table_lines.of(topic_name, line, record.table_version)};
        event::JsonCursor cursor{table_line};
        cursor.open('{');
        cursor.member_name();
        const auto columns = event::parse_table(cursor.value()).columns;
        const auto& fields = framed.row->fields;
        same = std::equal(
            columns.begin(), columns.end(), fields.begin(), fields.end(),
            [](const auto& column, const auto& field) { return column.name == field.name; });
        topic.row = framed.row;
        topic.row_version = record.table_version;
    }
    if (!same) {
        topic.row = nullptr;
        topic.schema = nullptr;
        throw base::Error{
            base::ExitCode::bad_data,
            fmt::format("the record was written by the schema of table version {}, and its schema "
                        "is another one now: the registry gave its number to another schema",
                        base::in_quotes(record.table_version)),
            "Let the registry have the schemas that it lost, or read the tables anew into another "
            "topic and restart cdc-publish; if it has them again, restart cdc-consume"};
    }
}

bool Emitter::needs_table_line(const kafka::IncomingRecord& record) const {
    return !record.table_version.empty() &&
           !m_topics[static_cast<std::size_t>(record.topic)].has(record.table_version);
}

/// Of the table of the topic's record; as JSON. It stays where it is.
std::string& Emitter::version_of(Topic& topic, std::string_view db, std::string_view schema,
                                 std::string_view table) {
    m_table.assign(db).append(1, '\n').append(schema).append(1, '\n').append(table);
    if (topic.version == nullptr || topic.table != m_table) {
        topic.table = m_table;
        topic.version = &m_versions[m_table];
    }
    return *topic.version;
}

void Emitter::remember_version(const kafka::IncomingRecord& record, std::string_view table_line) {
    kafka::ChangeCut cut;
    event::JsonCursor cursor{table_line};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const bool is_source = cursor.member_name() == "source";
        const std::string_view value = cursor.value();
        if (is_source) {
            kafka::cut_source(value, cut);
        }
    }
    version_of(topic_of(record), cut.db, cut.schema, cut.table) = record.table_version;
}

void Emitter::append_table_line(std::string& out, const kafka::IncomingRecord& record,
                                const std::string& topic_name, std::string_view line) {
    const std::string& table_line = m_table_lines.of(topic_name, line, record.table_version);
    const std::size_t start = out.size();
    out += table_line;
    // Older versions of cdc-publish sent the line again at each start, at an order of its own: a
    // change of that shape is not older than its shape. Rows of a snapshot may be.
    constexpr std::string_view kOrder{R"("order":")"};
    const std::size_t at = out.rfind(kOrder);
    const bool is_change = line.find(R"("op":")") != std::string_view::npos &&
                           line.find(R"("op":"r")") == std::string_view::npos;
    if (is_change && at != std::string::npos && at > start && event::Order::parse(record.order)) {
        const std::size_t digits = at + kOrder.size();
        if (out.compare(digits, record.order.size(), record.order) > 0) {
            out.replace(digits, record.order.size(), record.order);
        }
    }
    out += '\n';
    remember_version(record, table_line);
}

/// Connect's schema calls a string what has no type there: of the table line we know what it was.
const kafka::ConnectRow* Emitter::own_row(const kafka::IncomingRecord& record,
                                          const std::string& topic_name) {
    constexpr std::string_view kSchema{R"({"schema":{)"};
    if (!record.value->starts_with(kSchema)) {
        return nullptr;
    }
    const auto known = m_own_rows.find(record.table_version);
    if (known != m_own_rows.end()) {
        return &known->second;
    }
    const auto unwrapped = kafka::unwrap(*record.value);
    if (!unwrapped || unwrapped->text.size() < 3) {
        return nullptr;
    }
    const std::string line = R"({"key":null,)" + std::string{unwrapped->text.substr(1)};
    kafka::ChangeCut cut;
    kafka::cut_change(line, cut);
    if (cut.op == 'm') {
        return nullptr;
    }
    const std::string table_line{m_table_lines.of(topic_name, line, record.table_version)};
    event::JsonCursor cursor{table_line};
    cursor.open('{');
    cursor.member_name();
    const std::string_view connector =
        cut.connector.size() < 2 ? "" : cut.connector.substr(1, cut.connector.size() - 2);
    kafka::ConnectRow row;
    for (const event::Column& column : event::parse_table(cursor.value()).columns) {
        using Kind = record::ColumnKind;
        const record::ColumnType type = record::column_type(column, connector);
        const bool number = type.kind == Kind::boolean || type.kind == Kind::int16 ||
                            type.kind == Kind::int32 || type.kind == Kind::int64 ||
                            type.kind == Kind::uint64 || type.kind == Kind::float32 ||
                            type.kind == Kind::float64;
        if (number || type.array) {
            std::string name;
            event::append_json_escaped(name, column.name);
            row.types[name].form = kafka::ConnectForm::texted;
        }
    }
    return &m_own_rows.emplace(record.table_version, std::move(row)).first->second;
}

void Emitter::append_row_table(std::string& out, const kafka::IncomingRecord& record,
                               const kafka::ConnectRow& row) {
    std::string& version = version_of(topic_of(record), m_cut.db, m_cut.schema, m_cut.table);
    if (version == row.version) {
        return;
    }
    event::Table table;
    table.columns = row.columns;
    append_shape(out, std::move(table));
    version = row.version;
}

/// The table line of m_cut's table, which has this shape.
void Emitter::append_shape(std::string& out, event::Table table) const {
    const auto text = [](std::string_view json) {
        std::string plain;
        if (json.size() > 2 && json[0] == '"') {
            event::append_json_unescaped(plain, json.substr(1, json.size() - 2));
        }
        return plain;
    };
    table.db = text(m_cut.db);
    table.schema = text(m_cut.schema);
    table.table = text(m_cut.table);
    event::append_table_line(out, table, m_cut.source, m_cut.ts_ms);
}

} // namespace cdc::consume
