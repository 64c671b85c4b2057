#ifndef CDC_EVENT_TABLE_HPP
#define CDC_EVENT_TABLE_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

struct DecodedLine;

/// One column of a table line: cdc-event(5), "Table lines".
struct Column {
    std::string name;
    std::string type; ///< the source's full name for it: "numeric(12,2)", "integer"
    bool nullable = true;
    int number = 0; ///< the source's own number of it, kept when it is renamed; 0: not known
    int key = 0;    ///< place in the key from 1; 0: not part of it
    std::optional<int> precision;
    std::optional<int> scale;
    std::vector<std::string> labels; ///< of an enum, in their order
    std::string element;             ///< type of an array's elements
    bool generated = false;
    /// What rows have that are older than the column, as a value stands in a change; "": NULL, or
    /// the column is as old as the table.
    std::string default_json;
    std::string comment;

    friend bool operator==(const Column&, const Column&) = default;
};

/// The shape of a table; `db`, `schema` and `table` identify it.
struct Table {
    std::string db;
    std::string schema; ///< empty for MySQL
    std::string table;
    std::vector<Column> columns;
    std::uint32_t oid = 0; ///< PostgreSQL's own number of it; 0: not known
    /// Columns of which the source does not say what rows have that are older than the column.
    std::vector<std::string> unfilled{};
    std::string stale{}; ///< see shape_change.hpp; "": not
    /// By column, where the source takes texts as equal that differ in their bytes. It is not part
    /// of the version.
    std::map<std::string, std::string> collations{};

    /// For people: "schema.table", or "db.table" where there is no schema.
    std::string display_name() const;
    bool has_key() const;
};

/// Appends the canonical `columns` array.
void append_columns(std::string& out, const std::vector<Column>& columns);

/// First 16 hex digits of SHA-256 over the canonical columns: the same shape, the same version.
std::string shape_version(const std::vector<Column>& columns);

/// Those of a table as a JSON object; "" where it has none.
std::string collations_text(const Table& table);

/// Appends `{"table":{…},"source":SOURCE,"ts_ms":N}` and '\n'. `source_json` is a JSON object with
/// at least connector, db, schema, table and order.
void append_table_line(std::string& out, const Table& table, std::string_view source_json,
                       std::int64_t ts_ms);

/// Reads the value of a table line's "table" member. The identity is left empty: it comes from
/// the line's source. Throws Error (bad_data).
Table parse_table(std::string_view table_json, std::string& version);
Table parse_table(std::string_view table_json);
/// The table of a table line, with its identity. Throws Error (bad_data).
Table table_of(const DecodedLine& line);
std::vector<Column> parse_columns(std::string_view table_json, std::string& version);

} // namespace cdc::event

#endif
