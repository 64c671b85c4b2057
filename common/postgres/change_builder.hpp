#ifndef CDC_POSTGRES_CHANGE_BUILDER_HPP
#define CDC_POSTGRES_CHANGE_BUILDER_HPP

#include "event/change_writer.hpp"
#include "event/facts.hpp"
#include "event/order.hpp"
#include "event/table.hpp"
#include "event/table_filter.hpp"
#include "postgres/edited_columns.hpp"
#include "postgres/leaf_identities.hpp"
#include "postgres/pgoutput.hpp"
#include "postgres/relation.hpp"
#include "postgres/timeline.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cdc::postgres {

/// Messages of one connection to lines of cdc-event(5). No sockets: what the stream does not say
/// comes from a SourceLookup. No allocation per row once the buffers have grown.
///
/// The index in a change's order counts what the server sends, before any filter: 1 for an insert,
/// a delete, a message and each table of a truncate, 2 for an update (its key may change, and then
/// it is two lines; tables that the filter leaves out are not looked into).
class ChangeBuilder {
public:
    struct Settings {
        std::string name;                  ///< source.name
        std::string database;              ///< source.db
        bool check_utf8 = false;           ///< for databases whose encoding is SQL_ASCII
        bool transactions = false;         ///< lines at begin and end, and a member in each change
        std::vector<std::string> messages; ///< globs on prefixes; none: messages are passed by
        event::ColumnEdits edits;          ///< of columns, before their values become lines
    };
    /// `lookup` must outlive the builder.
    ChangeBuilder(Settings settings, event::TableFilter filter, Timelines timelines,
                  SourceLookup& lookup);

    /// What `ts_ms` says from now on.
    void set_time(std::int64_t now_ms) { m_writer.set_time(now_ms); }
    /// A standby was promoted while it was read: transactions that begin from now on may be of the
    /// new timeline.
    void set_timelines(Timelines timelines) { m_timelines = std::move(timelines); }

    /// Appends the lines of one message; `lsn` is its own position. Throws Error (bad_data), which
    /// names table and position; `out` is then as it was.
    void apply(const pgoutput::Message& message, Lsn lsn, std::string& out);

    /// Columns are held against what `edited`, which outlives this object, knows of earlier names.
    void watch(EditedColumns& edited) { m_edited = &edited; }

    /// See SourceLookup::passed(). Not within a transaction.
    void passed(const std::shared_ptr<const FactsLook>& facts, const LookMoment* moment);
    /// The table line of a table of which no row came in this shape, at `position`. Nothing where
    /// the catalog shows another table by now. Not within a transaction.
    void append_table(std::string& out, const pgoutput::Relation& relation, Lsn position) const;
    /// Facts of a table as they were at `position`, which is not below what apply() has seen.
    void append_facts(std::string& out, const event::Facts& facts, Lsn position) const;

    event::Order order_at(Lsn position) const {
        return event::Order::make(m_timelines.at(position), position, 0);
    }

    bool in_transaction() const { return m_writer.in_transaction(); }
    /// Of the transaction begun last; 0 before the first.
    std::int64_t commit_ts_ms() const { return m_writer.commit_ts_ms(); }
    /// Change lines made so far.
    std::uint64_t changes() const { return m_writer.changes(); }
    /// The same, by table.
    event::ChangeCounts& changes_by_table() { return m_writer.changes_by_table(); }
    /// Mark lines made so far.
    std::uint64_t marks() const { return m_writer.marks(); }

private:
    using Message = pgoutput::Message;
    using Tuple = pgoutput::Tuple;

    /// What the end of a line says of the change in work.
    struct Place {
        Lsn lsn;
        std::uint64_t index;
        char op;
    };

    void apply_any(const Message& message, Lsn lsn, std::string& out);
    void begin(const Message& message);
    void commit(const Message& message, std::string& out);
    void learn(const pgoutput::Relation& relation);
    void check_key(std::uint32_t id, const RelationPlan& plan) const;
    void keep_keyless(const pgoutput::Relation& relation, const RelationPlan& plan);
    RelationPlan& plan_of(std::uint32_t id);
    void need_transaction(const Message& message) const;
    std::string source_at(std::string_view schema, std::string_view table, Lsn position) const;

    // logical_message.cpp
    void logical_message(const Message& message, Lsn lsn, std::string& out);
    static void append_message(std::string& out, const Message& message);

    // row_changes.cpp
    void insert(const Message& message, Lsn lsn, std::string& out);
    void update(const Message& message, Lsn lsn, std::string& out);
    void remove(const Message& message, Lsn lsn, std::string& out);
    void truncate(const Message& message, Lsn lsn, std::string& out);

    /// Writes what must stand before a change of this table.
    void announce(RelationPlan& plan, std::uint64_t index, std::string& out);
    std::string why_stale(const RelationPlan& plan) const;
    const Tuple& completed(const RelationPlan& plan, char old_kind, const Tuple& old_row,
                           const Tuple& new_row);
    void append_old(std::string& out, const RelationPlan& plan, char old_kind,
                    const Tuple& old_row);
    void append_key_change(std::string& out, const RelationPlan& plan, const Message& message,
                           char old_kind, const Tuple& old_row, const Tuple& row,
                           const Place& place);
    void append_fetched(std::string& out, const RelationPlan& plan, const Message& message);
    void end_line(std::string& out, const RelationPlan& plan, const Place& place);

    Settings m_settings;
    event::TableFilter m_filter;
    Timelines m_timelines;
    SourceLookup* m_lookup;
    EditedColumns* m_edited = nullptr;
    std::unordered_map<std::uint32_t, RelationPlan> m_plans;
    /// Descriptions of tables that have no key, and whose identity does not say that they have
    /// none.
    std::unordered_map<std::uint32_t, pgoutput::OwnedRelation> m_keyless;
    std::shared_ptr<const FactsLook> m_seen;      ///< of the last look that was passed
    std::unordered_set<std::uint32_t> m_outdated; ///< of them: a look saw a key since
    LeafIdentities m_leaves;
    std::uint32_t m_last_id = 0;
    RelationPlan* m_last_plan = nullptr;
    const RelationPlan* m_in_work = nullptr;                ///< for messages
    std::unordered_map<std::uint32_t, std::string> m_names; ///< of tables in the last table lines

    event::ChangeWriter m_writer;
    std::string m_db_member;       ///< `"db":"…",`
    std::string m_source_start;    ///< of its changes, up to their own position in `sequence`
    std::string m_source_ids;      ///< `,"txId":N,"lsn":`
    Tuple m_row;                   ///< see completed()
    RelationPlan::EditedRow m_old; ///< of the change in work
    RelationPlan::EditedRow m_new;
    std::vector<std::size_t> m_missing; ///< columns without a value in the row written last
    std::vector<std::size_t> m_fetched; ///< of the line in work
    std::vector<std::size_t> m_gone;    ///< of the line in work
};

} // namespace cdc::postgres

#endif
