#ifndef CDC_MYSQL_TABLE_PLAN_HPP
#define CDC_MYSQL_TABLE_PLAN_HPP

#include "event/change_counts.hpp"
#include "event/column_edits.hpp"
#include "event/encoding.hpp"
#include "event/table.hpp"
#include "mysql/collations.hpp"
#include "mysql/debezium_form.hpp"
#include "mysql/position.hpp"
#include "mysql/rows_event.hpp"
#include "mysql/table_map.hpp"
#include "mysql/value.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::mysql {

/// source.connector; do not rename.
constexpr const char* connector_name(bool mariadb) {
    return mariadb ? "mariadb" : "mysql";
}

/// What the catalog has of a table now, and the log does not say.
struct TableFacts {
    std::map<std::string, std::string> types; ///< of columns: "uuid"
    /// MariaDB, of a unique key on the hash of long texts, of which the log has no more than the
    /// hash
    std::vector<std::string> long_key;
    /// MariaDB, a table with system versions: the column that says when a row became one of the
    /// past
    std::string row_end;
    /// The columns `row_start` and `row_end` are in the log, and in no SELECT * nor the catalog.
    bool hides_period = false;
    std::set<std::string> with_fraction;          ///< columns of times that have digits of a second
    std::map<std::string, std::string> generated; ///< columns, and the expressions of their values
};

/// Pairs of database and name.
using TableNames = std::set<std::pair<std::string, std::string>>;

/// What runs behind a statement that names it, or the table that it belongs to.
struct StoredCode {
    std::string what; ///< for people
    std::string db;
    std::optional<std::string> text; ///< nothing: the user may not see it
};

/// Questions that only the source itself can answer. Answers show the source as it is now.
class SourceLookup {
public:
    SourceLookup() = default;
    SourceLookup(const SourceLookup&) = delete;
    SourceLookup& operator=(const SourceLookup&) = delete;
    virtual ~SourceLookup() = default;

    virtual TableFacts describe(const std::string& db, const std::string& table) = 0;
    /// The table as a table map of the log would describe it; nothing: there is no such table.
    virtual std::optional<TableMap> shape(const std::string& db, const std::string& table) = 0;
    /// All of them, as shape() describes one.
    virtual std::vector<TableMap> all_tables() { return {}; }
    /// Asked once for each table that has texts.
    virtual const Collations& collations() = 0;
    /// The views and routines of these names, and the triggers of tables of these names.
    virtual std::vector<StoredCode> stored_code(const TableNames& names) = 0;
    /// "": the user may read these columns of the table, or nothing anywhere, and then nothing was
    /// read before. Else what it may not read, for people.
    virtual std::string hidden(const std::string& db, const std::string& table,
                               const std::vector<std::string>& columns) = 0;
    /// Where the log ends, as a place in the order.
    virtual std::uint64_t end_of_log() = 0;
    /// A statement of the log from this place on that may have given columns of the table other
    /// names, which the catalog has; "": there is none. `seconds`: the time of the event there.
    virtual std::string names_changed_behind(const std::string& /*db*/,
                                             const std::string& /*table*/, const Position& /*from*/,
                                             std::int64_t /*seconds*/) {
        return "";
    }
    /// A database's or table's name of a statement as the rows of the log have it: in lower case
    /// where lower_case_table_names says so.
    virtual std::string stored_name(const std::string& name) { return name; }
};

/// A table of the log, ready to write rows with: everything that is the same in each line is
/// spelled once.
class TablePlan {
public:
    struct Column {
        std::string name;
        std::string member; ///< `"name":`
        ValueCodec codec;
        bool in_key = false;
        event::ColumnEdits::Edit edit;
        DebeziumForm debezium; ///< of Encoding::debezium

        bool left_out() const { return edit.kind == event::ColumnEdits::Kind::leave_out; }
        bool masked() const { return edit.kind != event::ColumnEdits::Kind::keep && !left_out(); }
    };

    /// A table that the filter leaves out: its rows are only counted.
    static TablePlan skipped(TableMap map);
    /// Asks `lookup` only for what the log does not say. Throws Error (bad_data; refused, also when
    /// `edits` leave out a column of the key, or give all rows one).
    TablePlan(TableMap map, SourceLookup& lookup, bool mariadb,
              const event::ColumnEdits& edits = {},
              event::Encoding encoding = event::Encoding::exact);

    bool captured() const { return m_captured; }
    /// Whether the catalog was asked for what the table's map does not say.
    bool of_catalog() const { return m_of_catalog; }
    /// Of the same map: whether the catalog said the same.
    bool same_as(const TablePlan& other) const {
        return m_version == other.m_version && m_row_end == other.m_row_end;
    }
    const TableMap& map() const { return m_map; }
    const RowLayout& layout() const { return m_layout; }
    const event::Table& shape() const { return m_shape; }
    const std::string& version() const { return m_version; }
    /// Those of the map; shape() lacks what is left out.
    const std::vector<Column>& columns() const { return m_columns; }
    /// What is left to do with the exact JSON value, not null, that stands from `start` on in
    /// `out`: to mask it, or to write it in Debezium's form.
    void finish_value(std::string& out, std::size_t start, const Column& column) const;
    /// Of a column that is not left out.
    const event::Column& shape_of(std::size_t place) const {
        return m_shape.columns[shape_place(place)];
    }
    /// Places in columns(), rising. Empty: the table has no key.
    const std::vector<std::size_t>& key() const { return m_key; }
    /// Where the table keeps rows of the past beside those of now: the place of the column that
    /// tells them apart.
    const std::optional<std::size_t>& row_end() const { return m_row_end; }
    /// `"db":"…","table":"…"`, and what tells another encoding
    const std::string& source_members() const { return m_source_members; }

    /// What rows have that are older than the column: an exact value as JSON.
    void set_old_rows(const std::string& column, std::string value);

    bool announced = false; ///< the table line of this shape was written on this connection
    event::ChangeCounts::Table* changes =
        nullptr; ///< where its change lines are counted, when it is captured

private:
    explicit TablePlan(TableMap map);
    void refuse_old_fractions(const TableFacts& facts) const;
    void add_column(const TableMap::Column& source, const TableFacts& facts, bool hidden,
                    SourceLookup& lookup);
    void write_source_members();
    void find_row_end(const TableFacts& facts);
    std::vector<std::size_t> long_key(const TableFacts& facts) const;
    void choose_key(const TableFacts& facts);
    void check_key_edit(const Column& column) const;
    void check_row_edits() const;
    std::size_t shape_place(std::size_t place) const;

    bool m_captured = false;
    bool m_of_catalog = false;
    TableMap m_map;
    RowLayout m_layout;
    event::Table m_shape;
    std::string m_version;
    std::vector<Column> m_columns;
    event::ColumnEdits m_edits;
    event::Encoding m_encoding = event::Encoding::exact;
    std::vector<std::size_t> m_key;
    std::optional<std::size_t> m_row_end;
    std::string m_source_members;
};

/// `{"id":7}`, the columns of the key; `null` when the table has none. A column that `row` lacks is
/// taken from `other`. Throws Error (bad_data) naming the column, as the next one.
void append_key(std::string& out, const TablePlan& plan, const std::vector<Cell>& row,
                const std::vector<Cell>* other);

/// All columns that have a value in `row`, or else in `other` (null: there is none); the places of
/// those that have none are put into `missing`. A partial JSON value is applied to that of `other`.
void append_row(std::string& out, const TablePlan& plan, const std::vector<Cell>& row,
                const std::vector<Cell>* other, std::vector<std::size_t>& missing);

} // namespace cdc::mysql

#endif
