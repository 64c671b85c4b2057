#include "cdc-consume/emitter.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/table.hpp"

/// Which table lines were written.
namespace cdc::consume {

void Emitter::taken_back(int topic) {
    Topic& known = m_topics[static_cast<std::size_t>(topic)];
    if (known.version != nullptr) {
        known.version->clear();
    }
    known = {};
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
    std::string_view db;
    std::string_view schema;
    std::string_view table;
    event::JsonCursor cursor{table_line};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const bool is_source = cursor.member_name() == "source";
        event::JsonCursor source{cursor.value()};
        for (bool any = is_source && source.open('{'); any; any = source.next('}')) {
            const std::string_view name = source.member_name();
            const std::string_view value = source.value();
            if (name == "db") {
                db = value;
            } else if (name == "schema") {
                schema = value;
            } else if (name == "table") {
                table = value;
            }
        }
    }
    version_of(topic_of(record), db, schema, table) = record.table_version;
}

void Emitter::append_table_line(std::string& out, const kafka::IncomingRecord& record,
                                const std::string& topic_name, std::string_view line) {
    const std::string& table_line = m_table_lines.of(topic_name, line, record.table_version);
    out += table_line;
    out += '\n';
    remember_version(record, table_line);
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
