#include "cdc-verify/mysql_repair.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "cdc-verify/lineage.hpp"
#include "event/json_writer.hpp"
#include "mysql/result_column.hpp"
#include "mysql/server.hpp"

#include <algorithm>

namespace cdc::verify {

MysqlRepairPoint::MysqlRepairPoint(const std::string& url, const Table& table, Activity& activity)
    : m_reader{url, activity}, m_table{table} {
    // A row for which the condition has ceased to hold is there all the same.
    m_table.where.clear();
    m_position = m_reader.begin_at_position(m_table, -1);
    describe();
}

void MysqlRepairPoint::describe() {
    m_shape.db = m_table.facts.schema;
    m_shape.table = m_table.facts.table;
    const auto facts = m_reader.facts(m_table.facts.schema, m_table.facts.table);
    if (!facts) {
        base::fail(base::ExitCode::failed, "{}: the table was dropped", m_table.name());
    }
    for (const source::FactColumn& column : facts->columns) {
        mysql::ColumnPlan plan =
            mysql::plan_result_column(column.name, column.type, column.nullable);
        plan.shape.key = column.key;
        m_codecs.push_back(std::move(plan.codec));
        m_shape.columns.push_back(std::move(plan.shape));
        m_select += (m_select.empty() ? "" : ", ") + mysql::quote_name(column.name);
    }
}

void MysqlRepairPoint::append_source(std::string& out, std::uint64_t index) const {
    out += "{\"version\":";
    event::append_json_string(out, base::version());
    out += m_reader.is_mariadb() ? R"(,"connector":"mariadb","name":)"
                                 : R"(,"connector":"mysql","name":)";
    event::append_json_string(out, m_shape.db);
    out += ",\"ts_ms\":";
    base::append_integer(out, base::now_ms());
    out += ",\"snapshot\":\"true\",\"db\":";
    event::append_json_string(out, m_shape.db);
    out += ",\"table\":";
    event::append_json_string(out, m_shape.table);
    const mysql::Position position = m_reader.position_at(m_position);
    out += ",\"server_id\":0,\"gtid\":null,\"file\":";
    event::append_json_string(out, position.file);
    out += ",\"pos\":";
    base::append_integer(out, position.offset);
    out += ",\"row\":0,\"order\":\"" + order(index).text();
    out += "\"}";
}

std::uint64_t MysqlRepairPoint::append_rows(std::string& out, const std::vector<std::string>& keys,
                                            const std::function<void(std::string&)>& append_tail) {
    std::uint64_t count = 0;
    const std::string sql = "SELECT " + m_select + " FROM " + m_reader.from(m_table) + " WHERE " +
                            m_reader.keys_sql(m_table, keys);
    m_reader.read(sql, [&](const std::vector<mysql::ResultField>& fields) {
        const auto append = [&](bool key_only) {
            char separator = '{';
            for (std::size_t i = 0; i < fields.size(); ++i) {
                if (key_only && m_shape.columns[i].key == 0) {
                    continue;
                }
                out += separator;
                separator = ',';
                event::append_json_string(out, m_shape.columns[i].name);
                out += ':';
                if (fields[i].null) {
                    out += "null";
                } else {
                    mysql::append_result_value(out, m_codecs[i], fields[i].bytes);
                }
            }
            out += '}';
        };
        out += "{\"key\":";
        append(true);
        out += ",\"before\":null,\"after\":";
        append(false);
        append_tail(out);
        ++count;
    });
    return count;
}

void MysqlRepairPoint::check_lineage(const std::optional<event::Order>& loaded) {
    refuse_repair_beyond(loaded, end(),
                         [this](LogPosition position) { return m_reader.position_text(position); });
    m_epoch = loaded->epoch();
}

} // namespace cdc::verify
