#ifndef CDC_POSTGRES_EXPORTED_SNAPSHOT_HPP
#define CDC_POSTGRES_EXPORTED_SNAPSHOT_HPP

#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"
#include "postgres/timeline.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace cdc::postgres {

/// A position in the log and the rows as they stood exactly there: what committed before the
/// position is in the snapshot, what commits after it is in the stream from the position on.
///
/// Made by CREATE_REPLICATION_SLOT, the only way to have both (a position asked for beside a query
/// would be another moment: a commit can be in the log and not yet visible). The server waits for
/// the transactions that write at that moment. The snapshot can be imported as long as this object
/// lives and sends nothing more on its connection.
class ExportedSnapshot {
public:
    struct Slot {
        std::string name;
        bool temporary = true; ///< gone with this object; else it stays
    };
    /// Waits for running writers at most `wait_ms` (-1: for ever); `on_wait` is called at least
    /// every 100 ms meanwhile and may throw: the request is then cancelled. Throws ServerError
    /// (failed, naming a writer, when time is over).
    ExportedSnapshot(const std::string& source, const Slot& slot, std::int64_t wait_ms,
                     std::function<void()> on_wait);

    const std::string& name() const { return m_name; }
    Lsn position() const { return m_position; }
    const SystemIdentity& system() const { return m_system; }
    std::int64_t made_ms() const { return m_made_ms; }
    /// False when the connection that holds the snapshot is gone.
    bool alive() const;

private:
    Connection m_connection;
    SystemIdentity m_system;
    std::string m_name;
    Lsn m_position = 0;
    std::int64_t m_made_ms = 0;
};

/// Begins a transaction of `connection` in the snapshot. Throws ServerError (failed when the
/// snapshot is gone).
void begin_in_snapshot(Connection& connection, const std::string& snapshot);

/// The oldest transactions that hold a new slot up, for messages; "" when there are none.
std::string describe_writers(Connection& connection);

} // namespace cdc::postgres

#endif
