#include "cdc-load/kafka_engine.hpp"

#include "base/error.hpp"
#include "clickhouse/kafka_engine.hpp"
#include "event/json_document.hpp"
#include "io/standard_streams.hpp"
#include "kafka/topic_name.hpp"

#include <algorithm>

#include <unistd.h>

namespace cdc::load {

using base::Error;
using base::ExitCode;

void KafkaEngineDdl::take(std::string_view line) {
    const event::DecodedLine& decoded = m_decoder.decode(line);
    if (decoded.kind != event::LineKind::table) {
        return;
    }
    event::Table shape = event::table_of(decoded);
    const event::Source& source = decoded.source;
    const auto same = [&](const Table& other) {
        return other.shape.db == shape.db && other.shape.schema == shape.schema &&
               other.shape.table == shape.table;
    };
    std::string prefix = m_options.kafka_engine.prefix;
    if (prefix.empty()) {
        prefix = nlohmann::json::parse(source.raw).value("name", "");
    }
    auto found = std::find_if(m_tables.begin(), m_tables.end(), same);
    if (found == m_tables.end()) {
        found = m_tables.emplace(m_tables.end());
    }
    *found = {source.connector, std::move(prefix), std::move(shape)};
}

void KafkaEngineDdl::print() const {
    if (m_tables.empty()) {
        base::fail(ExitCode::bad_data, "there is no table line among the lines");
    }
    std::string out = clickhouse::create_state_sql(m_options.layout) + ";\n\n";
    for (const Table& table : m_tables) {
        out += statements(table);
    }
    io::write_report(STDOUT_FILENO, out);
}

std::string KafkaEngineDdl::statements(const Table& table) const {
    const clickhouse::Target target{m_options.layout, table.shape};
    const clickhouse::TargetShape shape =
        clickhouse::make_shape(table.connector, table.shape.columns, m_options.layout);
    if (!shape.keyed()) {
        throw Error{ExitCode::refused,
                    fmt::format("table {} has no key: a view cannot number its rows",
                                base::in_quotes(table.shape.display_name())),
                    "load its topic with cdc-load"};
    }
    std::vector<std::string> columns;
    for (const clickhouse::TargetColumn& column : shape.columns) {
        columns.push_back(column.stored);
    }
    const KafkaEngineOptions& kafka = m_options.kafka_engine;
    const kafka::TopicNamer namer{table.prefix, kafka.topic};
    const clickhouse::KafkaTopic topic{
        kafka.brokers, namer.fill(table.shape.db, table.shape.schema, table.shape.table),
        kafka.group + "." + target.name};
    std::string out = clickhouse::create_raw_sql(target, shape) + ";\n\n" +
                      clickhouse::create_view_sql(target, columns, shape) + ";\n\n";
    for (const std::string& sql : clickhouse::create_queue_sql(target, shape, topic)) {
        out += sql + ";\n\n";
    }
    return out;
}

} // namespace cdc::load
