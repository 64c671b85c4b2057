#ifndef CDC_POSTGRES_RELATION_HPP
#define CDC_POSTGRES_RELATION_HPP

#include "base/error.hpp"
#include "event/change_counts.hpp"
#include "event/column_edits.hpp"
#include "event/table.hpp"
#include "postgres/facts.hpp"
#include "postgres/pgoutput.hpp"
#include "postgres/value.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::postgres {

inline constexpr char kConnector[] = "postgresql"; ///< source.connector; do not rename

/// What the catalog knows of a column and the stream does not say.
struct ColumnFacts {
    event::Column column;        ///< `key` is left 0
    ValueCodec codec;            ///< of a domain: its base type's
    bool in_primary_key = false; ///< matters under REPLICA IDENTITY FULL, where no key is sent
    /// Several columns may be it: it was renamed, or dropped and made anew, since.
    bool ambiguous = false;
    int dimensions = 0;    ///< of an array, as declared
    std::string collation; ///< a nondeterministic one; else ""
    /// By which the catalog may have it now, where they are others than the stream's.
    std::vector<std::string> other_names{};
};

/// A value read from the source because the log did not carry it.
struct FetchedValue {
    enum class State { value, null, gone } state = State::gone;
    std::string text;
};

/// Of a table, in the catalog.
struct NameNow {
    std::string schema;
    std::string table;
};

/// Questions that only the source itself can answer. Answers show the source as it is now.
class SourceLookup {
public:
    SourceLookup() = default;
    SourceLookup(const SourceLookup&) = delete;
    SourceLookup& operator=(const SourceLookup&) = delete;
    virtual ~SourceLookup() = default;

    /// Answers from now on must show what transaction `xid` did: its commit stands in the log
    /// before other sessions can see it. Asks nothing by itself.
    virtual void must_show(std::uint32_t xid) = 0;

    /// One for each column of the message, in its order. A column that the source no longer has in
    /// this form is nullable and not in the primary key.
    virtual std::vector<ColumnFacts> describe(const pgoutput::Relation& relation) = 0;

    /// By which the source has the table of this number; nothing: it is no more.
    virtual std::optional<NameNow> name_of(std::uint32_t table) = 0;

    /// The stream has passed a look that found `facts`. `moment` of the look; null: the facts were
    /// put out by an earlier run.
    virtual void passed(const std::shared_ptr<const FactsLook>& facts,
                        const LookMoment* moment) = 0;

    struct Condition {
        std::string_view column;
        std::string_view text;
    };
    /// The values of `columns` in the row that `key` identifies; all are gone when there is no
    /// such row, and when the table of this number is no more.
    virtual std::vector<FetchedValue> fetch(std::uint32_t table, const std::vector<Condition>& key,
                                            const std::vector<std::string_view>& columns) = 0;
};

/// Error (refused): the key of the table has a column that the stream does not carry, such as a
/// generated one before PostgreSQL 18, and the rest of it does not tell rows apart.
base::Error partial_key(const std::string& schema, const std::string& table);

/// A table of the stream, ready to write rows with: everything that is the same in each line is
/// spelled once.
class RelationPlan {
public:
    struct Column {
        std::string name;
        std::string member; ///< `"name":`
        ValueCodec codec;
        bool in_key = false;
    };

    /// A table that the filter leaves out: its rows are only counted.
    static RelationPlan skipped() { return {}; }
    /// Throws Error (refused) when `edits` leave out a column of the key, or give all rows one.
    RelationPlan(const pgoutput::Relation& relation, const std::string& database,
                 const std::vector<ColumnFacts>& facts, const event::ColumnEdits& edits = {});

    bool captured() const { return m_captured; }
    /// As in pgoutput::Relation.
    char identity() const { return m_identity; }
    /// Without columns from forget_columns() on.
    const event::Table& shape() const { return m_shape; }
    /// The table line is written: of many tables they are most of what a plan holds.
    void forget_columns() { std::vector<event::Column>{}.swap(m_shape.columns); }
    const std::string& version() const { return m_version; }
    const std::vector<Column>& columns() const { return m_columns; }
    /// Places in columns(), rising. Empty: the table has no key.
    const std::vector<std::size_t>& key() const { return m_key; }
    /// Columns of a row as the source sends it; columns() lacks those that are left out.
    std::size_t width() const { return m_width; }
    /// Where column `i` of columns() stands in such a row.
    std::size_t sent_place(std::size_t i) const { return m_edits.empty() ? i : m_edits[i].place; }

    /// Memory for one edited row.
    struct EditedRow {
        pgoutput::Tuple row;
        std::vector<std::string> texts;
    };
    /// A row as the source sent it, as columns() has it: columns left out and masked. `sent` itself
    /// where the table has no edits, else in `memory`; valid as long as both.
    const pgoutput::Tuple& edit(const pgoutput::Tuple& sent, EditedRow& memory) const;
    /// Masks one value of column `i` in place.
    void edit(std::size_t i, std::string& text) const;

    /// Columns that the catalog does not tell apart from others: it is ahead of the stream.
    const std::vector<std::string>& ambiguous() const { return m_ambiguous; }

    /// `"schema":"…","table":"…"`
    const std::string& source_members() const { return m_source_members; }

    /// Whether the table line of this shape was written on this connection.
    bool announced = false;

    /// Where its change lines are counted; nothing: the table is left out.
    event::ChangeCounts::Table* changes = nullptr;

private:
    RelationPlan() = default;

    struct ColumnEdit {
        std::size_t place = 0;
        event::ColumnEdits::Edit edit;
    };
    std::size_t m_width = 0;
    std::vector<ColumnEdit> m_edits; ///< by columns(); empty: none
    event::ColumnEdits m_masks;      ///< for its hash; empty where m_edits is

    bool m_captured = false;
    char m_identity = 0;
    event::Table m_shape;
    std::string m_version;
    std::vector<Column> m_columns;
    std::vector<std::size_t> m_key;
    std::string m_source_members;
    std::vector<std::string> m_ambiguous;
};

} // namespace cdc::postgres

#endif
