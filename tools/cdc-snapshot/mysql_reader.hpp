#ifndef CDC_SNAPSHOT_MYSQL_READER_HPP
#define CDC_SNAPSHOT_MYSQL_READER_HPP

#include "cdc-snapshot/snapshot_source.hpp"
#include "cdc-snapshot/work.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/connection.hpp"
#include "mysql/snapshot_lines.hpp"
#include "mysql/table_scan.hpp"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace cdc::snapshot {

/// A table of MySQL or MariaDB on its way.
class MysqlTable : public TableWork {
public:
    /// `condition`: the user's; "": none.
    MysqlTable(const mysql::CatalogTable& found, mysql::TablePlan table_plan,
               const std::string& condition, const mysql::SnapshotLines::Place& place);

    void append_shape(std::string& out, std::int64_t now_ms) const override;
    void append_begin(std::string& out, std::int64_t now_ms) const override;
    void append_end(std::string& out, std::int64_t now_ms) const override;

    /// Rows without a key that changes of this moment bring again would be there twice. `exact`: as
    /// ConsistentSnapshot has it. Throws Error (refused).
    void refuse_doubled(bool exact) const;

    const std::string engine;
    const mysql::Fingerprint fingerprint;
    const mysql::TablePlan plan;
    const mysql::SnapshotLines lines;
    const mysql::ScanSql sql;
};

/// What the catalog says now. Safe from several threads.
class MysqlPresent {
public:
    explicit MysqlPresent(mysql::Connection connection) : m_connection{std::move(connection)} {}
    bool is_unchanged(const MysqlTable& table);

private:
    std::mutex m_mutex;
    mysql::Connection m_connection;
};

/// One connection inside its consistent snapshot, which reads ranges of tables on a thread of its
/// own.
///
/// Who has opened a table, or read of it, keeps the table's metadata lock until the table is over:
/// no DDL comes between two of its ranges. Then the lock is given up (ROLLBACK TO SAVEPOINT), and
/// the snapshot stays. A table that was altered before it was opened is given up: most of that the
/// server finds (ER_TABLE_DEF_CHANGED), but not another table under its name, nor columns that
/// changed their names.
class MysqlReader {
public:
    MysqlReader(const Pipe& pipe, mysql::Connection& connection, MysqlPresent& present)
        : m_pipe{&pipe}, m_connection{connection}, m_present{present} {}

    /// Until nothing is left. Throws Stopped, Error.
    void run();

private:
    void do_task(Work::Task& task);
    void open(MysqlTable& table);
    void unlock_when_over();
    void cut(Work::Task& task);
    std::uint64_t read(const Work::Task& task);

    const Pipe* m_pipe;
    mysql::Connection& m_connection;
    MysqlPresent& m_present;
    std::set<const TableWork*> m_locked;
    std::vector<mysql::ResultField> m_values;
    std::string m_lines;
    std::uint64_t m_unpassed = 0; ///< rows since the last pass through the throttle
};

} // namespace cdc::snapshot

#endif
