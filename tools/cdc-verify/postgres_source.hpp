#ifndef CDC_VERIFY_POSTGRES_SOURCE_HPP
#define CDC_VERIFY_POSTGRES_SOURCE_HPP

#include "cdc-verify/source.hpp"
#include "postgres/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::verify {

/// Reads tables of PostgreSQL.
class PostgresSource : public Source {
public:
    PostgresSource(const std::string& url, Activity& activity);

    postgres::Connection& connection() { return m_connection; }

    void sums(const Table& table, const Selection& selection, int part, int parts,
              Buckets& out) override;
    Rows rows(const Table& table, const Selection& selection) override;
    std::uint64_t count(const Table& table) override;
    std::optional<RowsAtPosition> rows_at_position(const Table& table, const Selection& selection,
                                                   std::int64_t wait_ms) override;
    LogPosition position_after() override;
    LogPosition insert_position() override;
    bool is_standby() const override { return m_standby; }
    std::string how_read(const Table& table, std::size_t readers) const override;

    const std::string& description() const override { return m_description; }
    const std::string& database() const override { return m_database; }
    bool owns(const event::Checkpoint& checkpoint) const override;
    std::optional<LogPosition> position_of(const event::Checkpoint& checkpoint) const override;
    std::string behind_text(LogPosition reached, LogPosition wanted) const override;
    std::optional<std::string> why_unread(const std::string& slot) override;
    std::optional<event::Order> order_now(const std::optional<event::Order>& loaded) override;
    std::optional<TableName> table_of(const std::string& db, const std::string& schema,
                                      const std::string& table) const override;
    std::vector<TableName> captured_tables(const Options& options,
                                           const clickhouse::TargetState& state,
                                           const event::TableFilter& filter) override;
    std::vector<TableName> all_tables() override;
    std::vector<event::PresentTable> present_tables(const Options& options) override;
    std::optional<source::TableFacts> facts(const std::string& schema,
                                            const std::string& table) override;
    Column pair(const source::FactColumn& column, std::string_view target_type,
                const std::string& stored) override;
    std::unique_ptr<RepairPoint> repair_point(const Table& table) override;

    /// What stands behind FROM and WHERE.
    std::string from(const Table& table) const;
    std::string keys_sql(const Table& table, const std::vector<std::string>& keys) const;

private:
    template<typename Visitor>
    void scan(const Table& table, const std::string& condition, Visitor&& visit);
    LogPosition ask(const char* function);

    std::string m_url;
    postgres::Connection m_connection;
    bool m_standby = false;
    std::string m_server; ///< system identifier; "" when the role may not read it
    std::string m_database;
    std::string m_description;
};

} // namespace cdc::verify

#endif
