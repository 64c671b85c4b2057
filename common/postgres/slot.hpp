#ifndef CDC_POSTGRES_SLOT_HPP
#define CDC_POSTGRES_SLOT_HPP

#include "event/table_filter.hpp"
#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Publications and replication slots, over a plain connection. All throw ServerError.
namespace cdc::postgres {

struct SlotState {
    std::string plugin; ///< empty for a physical slot
    std::string database;
    std::int32_t active_pid = 0; ///< of the session that streams from it; 0: none
    Lsn restart = 0;
    Lsn confirmed = 0;        ///< everything before it is acknowledged
    std::string wal_status;   ///< reserved, extended, unreserved, lost
    std::string invalidation; ///< why the server gave it up; empty: it did not
    std::string catalog_xmin; ///< what is decoded is not older than this transaction
    bool two_phase = false;   ///< sends prepared transactions before they are committed
    std::optional<std::int64_t> safe_wal_size; ///< bytes until it may be lost; none: no limit
};

std::optional<SlotState> inspect_slot(Connection& connection, const std::string& slot);

/// "pid 123, application 'cdc-capture', client 127.0.0.1, since …", for messages.
std::string describe_session(Connection& connection, std::int32_t pid);

/// Makes a logical slot of plugin pgoutput (a failover slot where the server has them) and returns
/// where its stream begins. Waits for the transactions that run now. The publications that its
/// stream will name must be there before.
Lsn create_slot(Connection& connection, const std::string& slot);
void drop_slot(Connection& connection, const std::string& slot);

struct TableName {
    std::string schema;
    std::string table;
};

/// Every table that can be published, partitions by their roots, in order of name.
std::vector<TableName> list_tables(Connection& connection);

struct PublicationState {
    bool all_tables = false;
    bool via_root = false;
    bool all_operations = false; ///< insert, update, delete and truncate
    bool made_by_us = false;
};

std::optional<PublicationState> inspect_publication(Connection& connection,
                                                    const std::string& publication);

/// Publishes `tables`, or with none given all tables, present and future; through their roots.
void create_publication(Connection& connection, const std::string& publication,
                        const std::vector<TableName>& tables);
/// Makes the publication for the tables that match, if it is not there. Throws Error (refused) when
/// none does.
void ensure_publication(Connection& connection, const std::string& publication,
                        const event::TableFilter& filter);
void drop_publication(Connection& connection, const std::string& publication);

} // namespace cdc::postgres

#endif
