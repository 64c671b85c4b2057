#ifndef CDC_VERIFY_POSTGRES_REPAIR_HPP
#define CDC_VERIFY_POSTGRES_REPAIR_HPP

#include "cdc-verify/postgres_snapshot_point.hpp"
#include "cdc-verify/postgres_source.hpp"
#include "postgres/relation.hpp"

#include <memory>
#include <string>

namespace cdc::verify {

/// By the snapshot of a temporary replication slot: its rows over a plain connection, and its exact
/// position.
class PostgresRepairPoint : public RepairPoint {
public:
    PostgresRepairPoint(const std::string& url, const Table& table, Activity& activity);

    const event::Table& shape() const override { return m_plan->shape(); }
    void append_source(std::string& out, std::uint64_t index) const override;
    event::Order order(std::uint64_t index) const override { return m_point.order(index); }
    Rows rows(const Selection& selection) override { return m_reader.rows(m_table, selection); }
    std::uint64_t append_rows(std::string& out, const std::vector<std::string>& keys,
                              const std::function<void(std::string&)>& append_tail) override;
    LogPosition end() override { return m_reader.insert_position(); }
    void check_lineage(const std::optional<event::Order>& loaded) override;

private:
    void describe();

    SnapshotPoint m_point;
    PostgresSource m_reader;
    postgres::Connection& m_plain; ///< the reader's
    Table m_table;
    std::string m_select;
    std::unique_ptr<postgres::RelationPlan> m_plan;
};

} // namespace cdc::verify

#endif
