#ifndef CDC_MYSQL_CHANGE_BUILDER_HPP
#define CDC_MYSQL_CHANGE_BUILDER_HPP

#include "event/change_writer.hpp"
#include "event/table_filter.hpp"
#include "mysql/binlog_event.hpp"
#include "mysql/gtid_set.hpp"
#include "mysql/position.hpp"
#include "mysql/rows_event.hpp"
#include "mysql/statement.hpp"
#include "mysql/statement_effects.hpp"
#include "mysql/table_plan.hpp"
#include "mysql/transaction_payload.hpp"
#include "mysql/xa_rows.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdc::mysql {

/// Events of one connection to lines of cdc-event(5). No sockets: what the log does not say comes
/// from a SourceLookup. No allocation per row once the buffers have grown.
///
/// A change's order: the epoch, the place of the transaction's first event (its GTID event), and
/// its index among the row changes of the transaction, before any filter: 1 for an insert, a delete
/// and a truncated table, 2 for an update (its key may change, and then it is two lines).
class ChangeBuilder {
public:
    struct Settings {
        std::string name;     ///< source.name
        std::string database; ///< the only one that is captured; "": all
        bool mariadb = false;
        std::uint16_t epoch = 0;
        bool by_gtid = false;       ///< the server leaves out what stands before the start
        bool checksum = false;      ///< of the events before the first format description
        bool transactions = false;  ///< lines at begin and end, and a member in each change
        event::ColumnEdits edits{}; ///< of columns, before their values become lines
        event::Encoding encoding = event::Encoding::exact; ///< of the values
        bool minimal_metadata = false; ///< names that the log lacks are taken from the catalog
    };
    /// `lookup` must outlive the builder.
    ChangeBuilder(Settings settings, event::TableFilter filter, SourceLookup& lookup,
                  Position start);

    /// What `ts_ms` says from now on.
    void set_time(std::int64_t now_ms) { m_writer.set_time(now_ms); }
    /// The transactions before the start, to which those that are read are added. Where they are
    /// not known they are learnt from the front of a file.
    void set_gtids(const std::optional<std::string>& text);
    /// Transactions that begin before this place in the order, and those with these global ids, are
    /// read only for what is prepared in them: their lines were written before.
    void set_emitted(std::uint64_t order_position, const std::optional<std::string>& gtids);
    /// Of statements before the start, and before position().
    void set_effects(StatementEffects effects) { m_effects = std::move(effects); }
    const StatementEffects& effects() const { return m_effects; }

    /// Appends the lines of one event. Throws Error, which names table and position: bad_data, or
    /// refused for what the source must not do; `out` is then as it was.
    void apply(std::string_view bytes, std::string& out);
    /// Appends table lines of tables that got columns and of which no change came since, once the
    /// stream has passed all that the catalog showed of them. Between transactions, as long as
    /// has_to_tell(). `may_ask`: the catalog, about tables that it was not asked about yet.
    void tell_columns(bool may_ask, std::string& out);
    bool has_to_tell() const { return !m_effects.unannounced.empty(); }

    /// The event was a compressed transaction, or the end of an XA transaction, the next part of
    /// which apply_more() takes; the bytes given to apply() must live until there is no more.
    bool has_more() const { return m_payload != nullptr || m_committed_xa != nullptr; }
    void apply_more(std::string& out);

    bool in_transaction() const { return m_in_transaction; }
    /// Everything before it was read whole: the end of the last transaction.
    const Position& position() const { return m_complete; }
    /// Where a stream must begin that goes on behind position(): there, or before the oldest XA
    /// transaction that is prepared now.
    ResumePoint resume_point() const;
    /// The place in the order before which all lines were written.
    std::uint64_t emitted() const;
    /// The global ids of those lines' transactions, as text; nothing when they are not known.
    std::optional<std::string> emitted_gtids() const;
    /// When the file of position() was made, seconds since 1970; 0: its description was not seen.
    std::uint32_t file_created() const { return m_file_created; }
    /// Executed before position(), as text; nothing when that is not known.
    std::optional<std::string> gtids() const;
    /// Whether all of these, as text, are among gtids().
    bool executed(const std::string& gtids) const;
    std::int64_t commit_ts_ms() const { return m_writer.commit_ts_ms(); }
    /// Change lines made so far.
    std::uint64_t changes() const { return m_writer.changes(); }
    /// The same, by table.
    event::ChangeCounts& changes_by_table() { return m_writer.changes_by_table(); }
    std::uint64_t transactions() const { return m_transactions; }
    std::uint64_t stale_tables() const { return m_writer.marks(); }

private:
    /// What is known of a table whatever its shape.
    struct TableState {
        const TablePlan* announced = nullptr; ///< of its last table line on this connection
        /// Where the log ended when the catalog was asked for names that the log lacks: what
        /// statements up to there did, it shows. 0: it was not asked.
        std::uint64_t names_from = 0;
        /// The columns that statements behind that table line have left.
        std::optional<std::vector<event::Column>> columns;
        bool columns_followed = true; ///< false: a statement since then was not understood
        /// Columns that statements behind that table line have added or renamed, folded; and
        /// whether that line is of another table, since one was renamed.
        std::set<std::string> named;
        bool renamed = false;
        bool certain = true; ///< false: that table line may be of a later, or of another table
        /// Generated columns and their expressions, once they were asked for.
        std::optional<std::map<std::string, std::string>> generated;
    };
    struct Shape {
        TablePlan plan;
        TableState* state = nullptr;
        std::uint64_t table_id =
            0; ///< of the log, when the catalog was asked about it; 0: it was not
    };

    /// What the catalog showed of a table when the log ended at `end`.
    struct ShapeNow {
        std::optional<TableMap> map;
        std::uint64_t end = 0;
    };

    void guarded(const Event& event, std::string& out);
    void apply_event(const Event& event, std::string& out);
    void rotate(const Event& event);
    bool stands_before_start(const Event& event);
    void executed_before(const Event& event);
    void begin_group(const Event& event, std::int64_t commit_ts_ms);
    std::string transaction_id(const Position& start) const;
    void end_transaction(std::string& out);
    Shape captured_shape(TableMap map);
    void refuse_hidden(const TablePlan& plan);
    void table_map(const Event& event);
    void look_again(const std::string& key, std::uint64_t table_id, TableMap map);
    void put_aside(const std::string& key);
    bool captures(const std::string& db, const std::string& table) const;
    TableState& state_of(const std::string& db, const std::string& table);

    // xa_transactions.cpp
    ResumePoint read_to() const;
    bool was_emitted(std::uint64_t start) const;
    void begin_xa();
    bool keep_xa(const Event& event);
    void xa_prepare(const Event& event, std::string& out);
    void xa_commit(std::string_view text, std::string& out);
    void xa_rollback(std::string_view text, std::string& out);
    void commit_xa(std::unique_ptr<XaRows> rows, std::string& out);
    void apply_committed_xa(std::string& out);

    // row_changes.cpp
    const Shape& described(std::uint64_t table_id) const;
    std::uint64_t count_changes(RowsEvent& rows, const TablePlan& plan);
    void rows(const Event& event, std::string& out);
    std::optional<RowsEvent::Kind> change_of_now(RowsEvent::Kind kind) const;
    void row(RowsEvent::Kind kind, std::uint64_t index, std::string& out);
    void refuse_generated(const Shape& shape) const;
    void key_change(std::uint64_t index, std::string& out);
    bool key_changed() const;
    void start_source(const TablePlan& plan, const Event& event);
    void announce(const Shape& shape, std::uint64_t index, std::string& out);
    void take_announced(const Shape& shape);
    std::string column_of_no_statement(const Shape& shape) const;
    void end_line(std::uint64_t index, char op, std::string& out);
    void append_missing(std::string& out) const;

    // alterations.cpp
    void alter(const Statement& statement, const std::string& current_db, std::string& out);
    void forget_dropped(const Statement& statement, const StatementEffects::TableName& table);
    std::string effect_on_rows(const Statement& statement, const std::string& db, std::string& out);
    std::string modified(const Statement& statement, std::vector<event::Column>& columns) const;
    std::string generated_anew(const Statement& statement, const std::string& db,
                               const std::vector<event::Column>& columns) const;
    bool became_bytes(const Statement& statement, const std::string& db) const;
    bool announce_added(const std::vector<ColumnDefinition>& with_values,
                        const StatementEffects::TableName& table,
                        const std::vector<event::Column>& columns, std::string& out);
    bool keep_constants(const std::vector<ColumnDefinition>& with_values,
                        const StatementEffects::TableName& table);
    void tell_shape(TableMap map, std::string& out);
    std::string column_that_came_back(const Statement& statement, const std::string& db);

    // edited_columns.cpp
    bool is_edited(const StatementEffects::TableName& table, const std::string& column) const;
    std::set<StatementEffects::TableName>
    names_of_table(const StatementEffects::TableName& table) const;
    bool edits_any(const StatementEffects::TableName& table, const TableMap& map) const;
    void follow_names(const std::vector<Statement::Name>& pairs);
    void check_renamed_columns(const Statement& statement,
                               const StatementEffects::TableName& table);
    void check_names_of_now(const TableMap& map) const;
    void check_edited(const TableMap& map);
    void check_catalog(const TableMap& map);
    void check_unseen(const Shape& shape) const;

    // statements.cpp
    void query(const Event& event, std::string& out);
    void need_group() const;
    void store_names(Statement& statement) const;
    bool is_temporary(const Statement& statement, std::uint32_t thread, const std::string& db,
                      const Event& event, std::string& out);
    void table_statement(const Statement& statement, const std::string& db, const Event& event,
                         std::string& out);
    void truncate(const std::string& db, const std::string& table, const Event& event,
                  std::string& out);
    void dropped(const std::string& db, const std::string& table, std::string_view what,
                 std::string& out);
    void drop_database(const std::string& db, std::string& out);
    void create(const Statement& statement, const std::string& db, std::string& out);
    void rename(std::vector<Statement::Name> tables, const std::string& db, std::string& out);
    void names_change(const std::string& db, const std::string& table, std::string& out);
    const Shape* shape_now(const std::string& db, const std::string& table);
    void undone(std::string_view what, std::string& out);
    void mark(const std::string& db, const std::string& table, std::string_view reason,
              std::string& out);
    void mark_in(const std::string& source, const std::string& db, const std::string& table,
                 std::string_view reason, std::string& out);
    void mark_at(std::uint64_t index, const std::string& db, const std::string& table,
                 std::string_view reason, std::string& out);

    // unlogged_statements.cpp
    void leave_out_temporary(Statement& statement, std::uint32_t thread,
                             const std::string& db) const;
    void refuse_rows(const Statement& statement, const std::string& db, std::string_view text);
    [[noreturn]] void refuse_statement(std::string_view reason, std::string_view text) const;
    bool is_table(const std::string& db, const std::string& table);
    std::string writes_further(TableNames names);
    std::string captured_behind(TableNames names);
    void refuse_unlogged(const Statement& statement, const std::string& db, std::string_view text,
                         Quoting quoting);

    Settings m_settings;
    event::TableFilter m_filter;
    SourceLookup* m_lookup;
    EventReader m_reader;
    LogCursor m_cursor;
    Position m_complete;
    bool m_before_start = false; ///< the stream began at the front of the start's file
    std::uint32_t m_file_created = 0;
    std::uint32_t m_cursor_created = 0; ///< of the file that is read
    bool m_gtids_known = false;
    GtidSet m_gtids;
    MariadbGtidList m_mariadb_gtids;
    std::unique_ptr<TransactionPayload> m_payload;

    std::unique_ptr<XaRows> m_xa; ///< of the XA transaction in work, before its XA PREPARE
    std::map<std::string, std::unique_ptr<XaRows>> m_prepared; ///< by xid
    std::unique_ptr<XaRows> m_committed_xa;                    ///< what apply_more() makes lines of
    std::uint64_t m_emitted_position = 0;
    bool m_knows_emitted_gtids = false;
    GtidSet m_emitted_gtids;
    MariadbGtidList m_emitted_mariadb_gtids;
    bool m_passes_over = false; ///< the lines of the transaction in work were written before

    /// By the bytes of their table maps, which are the same for all rows of one shape; and the maps
    /// in force by the log's number of the table.
    std::unordered_map<std::string, Shape> m_shapes;
    std::unordered_map<std::uint64_t, const Shape*> m_maps;
    std::size_t m_former_shapes = 0; ///< those whose names a statement may have changed
    std::unordered_map<std::string, TableState> m_states;
    StatementEffects m_effects;
    std::map<StatementEffects::TableName, ShapeNow> m_shapes_now; ///< of `unannounced` tables
    std::map<TableNames, std::string> m_writes_further;           ///< the catalog's answers
    std::map<StatementEffects::TableName, bool> m_is_table;

    bool m_in_transaction = false; ///< between BEGIN and its end
    bool m_in_group = false;       ///< behind a GTID event
    std::optional<Gtid> m_gtid;
    std::optional<MariadbGtid> m_mariadb_gtid;
    std::string m_gtid_json; ///< for lines: "uuid:5" in quotes, or null
    std::uint64_t m_event_start = 0;
    std::int64_t m_map_time = 0; ///< of the table map in work
    std::uint64_t m_group_start = 0;
    std::uint64_t m_transactions = 0;
    std::vector<const Shape*> m_written; ///< of which the transaction brought lines

    event::ChangeWriter m_writer;
    const TablePlan* m_in_work = nullptr;
    std::uint64_t m_row = 0; ///< of the event in work, from 0
    std::string m_source;    ///< of its lines, up to the row's number
    std::vector<Cell> m_before;
    std::vector<Cell> m_after;
    std::vector<std::size_t> m_missing;
};

} // namespace cdc::mysql

#endif
