#ifndef CDC_EVENT_FACTS_HPP
#define CDC_EVENT_FACTS_HPP

#include "event/table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the stored rows of a table depend on and no change line says: cdc-event(5), "Facts and
/// marks". Two of them, of one table at two positions, tell whether a copy that was right at the
/// first is right at the second.
namespace cdc::event {

/// A table that holds rows: the table itself, or a partition at any depth; and the partitioned
/// tables between, which hold none.
struct LeafFacts {
    std::uint32_t oid = 0;
    std::uint32_t storage = 0; ///< relfilenode; 0: holds no rows
    std::string xmin;          ///< transaction that wrote its row of the catalog
    std::string birth;         ///< transaction that made it
    char kind = 'r';           ///< 'r', 'p' (partitioned), 'f' (foreign)
    char persistence = 'p';    ///< 'p', 'u' (unlogged)
    /// "parent:xmin" of its place below the root, behind those of the partitioned tables above it
    /// where it is published as itself, with commas between; "": the root, or it needs no place.
    std::string under;
    std::string named{}; ///< transaction that gave it its name, schema or owner; "": not known
    std::uint32_t command = 0; ///< of `birth`, that made it
    /// Has storage of its own, and the transaction `xmin` wrote a column of it too: an ALTER TABLE,
    /// which may have rewritten rows.
    bool altered = false;
    /// Of `birth`, the last that gave it a place below the root; 0: none did. Not in lines.
    std::uint32_t placed = 0;

    friend bool operator==(const LeafFacts&, const LeafFacts&) = default;
};

/// A column that the stream carries.
struct ColumnFact {
    /// What rows older than the column have: nothing known of the kind, a value (JSON as in a
    /// change), or one that cannot be told.
    enum class Missing { none, value, unknown };

    int number = 0;
    std::string name;
    std::string type; ///< as in a table line
    std::uint32_t type_id = 0;
    std::int32_t modifier = -1;
    std::string generated;  ///< "", "s" (stored), "v" (virtual)
    std::string expression; ///< row version of a generated column's expression; "": none
    bool nullable = true;
    Missing missing = Missing::none;
    std::string missing_json; ///< Missing::value

    friend bool operator==(const ColumnFact&, const ColumnFact&) = default;
};

struct LabelFact {
    std::uint32_t oid = 0;
    std::string xmin; ///< moves when it is renamed, there and back too
    std::string label;
    std::uint32_t command = 0; ///< of `xmin`

    friend bool operator==(const LabelFact&, const LabelFact&) = default;
};

struct AttributeFact {
    int number = 0;
    std::uint32_t type = 0;    ///< 0: it was dropped
    std::string xmin{};        ///< moves when it is dropped or renamed
    std::uint32_t command = 0; ///< of `xmin`

    friend bool operator==(const AttributeFact&, const AttributeFact&) = default;
};

/// A type made by users, below the type of a column at any depth.
struct TypeFacts {
    std::uint32_t oid = 0;
    char kind = 0;                         ///< pg_type.typtype: 'b', 'c', 'd', 'e', 'm', 'r'
    std::string version;                   ///< row versions of an enum's labels
    std::vector<LabelFact> labels;         ///< 'e', by oid
    std::vector<AttributeFact> attributes; ///< 'c', by number, with those that were dropped
    std::uint32_t base = 0;                ///< of a domain, an array, a range; 0: none
    std::int32_t modifier = -1;            ///< of a domain
    std::string born{}; ///< transaction that gave it its name, schema or owner; "": not known

    friend bool operator==(const TypeFacts&, const TypeFacts&) = default;
};

struct PublicationFacts {
    std::uint32_t oid = 0;
    std::string version;    ///< of its row
    std::string operations; ///< of "iudt"
    std::string entry;      ///< "oid:xmin" of what makes the table part of it; "": FOR ALL TABLES
    std::string columns;    ///< the column list; "": all
    std::string filter;     ///< hash of the row filter; "": none
    /// Transaction that moved the table to its schema, where that makes it part of it; "": else.
    std::string joined{};
    std::uint32_t listed = 0; ///< command of `entry`. Not in lines
    std::uint32_t moved = 0;  ///< command of `joined`. Not in lines

    friend bool operator==(const PublicationFacts&, const PublicationFacts&) = default;
};

struct KeyFacts {
    std::uint32_t constraint = 0;
    std::vector<int> columns; ///< numbers
    bool immediate = true;    ///< not DEFERRABLE
    bool valid = true;

    friend bool operator==(const KeyFacts&, const KeyFacts&) = default;
};

/// Members of a checkpoint: the digest of the facts that stand before it.
inline constexpr char kFactsMember[] = "facts";
/// And `Facts::xid` of the last look that found them.
inline constexpr char kFactsXidMember[] = "facts_xid";
/// And the order at which the facts of all tables were put out last: a table of the stream without
/// facts at or above it has left the capture.
inline constexpr char kFactsOrderMember[] = "facts_order";

/// Of one table at one position. `schema` and `table` stand in the line's source.
struct Facts {
    std::string schema;
    std::string table;
    std::uint32_t oid = 0;
    std::string xid; ///< this look could see all transactions before it, 64 bits
    /// `xid` of the stream's look before this one, or of its slot where the table was made later;
    /// "": this is the first one.
    std::string since;
    std::string slot;   ///< of the stream; "": of none
    bool empty = false; ///< the table is known to hold no rows
    bool gone = false;  ///< the table left the capture; nothing else is told
    /// Partitions of which the stream had rows under this name and this look does not show, or the
    /// other way round; the table itself, where another one had its name or it another name.
    std::vector<std::uint32_t> lost;
    /// Labels of enums with which rows of the stream came and that this look does not show.
    std::vector<std::string> renamed_labels{};
    /// Tables and partitions that the transaction which made them filled before it attached them,
    /// or before it made them part of the publication; those that it wrote anew behind a truncate.
    std::vector<std::uint32_t> filled{};
    int width = 0;                   ///< highest number that a column ever had; 0: not known
    std::vector<LeafFacts> leaves;   ///< by oid
    std::vector<ColumnFact> columns; ///< by number
    std::vector<TypeFacts> types;    ///< by oid
    PublicationFacts publication;
    std::optional<KeyFacts> key; ///< the primary key

    friend bool operator==(const Facts&, const Facts&) = default;
};

/// Rows may have changed without change lines.
struct Mark {
    enum class Kind {
        stale,    ///< they have
        unproven, ///< nothing proves that they have not
    };
    Kind kind = Kind::stale;
    std::string why; ///< for people

    friend bool operator==(const Mark&, const Mark&) = default;
};

/// What old rows have in a column stays true when the table is written anew, and the catalog
/// forgets it: takes it over from earlier facts of the same table. False: there is nothing to take
/// over.
bool keep_missing(Facts& facts, const Facts& before);

/// What old rows have in the column, as JSON; "": not known. `column` of a table line.
std::string missing_value(const Facts& facts, const Column& column);

/// Appends the object; `parse_facts` reads it, without schema and table. Throws Error (bad_data).
void append_facts(std::string& out, const Facts& facts);
Facts parse_facts(std::string_view facts_json);

void append_mark(std::string& out, const Mark& mark);
Mark parse_mark(std::string_view mark_json);

/// Appends a line, `source_json` being as for append_table_line().
void append_facts_line(std::string& out, const Facts& facts, std::string_view source_json,
                       std::int64_t ts_ms);
void append_mark_line(std::string& out, const Mark& mark, std::string_view source_json,
                      std::int64_t ts_ms);

/// What a checkpoint line says of the facts of all tables, in any order of them: 16 hex digits.
/// `xid`, `since`, `slot`, `empty`, `lost`, `renamed_labels` and `filled` do not count: they are of
/// the look.
std::string facts_digest(const std::vector<Facts>& tables);

} // namespace cdc::event

#endif
