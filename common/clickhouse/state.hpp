#ifndef CDC_CLICKHOUSE_STATE_HPP
#define CDC_CLICKHOUSE_STATE_HPP

#include "clickhouse/transport.hpp"
#include "event/checkpoint.hpp"
#include "event/order.hpp"
#include "event/table.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::clickhouse {

/// A row of `_cdc_state`: what the target itself knows about its tables and sources. Of each
/// (scope, name, item) the highest version counts, the later insert when versions are equal.
///
///     scope 'source', name 'postgres:SERVER:DATABASE:SLOT', item 'checkpoint': how far it is
///     loaded; item 'history': the stream went on in another history from this order on, value:
///         the order behind which rows come again (tools/cdc-load/history.hpp)
///     scope 'table',  name of the target table, item
///         'barrier'   rows of lower version are void
///         'shape'     {"version":…,"oid":…,"columns":[…]} of the last table line
///         'types'     of the raw table's columns (tools/cdc-load/stored_types.hpp)
///         'left'      ["note"]: columns that the last table line has no more, and earlier ones had
///         'source'    {"db":…,"schema":…,"table":…}: which source table it belongs to
///         'layout'    mode and names where they are not the default ones (layout.hpp)
///         'oid N'     the source's table number N had this name
///         'reading'   a snapshot of this order is being loaded ("begin"), or was ("end")
///         'rebuild'   the mark of the table that a snapshot of this order fills (rebuild.hpp); "":
///                     none
///         'history'   rows that come again in the epoch of this order were removed, or marked
///         'remade'    lines below this order have a shape that is gone, and are void (remake.hpp)
///         'stale'     why rows differ from the source's until it is read again; "": they do not;
///                     position 'facts': only compared facts say so
///         'unproven'  why they may differ until then; "": they do not; position as in 'stale'
///         'compared'  cdc-verify found all rows up to this order to be the source's
///         'facts'     facts of the source's table (event/facts.hpp) as a line has them; position:
///                     "CONNECTOR:DB"
///         'truncated' "XID ORDER,…" of the truncates that came since
///     scope 'parked', name of the target table, item: a key as JSON; version: order of its last
///         line that was not loaded, position: order of the first, value: why; "": loaded since
struct StateRow {
    std::string scope;
    std::string name;
    std::string item;
    event::Order version;
    std::string position;
    std::string value;
    std::int64_t commit_ms = 0;
};

/// StateRow::position of a mark that only compared facts gave.
constexpr const char* kByFacts = "facts";

StateRow checkpoint_row(const event::Checkpoint& checkpoint, std::string_view line);
/// Of scope 'table'.
StateRow table_row(std::string_view table, std::string_view item, event::Order order,
                   std::string_view value);
StateRow barrier_row(std::string_view table, event::Order order);

/// A key with lines that could not be loaded: what comes after them would be applied over a hole.
struct ParkedKey {
    event::Order from;    ///< its first line that was not loaded
    event::Order through; ///< its last one
    std::string reason;   ///< of the first; "": all were loaded since, or are void
    bool parked() const { return !reason.empty(); }
};
/// By the key as JSON, {"id":7}.
using ParkedKeys = std::map<std::string, ParkedKey, std::less<>>;
StateRow parked_row(std::string_view table, std::string_view key, const ParkedKey& parked);

/// Appends the row in RowBinary of state_columns(); load_time is now.
void append_state_row(std::string& out, const StateRow& row, std::int64_t now_ms);
/// "INSERT INTO _cdc_state (…)"
std::string insert_state_sql();
/// Appends the rows to `_cdc_state`, with the time of now. Throws what Transport::insert() throws.
void insert_state(Transport& transport, const std::vector<StateRow>& rows);

/// What `_cdc_state` says about one table.
struct TableState {
    event::Order barrier;
    std::string source;
    std::string shape;
    event::Order shape_order;
    std::string types;
    event::Order types_order;
    /// Columns that lines had once and then no more; the target kept them, with their values.
    std::set<std::string> left;
    std::string stale;
    event::Order stale_order;
    bool stale_by_facts = false; ///< only facts that were compared say so
    std::string unproven;
    event::Order unproven_order;
    bool unproven_by_facts = false;
    std::string facts;
    event::Order facts_order;
    event::Order history_order;
    std::string truncated;
    event::Order truncated_order;
    std::string layout;
    event::Order remade;  ///< lines below have a shape that is gone
    event::Order reading; ///< of a snapshot whose end was not loaded; 0: none
    std::string rebuild;  ///< mark of the table that is being filled; "": none
    event::Order rebuild_order;
    ParkedKeys parked;
};
TableState read_table_state(Transport& transport, std::string_view table);

/// The item 'source' of a table: {"db":…,"schema":…,"table":…}. Stored: do not change.
std::string source_json(const event::Table& source);

/// "oid 16402"
std::string oid_item(std::uint32_t oid);
/// The target table, other than `table`, that the source's table of this number had last; "": none.
std::string table_of_oid(Transport& transport, std::uint32_t oid, std::string_view table);

/// Of a snapshot's begin and end line.
StateRow reading_row(std::string_view table, event::Order order, bool begin);

/// `reason` "": it was read again.
StateRow stale_row(std::string_view table, event::Order order, std::string_view reason);
StateRow unproven_row(std::string_view table, event::Order order, std::string_view reason);

} // namespace cdc::clickhouse

#endif
