#ifndef CDC_VERIFY_POSTGRES_SNAPSHOT_POINT_HPP
#define CDC_VERIFY_POSTGRES_SNAPSHOT_POINT_HPP

#include "event/order.hpp"
#include "postgres/exported_snapshot.hpp"

#include <cstdint>
#include <string>

namespace cdc::verify {

/// The source as it stood at one exact position of its log, by a temporary slot. Needs the right to
/// replicate. Lives as long as its rows are read.
class SnapshotPoint {
public:
    /// Waits for running writers at most `wait_ms` (-1: for ever). Throws ServerError.
    SnapshotPoint(const std::string& source, std::int64_t wait_ms);

    const std::string& snapshot() const { return m_snapshot.name(); }
    const postgres::SystemIdentity& system() const { return m_snapshot.system(); }
    postgres::Lsn position() const { return m_snapshot.position(); }
    /// Of change `index` of a transaction that commits here; index 0: not above what the point
    /// holds, and below what comes later.
    event::Order order(std::uint64_t index = 0) const;

private:
    postgres::ExportedSnapshot m_snapshot;
};

} // namespace cdc::verify

#endif
