#include "cdc-verify/mysql_repair.hpp"

#include "base/time.hpp"
#include "cdc-verify/lineage.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/server.hpp"

namespace cdc::verify {

MysqlRepairPoint::MysqlRepairPoint(const std::string& url, const Table& table, Activity& activity)
    : m_reader{url, activity}, m_table{table} {
    // A row for which the condition has ceased to hold is there all the same.
    m_table.where.clear();
    m_position = m_reader.begin_at_position(m_table, -1);
    describe();
}

void MysqlRepairPoint::describe() {
    mysql::Connection& plain = m_reader.connection();
    auto found = mysql::read_table(plain, m_table.facts.schema, m_table.facts.table);
    if (!found) {
        base::fail(base::ExitCode::failed, "{}: the table was dropped", m_table.name());
    }
    mysql::Catalog catalog{plain};
    m_plan = std::make_unique<mysql::TablePlan>(std::move(found->map), catalog,
                                                m_reader.is_mariadb(), *m_table.edits);
    m_lines = std::make_unique<mysql::SnapshotLines>(
        mysql::SnapshotLines::Place{m_table.facts.schema,
                                    m_reader.is_mariadb(),
                                    m_reader.position_at(m_position),
                                    {},
                                    base::now_ms()},
        *m_plan);
}

std::uint64_t MysqlRepairPoint::append_rows(std::string& out, const std::vector<std::string>& keys,
                                            const std::function<void(std::string&)>& append_tail) {
    std::uint64_t count = 0;
    const std::string sql = "SELECT " + m_lines->select_list() + " FROM " + m_reader.from(m_table) +
                            " WHERE " + m_reader.keys_sql(m_table, keys);
    m_reader.read(sql, [&](const std::vector<mysql::ResultField>& fields) {
        m_lines->append_values(out, fields);
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
