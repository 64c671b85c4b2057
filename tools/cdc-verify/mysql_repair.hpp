#ifndef CDC_VERIFY_MYSQL_REPAIR_HPP
#define CDC_VERIFY_MYSQL_REPAIR_HPP

#include "cdc-verify/mysql_source.hpp"
#include "mysql/snapshot_lines.hpp"
#include "mysql/table_plan.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cdc::verify {

/// By a consistent snapshot whose position in the log is exact.
class MysqlRepairPoint : public RepairPoint {
public:
    MysqlRepairPoint(const std::string& url, const Table& table, Activity& activity);

    const event::Table& shape() const override { return m_plan->shape(); }
    void append_source(std::string& out, std::uint64_t index) const override {
        out += m_lines->row_source(order(index));
    }
    event::Order order(std::uint64_t index) const override {
        return event::Order::make(m_epoch, m_position, index);
    }
    Rows rows(const Selection& selection) override { return m_reader.rows(m_table, selection); }
    std::uint64_t append_rows(std::string& out, const std::vector<std::string>& keys,
                              const std::function<void(std::string&)>& append_tail) override;
    LogPosition end() override { return m_reader.insert_position(); }
    /// Takes the epoch of the orders from `loaded`.
    void check_lineage(const std::optional<event::Order>& loaded) override;

private:
    void describe();

    MysqlSource m_reader;
    Table m_table;
    std::unique_ptr<mysql::TablePlan> m_plan;
    std::unique_ptr<mysql::SnapshotLines> m_lines;
    LogPosition m_position = 0;
    std::uint16_t m_epoch = 0;
};

} // namespace cdc::verify

#endif
