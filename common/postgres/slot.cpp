#include "postgres/slot.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "postgres/patience.hpp"

namespace cdc::postgres {

using base::ExitCode;

namespace {

/// Marks what --drop may drop again. Users' databases hold it: do not change.
constexpr char kPublicationMark[] = "made by cdc-capture";

Lsn lsn_at(const Result& result, int row, int column) {
    return parse_lsn(result.text(row, column)).value_or(0);
}

} // namespace

std::optional<SlotState> inspect_slot(Connection& connection, const std::string& slot) {
    const int version = connection.server_version();
    const char* invalidation = version >= 170000   ? "invalidation_reason"
                               : version >= 160000 ? "CASE WHEN conflicting THEN 'conflict' END"
                                                   : "NULL::text";
    const Result result = connection.query(
        fmt::format("SELECT plugin, database, active_pid, restart_lsn, confirmed_flush_lsn, "
                    "wal_status, safe_wal_size, {}, catalog_xmin, {} FROM pg_replication_slots "
                    "WHERE slot_name = $1",
                    invalidation, version >= 140000 ? "two_phase" : "false"),
        {slot});
    if (result.rows() == 0) {
        return std::nullopt;
    }
    SlotState state;
    state.plugin = result.text(0, 0);
    state.database = result.text(0, 1);
    state.active_pid = base::parse_integer<std::int32_t>(result.text(0, 2)).value_or(0);
    state.restart = lsn_at(result, 0, 3);
    state.confirmed = lsn_at(result, 0, 4);
    state.wal_status = result.text(0, 5);
    if (!result.is_null(0, 6)) {
        state.safe_wal_size = base::parse_integer<std::int64_t>(result.text(0, 6));
    }
    state.invalidation = result.text(0, 7);
    state.catalog_xmin = result.text(0, 8);
    state.two_phase = result.text(0, 9) == "t";
    return state;
}

std::string describe_session(Connection& connection, std::int32_t pid) {
    const Result result = connection.query(
        "SELECT application_name, coalesce(host(client_addr), 'local'), backend_start "
        "FROM pg_stat_activity WHERE pid = $1::int",
        {std::to_string(pid)});
    if (result.rows() == 0) {
        return fmt::format("process {}", pid);
    }
    return fmt::format("process {} (application {}, client {}, since {})", pid,
                       base::in_quotes(result.text(0, 0)), result.text(0, 1), result.text(0, 2));
}

Lsn create_slot(Connection& connection, const std::string& slot) {
    std::string arguments = connection.quoted_text(slot) + ", 'pgoutput'";
    if (connection.server_version() >= 170000) {
        // temporary, twophase, failover; a standby's own slots cannot be failover slots
        arguments += ", false, false, NOT pg_is_in_recovery()";
    }
    try {
        const Result result = connection.query(
            "SELECT lsn FROM pg_create_logical_replication_slot(" + arguments + ")");
        return result.rows() == 1 ? lsn_at(result, 0, 0) : 0;
    } catch (const ServerError&) {
        throw;
    } catch (...) {
        // We stop waiting, but the server would make the slot later: one that nobody reads, and for
        // which it keeps its log.
        connection.cancel();
        throw;
    }
}

void drop_slot(Connection& connection, const std::string& slot) {
    connection.query("SELECT pg_drop_replication_slot($1)", {slot});
}

std::vector<TableName> list_tables(Connection& connection) {
    const Result result = connection.query(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' "
        "AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1, 2");
    std::vector<TableName> tables;
    for (int row = 0; row < result.rows(); ++row) {
        tables.push_back({std::string{result.text(row, 0)}, std::string{result.text(row, 1)}});
    }
    return tables;
}

std::optional<PublicationState> inspect_publication(Connection& connection,
                                                    const std::string& publication) {
    const Result result = connection.query(
        "SELECT puballtables, pubviaroot, pubinsert AND pubupdate AND pubdelete AND pubtruncate, "
        "coalesce(obj_description(oid, 'pg_publication') = $2, false) "
        "FROM pg_publication WHERE pubname = $1",
        {publication, kPublicationMark});
    if (result.rows() == 0) {
        return std::nullopt;
    }
    return PublicationState{result.text(0, 0) == "t", result.text(0, 1) == "t",
                            result.text(0, 2) == "t", result.text(0, 3) == "t"};
}

void create_publication(Connection& connection, const std::string& publication,
                        const std::vector<TableName>& tables) {
    const std::string name = connection.quoted_name(publication);
    std::string what = tables.empty() ? "FOR ALL TABLES" : "FOR TABLE ";
    for (const TableName& table : tables) {
        what += &table == tables.data() ? "" : ", ";
        what += connection.quoted_name(table.schema) + "." + connection.quoted_name(table.table);
    }
    // One simple query is one transaction: the mark is there if the publication is.
    connection.query(fmt::format(
        "CREATE PUBLICATION {0} {1} WITH (publish = 'insert, update, delete, truncate', "
        "publish_via_partition_root = true); COMMENT ON PUBLICATION {0} IS '{2}'",
        name, what, kPublicationMark));
}

void ensure_publication(Connection& connection, const std::string& publication,
                        const event::TableFilter& filter) {
    if (inspect_publication(connection, publication)) {
        base::log::info("publication {} is there already", base::in_quotes(publication));
        return;
    }
    std::vector<TableName> tables;
    if (!filter.matches_all()) {
        tables = list_tables(connection);
        std::erase_if(tables, [&](const TableName& table) {
            return !filter.matches(table.schema, table.table);
        });
        if (tables.empty()) {
            base::fail(ExitCode::refused, "no table of database {} matches --tables and --exclude",
                       connection.description());
        }
    }
    // FOR TABLE locks each table against other DDL.
    ask_patiently(connection, "publication " + base::in_quotes(publication),
                  [&] { create_publication(connection, publication, tables); });
    base::log::info("made publication {} for {}", base::in_quotes(publication),
                    tables.empty() ? "all tables" : fmt::format("{} tables", tables.size()));
}

void drop_publication(Connection& connection, const std::string& publication) {
    connection.query("DROP PUBLICATION " + connection.quoted_name(publication));
}

} // namespace cdc::postgres
