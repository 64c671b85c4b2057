#ifndef CDC_CAPTURE_MYSQL_SESSION_HPP
#define CDC_CAPTURE_MYSQL_SESSION_HPP

#include "cdc-capture/options.hpp"
#include "event/checkpoint.hpp"
#include "event/table_filter.hpp"
#include "mysql/binlog_stream.hpp"
#include "mysql/change_builder.hpp"
#include "mysql/log_history.hpp"
#include "mysql/server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cdc::capture {

/// Where the stream of a MySQL or MariaDB source goes on, and which log that place is in: the
/// server, the base name of its files (part of the position), when the file was made, and the epoch
/// of orders.
struct MysqlResume {
    mysql::Position position;
    std::string server;
    std::uint32_t created = 0; ///< of the position's file, seconds since 1970; 0: not known
    std::uint16_t epoch = 0;
    std::optional<std::string> gtids; ///< executed before the position; nothing: not known
    /// Lines of what stands before this place in the order were written: it is further than
    /// `position` while an XA transaction is prepared. 0: not known in this log.
    std::uint64_t emitted = 0;
    std::optional<std::string> emitted_gtids; ///< of these lines; nothing: `gtids`
    mysql::StatementEffects effects;          ///< before `position`
    std::int64_t commit_ts_ms = 0;
    nlohmann::ordered_json snapshot;
    nlohmann::ordered_json extra = nlohmann::ordered_json::object();
    std::string where; ///< for messages: "checkpoint file 'x'"

    /// Throws Error (bad_data, refused).
    static MysqlResume from(const event::Checkpoint& checkpoint, const std::string& file);
    mysql::LogPlace place() const { return {position, server, created, gtids, where, {}, emitted}; }
    event::Checkpoint checkpoint(bool mariadb) const;
};

/// One connection's worth of capture.
struct MysqlSession {
    MysqlSession(mysql::Connection plain_connection, mysql::Connection stream_connection,
                 const mysql::ServerAddress& address, MysqlResume from,
                 const mysql::Continuation& way, std::uint32_t server_id, const Options& options,
                 const event::TableFilter& filter);

    mysql::Connection plain; ///< for questions beside the stream
    mysql::Catalog catalog;
    MysqlResume start;
    bool new_history = false; ///< orders have another epoch than those before
    mysql::LogEnd end;        ///< of the log when the session began
    mysql::BinlogStream stream;
    mysql::ChangeBuilder builder;
};

/// `resume`: nothing starts at --from-position, or the end of the log. Throws Error.
std::unique_ptr<MysqlSession> open_mysql_session(const Options& options,
                                                 const std::optional<MysqlResume>& resume,
                                                 const event::TableFilter& filter);

/// To register with: --server-id, or a random one.
std::uint32_t server_id_of(const Options& options);

} // namespace cdc::capture

#endif
