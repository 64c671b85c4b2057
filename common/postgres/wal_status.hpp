#ifndef CDC_POSTGRES_WAL_STATUS_HPP
#define CDC_POSTGRES_WAL_STATUS_HPP

#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"
#include "postgres/slot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Where a server's log stands, and what its slots keep of it. Over a plain connection.
namespace cdc::postgres {

struct WalStatus {
    std::string server;      ///< system identifier; "" when the role may not read it
    Lsn end = 0;             ///< everything before it is on disk (of a standby: replayed)
    std::int64_t now_ms = 0; ///< the server's clock, in Unix time
};
WalStatus read_wal_status(Connection& connection);

struct NamedSlot {
    std::string name;
    SlotState state;
    std::optional<std::int64_t> lag_ms; ///< as the server measures it; none: idle, or no stream
    bool streaming = false;             ///< what there is was sent: the sender waits for more log
};

/// The slots named, or every logical slot of the connection's database. A name that does not
/// exist is left out.
std::vector<NamedSlot> list_slots(Connection& connection, const std::vector<std::string>& names);

} // namespace cdc::postgres

#endif
