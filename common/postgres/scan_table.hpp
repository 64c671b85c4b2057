#ifndef CDC_POSTGRES_SCAN_TABLE_HPP
#define CDC_POSTGRES_SCAN_TABLE_HPP

#include "event/table_filter.hpp"
#include "postgres/connection.hpp"
#include "postgres/pgoutput.hpp"
#include "postgres/preflight.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::postgres {

/// A table to be read whole, as the catalog describes it in the transaction that asked.
struct ScanTable {
    struct Column {
        std::string name;
        std::uint32_t type = 0;
        std::int32_t modifier = -1;
        bool identity = false;
        bool generated = false; ///< COPY takes it in a query only
    };
    /// A column of the index by which the table can be read in ranges.
    struct KeyColumn {
        std::string name;
        std::string type;    ///< as in a cast
        std::string collate; ///< ` COLLATE "…"` where the index has another one than the column
    };

    std::uint32_t oid = 0;
    std::string schema;
    std::string name;
    bool partitioned = false;      ///< read through this root
    char identity = 'd';           ///< as in pgoutput::Relation
    std::vector<Column> columns;   ///< those that the stream carries, in its order
    bool filtered = false;         ///< the publication has a row filter for it
    std::string row_filter;        ///< filled in by who holds a lock, see read_row_filter()
    std::string published_columns; ///< of the publication, their numbers; empty: no list
    std::string generated;         ///< 's': without a list stored generated columns are sent, too

    /// In the order of the index. Empty: the table has no key, or its index sorts in a way that a
    /// plain comparison of its columns does not (another operator class, descending).
    std::vector<KeyColumn> paging_key;
    double correlation = 1; ///< of the heap with the first key column, 0 to 1; unknown: 1
    double rows = 0;        ///< estimate; 0: unknown
    std::uint64_t bytes = 0;
    /// Changes with every ALTER TABLE that touches columns or rewrites rows, and with every
    /// partition that comes or goes; not with TRUNCATE, VACUUM FULL or CLUSTER. See shape_mark().
    std::string mark;

    std::string display_name() const { return schema + "." + name; }
    /// The same as the stream would say it; views lie in this object.
    pgoutput::Relation relation() const;
};

/// The tables of `publication` (of the whole database without one, but for partitions, temporary
/// and unlogged tables, which no stream carries) that match, sorted by name.
std::vector<ScanTable> list_scan_tables(Connection& connection,
                                        const std::optional<std::string>& publication,
                                        const event::TableFilter& filter);

/// Fills in all that list_scan_tables() leaves empty behind `identity`, but for the row filter.
/// Asks about many tables at once.
void describe_scan_tables(Connection& connection, std::vector<ScanTable>& tables);
/// Only their columns.
void describe_scan_columns(Connection& connection, std::vector<ScanTable>& tables);

/// Pages of the main forks of the table, or of all leaves under a root. Waits for DDL: for a
/// transaction that holds a lock on them.
std::uint64_t count_pages(Connection& connection, std::uint32_t oid);

/// The publication's row filter for the table as SQL; "" when there is none. Waits for DDL: for a
/// transaction that holds a lock on the table.
std::string read_row_filter(Connection& connection, const std::string& publication,
                            std::uint32_t oid);

/// ScanTable::mark as the transaction sees it; "" when the table is not there.
std::string shape_mark(Connection& connection, std::uint32_t oid);

/// What the session's role may not read of these tables, each with the command that grants it.
std::vector<Finding> missing_rights(Connection& connection, std::vector<ScanTable>& tables);

} // namespace cdc::postgres

#endif
