#include "cdc-transform/flink_sql.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-transform/column_types.hpp"
#include "event/json_document.hpp"
#include "views/flink_select.hpp"
#include "views/refused.hpp"

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using duckdb::quoted_name;
using duckdb::quoted_text;
using views::flink_name;

namespace {

/// The name by which a topic and DuckDB's table go. MySQL's tables have no schema.
std::string name_of(const event::Table& table) {
    return (table.schema.empty() ? table.db : table.schema) + "." + table.table;
}

std::string flink_type(const duckdb::Type& type) {
    using duckdb::TypeId;
    switch (type.id) {
    case TypeId::boolean:
        return "BOOLEAN";
    case TypeId::tinyint:
    case TypeId::utinyint:
    case TypeId::smallint:
        return "SMALLINT";
    case TypeId::usmallint:
    case TypeId::integer:
        return "INT";
    case TypeId::uinteger:
    case TypeId::bigint:
        return "BIGINT";
    case TypeId::ubigint:
        return "DECIMAL(20, 0)";
    case TypeId::hugeint:
        return "DECIMAL(38, 0)";
    case TypeId::decimal:
        return fmt::format("DECIMAL({}, {})", type.width, type.scale);
    case TypeId::real:
        return "FLOAT";
    case TypeId::double_precision:
        return "DOUBLE";
    case TypeId::date:
        return "DATE";
    case TypeId::timestamp:
        return "TIMESTAMP(6)";
    case TypeId::timestamp_tz:
        return "TIMESTAMP_LTZ(6)";
    case TypeId::blob:
        return "BYTES";
    default:
        return "STRING";
    }
}

duckdb::Settings in_memory(const Options& options) {
    duckdb::Settings settings;
    settings.library = options.duckdb_library;
    return settings;
}

std::string primary_key(const std::vector<std::string>& columns) {
    std::string out;
    for (const std::string& column : columns) {
        out += (out.empty() ? "" : ", ") + flink_name(column);
    }
    return "  PRIMARY KEY (" + out + ") NOT ENFORCED\n";
}

std::string commented(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return "-- " + text + "\n\n";
}

} // namespace

FlinkSql::FlinkSql(const Options& options, const views::ViewFile& file)
    : m_options{options}, m_file{file}, m_database{"", in_memory(options)}, m_connection{
                                                                                m_database} {
    m_engine.serialise = [this](const std::string& sql) {
        return duckdb::serialize_sql(m_connection, sql);
    };
    m_engine.deserialise = [this](const std::string& tree) {
        return duckdb::deserialize_sql(m_connection, tree);
    };
}

void FlinkSql::take(std::string_view line) {
    const event::DecodedLine& decoded = m_decoder.decode(line);
    if (decoded.kind != event::LineKind::table) {
        return;
    }
    event::Table shape = event::table_of(decoded);
    const event::Source& source = decoded.source;
    auto found = std::find_if(m_tables.begin(), m_tables.end(), [&](const Table& other) {
        return name_of(other.shape) == name_of(shape);
    });
    if (found == m_tables.end()) {
        found = m_tables.emplace(m_tables.end());
    }
    *found = {source.connector, views::Json::parse(source.raw).value("name", ""), std::move(shape)};
}

std::string FlinkSql::text() {
    if (m_tables.empty()) {
        throw Error{ExitCode::bad_data, "there is no table line among the lines",
                    "Give it what a source or cdc-consume writes."};
    }
    std::string out = "-- The tables' topics are those of cdc-publish --envelope payload.\n"
                      "SET 'table.exec.source.cdc-events-duplicate' = 'true';\n"
                      "SET 'table.local-time-zone' = 'UTC';\n\n";
    for (const Table& table : m_tables) {
        out += source(table);
    }
    for (const views::View& each : m_file.views) {
        try {
            out += view(each);
        } catch (const views::Refused& refused) {
            base::log::warning("{}", refused.what());
            out += commented(fmt::format("left out: {}", refused.what()));
        }
    }
    return out + "EXECUTE STATEMENT SET BEGIN\n" + m_inserts + "END;\n";
}

std::string FlinkSql::declared(const event::Table& table, const std::string& column) const {
    const auto found =
        std::find_if(m_file.types.begin(), m_file.types.end(), [&](const views::ColumnType& type) {
            return type.column == column &&
                   (type.table == table.table || type.table == name_of(table));
        });
    return found == m_file.types.end() ? "" : found->type;
}

std::string FlinkSql::source(const Table& table) {
    views::Relation relation{name_of(table.shape), name_of(table.shape), {}, {}};
    std::string columns;
    for (const event::Column& column : table.shape.columns) {
        const std::string of_file = declared(table.shape, column.name);
        const std::string type = stored_column(column, table.connector, of_file).type;
        columns += (columns.empty() ? "" : ", ") + quoted_name(column.name) + " " + type;
        relation.columns.push_back(
            {column.name, type,
             collation_of(table.shape, column, table.connector, of_file, relation.name)});
    }
    std::vector<const event::Column*> keys;
    for (const event::Column& column : table.shape.columns) {
        if (column.key > 0) {
            keys.push_back(&column);
        }
    }
    std::sort(keys.begin(), keys.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    for (const event::Column* column : keys) {
        relation.key.push_back(column->name);
    }
    m_connection.execute(
        fmt::format("CREATE TABLE {} ({})", quoted_name(relation.stored), columns));
    const duckdb::Result rows = m_connection.query("SELECT * FROM " + quoted_name(relation.stored));
    std::string out = "CREATE TABLE " + flink_name(relation.stored) + " (\n";
    for (std::size_t i = 0; i < rows.names().size(); ++i) {
        const bool last = i + 1 == rows.names().size() && relation.key.empty();
        out += fmt::format("  {} {}{}\n", flink_name(rows.names()[i]), flink_type(rows.types()[i]),
                           last ? "" : ",");
    }
    out += relation.key.empty() ? "" : primary_key(relation.key);
    out += fmt::format(") WITH (\n"
                       "  'connector' = 'kafka',\n"
                       "  'topic' = {},\n"
                       "  'properties.bootstrap.servers' = {},\n"
                       "  'properties.isolation.level' = 'read_committed',\n"
                       "  'scan.startup.mode' = 'earliest-offset',\n"
                       "  'format' = 'debezium-json',\n"
                       "  'debezium-json.schema-include' = 'true',\n"
                       "  'debezium-json.timestamp-format.standard' = 'ISO-8601'\n"
                       ");\n\n",
                       quoted_text(table.prefix + "." + relation.stored),
                       quoted_text(m_options.brokers));
    m_relations.push_back(std::move(relation));
    return out;
}

std::string FlinkSql::view(const views::View& view) {
    const views::BoundView bound = views::bind_view(view, m_relations, m_engine);
    const std::string select =
        views::flink_select(bound, [this](const views::Json& node, const views::Json& expression) {
            return type_of(node, expression);
        });
    m_connection.execute(fmt::format("CREATE TABLE {} AS SELECT * FROM ({}) LIMIT 0",
                                     quoted_name(view.name), views::select_text(bound, m_engine)));
    const duckdb::Result rows = m_connection.query("SELECT * FROM " + quoted_name(view.name));
    views::Relation relation{view.name, view.name, {}, view.key};
    for (std::size_t i = 0; i < rows.names().size(); ++i) {
        const auto collation = bound.collations.find(rows.names()[i]);
        relation.columns.push_back(
            {rows.names()[i], type_name(rows.types()[i], view.name),
             collation == bound.collations.end() ? views::Collation{} : collation->second});
    }
    m_relations.push_back(std::move(relation));
    std::string out =
        fmt::format("CREATE TEMPORARY VIEW {} AS\n{};\n\n", flink_name(view.name), select);
    if (view.key.empty()) {
        const views::Refused refused{
            view.file, view.line,
            fmt::format("view '{}': no key, as upsert-kafka wants one", view.name),
            "give it KEY (columns)"};
        base::log::warning("{}", refused.what());
        return out + commented(fmt::format("without a topic: {}", refused.what()));
    }
    return out + sink(view, rows);
}

std::string FlinkSql::sink(const views::View& view, const duckdb::Result& rows) {
    const std::string name = flink_name("sink." + view.name);
    std::string out = "CREATE TABLE " + name + " (\n";
    std::string casts;
    for (std::size_t i = 0; i < rows.names().size(); ++i) {
        const std::string column = flink_name(rows.names()[i]);
        const std::string type = flink_type(rows.types()[i]);
        const bool key =
            std::find(view.key.begin(), view.key.end(), rows.names()[i]) != view.key.end();
        out += fmt::format("  {} {}{},\n", column, type, key ? " NOT NULL" : "");
        casts += fmt::format("{}CAST({} AS {})", i == 0 ? "" : ", ", column, type);
    }
    out += primary_key(view.key);
    out += fmt::format(") WITH (\n"
                       "  'connector' = 'upsert-kafka',\n"
                       "  'topic' = {},\n"
                       "  'properties.bootstrap.servers' = {},\n"
                       "  'key.format' = 'json',\n"
                       "  'value.format' = 'json',\n"
                       "  'value.json.timestamp-format.standard' = 'ISO-8601',\n"
                       "  'key.json.timestamp-format.standard' = 'ISO-8601',\n"
                       "  'value.json.encode.decimal-as-plain-number' = 'true',\n"
                       "  'key.json.encode.decimal-as-plain-number' = 'true'\n"
                       ");\n\n",
                       quoted_text(m_tables.front().prefix + ".flink." + view.name),
                       quoted_text(m_options.brokers));
    m_inserts +=
        fmt::format("INSERT INTO {} SELECT {} FROM {};\n", name, casts, flink_name(view.name));
    return out;
}

std::string FlinkSql::type_of(const views::Json& select, const views::Json& expression) {
    views::Json probe =
        views::make_select({views::named(expression, "x")}, select["from_table"], {});
    const duckdb::Result rows = m_connection.query(fmt::format(
        "SELECT * FROM ({}) LIMIT 0", m_engine.deserialise(views::statement_text(probe))));
    return type_name(rows.types().front(), "an argument of sum()");
}

} // namespace cdc::transform
