#ifndef CDC_MYSQL_CONSISTENT_SNAPSHOT_HPP
#define CDC_MYSQL_CONSISTENT_SNAPSHOT_HPP

#include "mysql/connection.hpp"
#include "mysql/server.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cdc::mysql {

/// Sessions that all see the server's tables as they were at one place of the binary log.
struct ConsistentSnapshot {
    std::vector<Connection> readers; ///< each inside its transaction
    LogEnd place;                    ///< `gtids` only where the server has them
    /// False: changes behind the place may be in the rows already, and come again.
    bool exact = true;
};

struct SnapshotWish {
    int readers = 1;
    std::int64_t wait_ms = -1;     ///< for prepared XA transactions and for the lock; -1: for ever
    std::function<void()> on_wait; ///< throws when a stop was asked for
    std::string table{};           ///< the only one that is read, quoted; "": any
};

/// What is done and what it locks, by what the server and the user's rights allow:
///
///     MySQL    FLUSH TABLES WITH READ LOCK (RELOAD) for the moment in which the readers begin;
///              behind a long query it is given up after 2 s and tried again. Where one table is
///              read: LOCK TABLES … READ of it in the same way. Without the right: nothing, and
///              not exact
///     MariaDB  one reader: its own binlog_snapshot position, no lock; several: BACKUP STAGE
///              BLOCK_COMMIT (RELOAD) for that moment; without the right one reader
///
/// Says on stderr what was locked and for how long. Throws Error: refused (no binary log), failed.
ConsistentSnapshot open_snapshot(const ServerAddress& address, Connection& plain,
                                 const SnapshotWish& wish);

} // namespace cdc::mysql

#endif
