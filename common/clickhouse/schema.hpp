#ifndef CDC_CLICKHOUSE_SCHEMA_HPP
#define CDC_CLICKHOUSE_SCHEMA_HPP

#include "base/error.hpp"
#include "clickhouse/layout.hpp"
#include "clickhouse/types.hpp"
#include "event/table.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What stands in the target for one source table `t`, in replace mode:
///
///     t_raw      every change, of which the highest `_version` of a key counts
///     t          view of the rows as they are now
///     t_pending  updates that wait for a row to be completed from (made when first needed)
///
/// With a key, t_raw is ReplacingMergeTree(_version, _deleted) ORDER BY the key. Without one it is
/// ReplacingMergeTree ORDER BY (_version, _row) with a `_sign`: an update is -before +after, and
/// the view gives each row as often as its signs add up to. Everything below the table's barrier in
/// `_cdc_state` is void: the view leaves it out.
///
/// In history mode t_raw is t_history, which keeps every operation: ReplacingMergeTree ORDER BY
/// (the key, `_version`), so that a repeat adds nothing, with an `operation_type` c u d r t. A
/// truncate is a row of its own, with nothing in its columns. The view is the same.
///
/// These functions only make SQL.
namespace cdc::clickhouse {

/// Users' queries depend on it: do not rename.
inline constexpr std::string_view kStateTable = "_cdc_state";
/// The view's column where the source's table has none; 0 in each row.
inline constexpr std::string_view kNoColumn = "_no_column";
/// What a view calls its tables: no column has that name, and no view of older versions.
inline constexpr std::string_view kViewAlias = "_cdc";
/// How often a view gives a row of a table without key.
inline constexpr std::string_view kTimes = "_cdc times";
/// Begins the barrier in a view: settings of a reader's profile make NULL of the highest of no
/// rows.
inline constexpr std::string_view kBarrierStart = "ifNull(";

struct TargetColumn {
    std::string name;   ///< the source's
    std::string stored; ///< in the raw table (stored_name.hpp)
    ColumnMapping mapping;
    std::string default_json; ///< constant default of the source; "": none
};

/// The columns of a source table as they are stored.
struct TargetShape {
    std::vector<TargetColumn> columns; ///< in the order of the source
    std::vector<std::size_t> key;      ///< indexes into `columns`, in key order; empty: no key
    bool history = false;              ///< of Layout
    bool keyed() const { return !key.empty(); }
};

/// Throws Error (refused) when a source column would be stored by one of this program's own names.
TargetShape make_shape(std::string_view connector, const std::vector<event::Column>& columns,
                       const Layout& layout = {});

/// The table that the rows are in.
std::string create_raw_sql(const Target& target, const TargetShape& shape);
/// On a cluster, the table of the same columns that stands for those of all shards. All changes of
/// a key have to lie in one, which FINAL needs. `database`: both tables'.
std::string create_distributed_sql(const Target& target, const TargetShape& shape,
                                   std::string_view database);
/// `columns`: of the raw table, without this program's own. They have the source's names in the
/// view, which names no column without a table: no word of the engine is read there as another
/// thing. Without any column the view has one, kNoColumn.
std::string create_view_sql(const Target& target, const std::vector<std::string>& columns,
                            const TargetShape& shape);
/// Its rows, by the names that the columns have in the raw table.
std::string select_current_sql(const Target& target, const std::vector<std::string>& columns,
                               const TargetShape& shape);
std::string create_pending_sql(const Target& target);
std::string create_state_sql(const Layout& layout = {});
/// The expression that gives the table's barrier; 0 when there is none.
std::string barrier_sql(std::string_view table);
/// "INSERT INTO t_raw (k, a, b, _version, _deleted, _source_ts_ms)": the key's columns first, then
/// the others in the order of the shape. Without a key: all columns, _version, _row, _sign,
/// _source_ts_ms. In history: (k, _version, a, b, operation_type, _source_ts_ms), and all columns,
/// _version, _row, _sign, operation_type, _source_ts_ms. On a cluster with the settings by which an
/// answer means that the rows are stored in their shards.
std::string insert_sql(const Target& target, const TargetShape& shape);

/// A column of the rows that are inserted.
struct RowColumn {
    std::string name;
    std::string type;
    bool own; ///< this program's
};
/// In the order of insert_sql().
std::vector<RowColumn> row_columns(const Target& target, const TargetShape& shape);
/// Names and types before rows of insert_sql() in the format kRowsFormat, so that rows of a shape
/// which is not the table's any more are refused, and never taken for other values.
std::string rows_header(const Target& target, const TargetShape& shape);
inline constexpr std::string_view kRowsFormat = "RowBinaryWithNamesAndTypes";

/// system.tables.sorting_key as names of columns.
std::vector<std::string> split_sorting_key(std::string_view text);
/// Gives the column a table's type where this holds every value of the column's; else false.
bool keep_wider_type(TargetColumn& column, std::string_view type);

/// ALTER TABLE … MODIFY COLUMN; its default stays.
std::vector<std::string> modify_column_sql(const Target& target, std::string_view column,
                                           std::string_view type);

/// A row of system.columns.
struct ExistingColumn {
    std::string name;
    std::string type;
    std::string default_kind{}; ///< DEFAULT, MATERIALIZED, ALIAS, EPHEMERAL or ""
    std::string default_expression{};

    /// A MATERIALIZED or ALIAS one takes no values.
    bool ephemeral() const { return default_kind == "EPHEMERAL"; }
    bool computed() const { return default_kind == "MATERIALIZED" || default_kind == "ALIAS"; }
};

/// Columns that an older version stored by other names keep them (stored_name.hpp).
void take_stored_names(TargetShape& shape, const std::vector<ExistingColumn>& existing,
                       const Layout& layout);

/// How an existing raw table becomes able to hold `shape`.
struct Alteration {
    std::vector<std::string> statements;   ///< ALTER TABLE …, in order; empty: nothing to do
    std::vector<std::string> view_columns; ///< of the raw table afterwards
};

/// A table that ClickHouse cannot alter to hold a shape.
class ShapeConflict : public base::Error {
public:
    using Error::Error;
};

/// Columns are added and widened, never dropped or narrowed: where the table is wider than the
/// source's type, `shape` takes the table's type; it takes its names as well. `sorting_key` is
/// system.tables.sorting_key. Throws ShapeConflict (refused) on another key, or a type that cannot
/// be widened.
Alteration alter_raw(const Target& target, TargetShape& shape,
                     const std::vector<ExistingColumn>& existing, std::string_view sorting_key);

} // namespace cdc::clickhouse

#endif
