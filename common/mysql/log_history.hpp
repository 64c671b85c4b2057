#ifndef CDC_MYSQL_LOG_HISTORY_HPP
#define CDC_MYSQL_LOG_HISTORY_HPP

#include "event/checkpoint.hpp"
#include "mysql/connection.hpp"
#include "mysql/server.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::mysql {

/// A place in one server's log, and what says whether a log that is met later is the same one.
struct LogPlace {
    Position position; ///< the base name of its file belongs to the history
    std::string server;
    std::uint32_t created = 0;        ///< of the position's file, seconds since 1970; 0: not known
    std::optional<std::string> gtids; ///< executed before the position; nothing: not known
    std::string where;                ///< for messages: "checkpoint file 'x'"
    /// Transactions whose lines were written; nothing: `gtids`, as long as no XA transaction is
    /// prepared, before which the place then stays.
    std::optional<std::string> emitted_gtids{};
    /// Lines of what stands before this place in the order were written; 0: not known.
    std::uint64_t emitted = 0;
};

/// `where`: for messages. Throws Error (bad_data).
LogPlace place_of(const event::Checkpoint& checkpoint, std::string where);

/// What a server says of its log.
struct LogState {
    bool mariadb = false;
    std::string description; ///< for messages
    std::string server;
    std::vector<LogFile> files; ///< the oldest first
    LogEnd end;
    bool has_gtids = false;    ///< every transaction has a global id
    std::string purged;        ///< executed before the oldest file; "" where nothing is
    std::uint32_t created = 0; ///< of the file that was asked about; 0: it is not there
};

/// `file`: whose time of creation is wanted, by a connection of its own to `address`; it must reach
/// the same server; "": of none. Throws Error.
LogState log_state(Connection& connection, const ServerAddress& address, std::uint32_t server_id,
                   const std::string& file);

/// How a stream goes on from a place.
struct Continuation {
    bool same_history = false; ///< else orders need a higher epoch
    bool by_gtid = false;
};
/// Throws Error: position_lost when the log no longer holds what follows the place, refused when
/// the server never held what stands before it, or is another one without global ids.
Continuation continuation(const LogPlace& place, const LogState& state);

/// Whether a stream can begin behind the transactions `gtids`, which somebody else has read;
/// `where`: for messages. Throws Error: position_lost when others are gone from the log, refused
/// when the server never held them, or gives no global ids; bad_data when `gtids` is none of its
/// kind.
void check_gtids(const std::string& gtids, const std::string& where, const LogState& state);

/// The same as continuation(), of the server's log as it is now.
Continuation continuation(Connection& connection, const ServerAddress& address,
                          const LogPlace& place);

} // namespace cdc::mysql

#endif
