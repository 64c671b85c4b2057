#ifndef CDC_VERIFY_MYSQL_SOURCE_HPP
#define CDC_VERIFY_MYSQL_SOURCE_HPP

#include "cdc-verify/source.hpp"
#include "mysql/connection.hpp"
#include "mysql/position.hpp"
#include "mysql/row_query.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::verify {

/// Reads tables of MySQL and MariaDB. Positions are those of the server's own binary log.
class MysqlSource : public Source {
public:
    MysqlSource(const std::string& url, Activity& activity);

    void sums(const Table& table, const Selection& selection, int part, int parts,
              Buckets& out) override;
    Rows rows(const Table& table, const Selection& selection) override;
    std::uint64_t count(const Table& table) override;
    std::optional<RowsAtPosition> rows_at_position(const Table& table, const Selection& selection,
                                                   std::int64_t wait_ms) override;
    LogPosition position_after() override { return insert_position(); }
    LogPosition insert_position() override;
    bool is_standby() const override { return false; }
    std::string how_read(const Table& table, std::size_t readers) const override;

    const std::string& description() const override { return m_description; }
    const std::string& database() const override { return m_database; }
    bool owns(const event::Checkpoint& checkpoint) const override;
    std::optional<LogPosition> position_of(const event::Checkpoint& checkpoint) const override;
    std::string behind_text(LogPosition reached, LogPosition wanted) const override;
    std::optional<std::string> why_unread(const std::string& /*slot*/) override {
        return std::nullopt;
    }
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

    mysql::Connection& connection();
    bool is_mariadb() const { return m_kind == "mariadb"; }
    /// Begins a transaction in which `table` is as it was at the position that is returned; see
    /// mysql::open_snapshot(). Throws Error when that is not had within `wait_ms` (-1: for ever).
    LogPosition begin_at_position(const Table& table, std::int64_t wait_ms);
    void end_transaction();

    mysql::Position position_at(LogPosition position) const;
    std::string position_text(LogPosition position) const { return position_at(position).text(); }
    std::string from(const Table& table) const;
    std::string keys_sql(const Table& table, const std::vector<std::string>& keys);
    /// Calls `visit` with the fields of each row.
    template<typename Visitor>
    void read(const std::string& sql, Visitor&& visit);

private:
    template<typename Visitor>
    void scan(const Table& table, const std::string& condition, Visitor&& visit);
    void read_range(source::TableFacts& facts);
    std::string literal(const Column& column, const Value& value);

    std::string m_url;
    mysql::ServerAddress m_address;
    std::unique_ptr<mysql::Connection> m_connection; ///< none: the last query was broken off
    std::string m_kind;                              ///< "mysql" or "mariadb"
    std::string m_server;
    std::string m_database; ///< "": all of the server
    std::string m_description;
    std::string m_log_name;               ///< of the log's files, without their numbers
    std::optional<std::uint16_t> m_epoch; ///< of the orders that the target has from this log
};

template<typename Visitor>
void MysqlSource::read(const std::string& sql, Visitor&& visit) {
    std::vector<mysql::ResultField> fields;
    std::uint64_t rows = 0;
    try {
        mysql::RowQuery query{connection(), sql, [this] {
                                  check_stop();
                              }};
        while (query.next(fields)) {
            count_row(++rows);
            visit(fields);
        }
    } catch (...) { // its answer was not read to the end
        m_connection.reset();
        throw;
    }
}

} // namespace cdc::verify

#endif
