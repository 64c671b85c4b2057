#ifndef CDC_SNAPSHOT_POSTGRES_READER_HPP
#define CDC_SNAPSHOT_POSTGRES_READER_HPP

#include "cdc-snapshot/postgres_table.hpp"
#include "cdc-snapshot/snapshot_source.hpp"
#include "cdc-snapshot/work.hpp"
#include "postgres/connection.hpp"

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

namespace cdc::snapshot {

/// The catalog as it is now, for readers whose own transactions see it as it was.
class PostgresPresent {
public:
    explicit PostgresPresent(postgres::Connection& connection) : m_connection{&connection} {}
    std::string shape_mark(std::uint32_t oid);

private:
    std::mutex m_mutex;
    postgres::Connection* m_connection;
};

/// One connection that reads ranges of tables in the shared snapshot, on a thread of its own.
///
/// A table stays locked (ACCESS SHARE) from its opening to its end, by whoever opened it: no
/// TRUNCATE, VACUUM FULL or ALTER TABLE can come between two of its ranges. Between tables the
/// transaction ends, so that no lock is held longer than its table takes. A reader waits for a lock
/// only for a moment, and not at all while it holds another one: nobody meets a deadlock with it.
class PostgresReader {
public:
    struct Shared {
        PostgresPresent& present;
        std::string snapshot;
        bool check_utf8 = false;
    };
    PostgresReader(const Pipe& pipe, const Shared& shared) : m_pipe{&pipe}, m_shared{&shared} {}

    /// Until nothing is left. Throws Stopped, Error.
    void run();

private:
    /// False: the task was handed back, or its table given up.
    bool lock(const Work::Task& task);
    /// Whether columns, storage and partitions are what they were at the position.
    bool is_unchanged(const PostgresTable& table);
    void begin_transaction();
    void open(PostgresTable& table);
    void cut(Work::Task& task);
    void read(const Work::Task& task);
    void flush();
    void check_stop();

    const Pipe* m_pipe;
    const Shared* m_shared;
    std::unique_ptr<postgres::Connection> m_connection;
    bool m_in_transaction = false;
    std::set<TableWork*> m_locked; ///< in this transaction
    std::string m_lines;
    std::uint64_t m_unpassed = 0; ///< rows since the last pass through the throttle
};

} // namespace cdc::snapshot

#endif
