#ifndef CDC_TRANSFORM_INPUT_TABLE_HPP
#define CDC_TRANSFORM_INPUT_TABLE_HPP

#include "cdc-transform/column_types.hpp"
#include "cdc-transform/frozen.hpp"
#include "cdc-transform/state.hpp"
#include "duckdb/appender.hpp"
#include "event/facts.hpp"
#include "event/line_decoder.hpp"
#include "views/bind.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cdc::transform {

/// What the view file's TYPE says of a column, "" for nothing.
using DeclaredTypes = std::function<std::string(const StoredTable&, const std::string& column)>;

/// What the view file's KEEP says of a table: rows whose column is below the cut's commit time less
/// the interval are none.
struct KeptTime {
    std::string column;
    std::string interval;
};
using KeptTimes = std::function<std::optional<KeptTime>(const StoredTable&)>;

/// Whether a line was written by a snapshot.
bool is_of_snapshot(const event::Source& source);

/// One table of the source in the state: its rows as of the last cut, each with its order, and the
/// lines since then.
///
///     cdc.tN        rows: c0, c1, … (the columns), ord
///     cdc.gN        keys of deleted rows: their key columns, ord, and when (a cut's commit time)
///     cdc.pN        lines of a snapshot that has not ended: as stageN
///     stageN        lines since the last cut: seq, op, ord, missing, and the columns as text
///     deltaN        at a cut: the last state of each key that changed: columns, ord, gone
///     in_N          what views read: the rows under the columns' own names
///     changed_in_N  at a cut: rows as they were and as they will be, as in_N has them
///
/// A table without key is a bag: deltaN has distinct rows and by how much their number changes
/// ("cdc n"). Deleted keys are forgotten a day of the log later: what comes late comes by then.
class InputTable {
public:
    /// Makes the engine's tables that are not there. Throws Error.
    InputTable(duckdb::Connection& connection, StoredTable stored, DeclaredTypes declared,
               KeptTimes kept);

    const event::Table& shape() const { return m_stored.shape; }
    const StoredTable& stored() const { return m_stored; }
    /// As views name it: `schema.table`, or `input.schema.table`.
    std::string full_name() const;
    bool is_bag() const { return m_keys.empty(); }
    std::vector<std::string> key() const; ///< names

    /// A line of op c, u, d, t, r. Throws Error (bad_data).
    void take(const event::DecodedLine& line);
    /// What makes its rows differ from the source's since the last facts.
    std::optional<event::Mark> take_facts(const event::DecodedLine& line);
    void begin_snapshot(event::Order order, bool whole);
    void end_snapshot(event::Order order, bool whole);
    /// A table line of this order has come. True: reshape() is due. An older shape, of a table line
    /// that comes again or out of another partition, is that of the lines behind it alone.
    bool take_shape(const event::Table& shape, event::Order order);
    /// Whether a change of this order, behind a table line of an older shape, shows that the table
    /// has that shape again. Then older_shape() is the one to reshape() to.
    bool has_older_shape_again(event::Order order) const;
    const event::Table& older_shape() const { return m_older->shape; }
    /// Whether the lines that come now are of an older shape with another key, and what the rows
    /// get where these lines count: that key beside all their columns. Throws Error (bad_data).
    bool has_other_key() const;
    void take_older_key(bool in_order);
    void reshape(const event::Table& shape, bool in_order);
    /// Another table has its name from this order on. Its old rows end, and all of it is compared
    /// at the next cut. Its shape comes next.
    void replace_by(std::uint32_t oid, event::Order order, bool snapshot);
    /// The columns' values stay what they are; what views may do with them may be another thing.
    void set_collations(const std::map<std::string, std::string>& collations);
    /// Of a state: whether TYPE gives a column another type than it has, and the rows that type.
    bool has_other_types();
    void retype();
    void assume_whole();
    /// What the state keeps of it is written at the next cut.
    void touch() { m_touched = true; }
    void add_columns(std::vector<views::Column>& out) const;

    /// Whether its rows are the source's at a cut of this order.
    bool current_at(event::Order cut) const;
    /// Lines since the last cut.
    std::uint64_t staged() const { return m_staged; }
    /// Whether a cut of this order and commit time has anything to do.
    bool touched(event::Order cut, std::int64_t commit_ts_ms) const;
    /// Whether all rows of views that read it may be others: its columns changed.
    bool reshaped() const { return m_reshaped; }
    /// What KEEP says of it.
    std::optional<KeptColumn> kept_column() const;
    /// Rows that were older than KEEP lets them be when they came, at the cut under way.
    std::uint64_t late_changes() const { return m_late; }

    /// At a cut, in its transaction: deltaN and changed_in_N are made; then the rows become the new
    /// ones; then all is as after a cut. False: no row changes.
    /// `by_marks`: changes of a table come in their order, and may come again out of a topic.
    bool prepare(event::Order cut, std::int64_t commit_ts_ms, bool by_marks);
    void apply(std::int64_t commit_ts_ms);
    void finish(State& state);
    /// At a cut of another input: shape and columns of the stored rows are kept together, the rest
    /// as it was at the last cut of its own, from which lines come again.
    void keep(State& state) const;

    std::string changed() const { return "changed_" + relation_name(); }
    /// What views read: an engine's view of the rows under the columns' own names.
    std::string relation_name() const { return "in_" + m_id; }

private:
    /// The shape of lines that are older than the table's.
    struct OlderShape {
        event::Table shape;
        std::unordered_map<std::string, std::size_t> places; ///< by name; that of no column: gone
        std::vector<std::string> names; ///< of the table's columns; "": younger ones
    };

    void read_shape();
    bool has_key_of(const event::Table& other) const;
    std::size_t place_of(const event::Field& field, std::size_t guess);
    void fill_younger(std::size_t& found);
    std::string_view value_before(const event::Image& before, std::size_t column);
    void make_tables();
    void make_relation();
    std::string lines_table(const std::string& name) const;
    duckdb::Appender& stage();
    duckdb::Appender& snapshot();
    void append(duckdb::Appender& appender, const event::DecodedLine& line,
                const event::Image& image, char op);
    void note_truncate(const event::Source& source);
    void find_values(const event::DecodedLine& line, const event::Image& image, bool key_only);
    void close_appenders();
    bool snapshot_due(event::Order cut) const;
    event::Order merge_snapshot();
    void prepare_keyed(event::Order voided);
    void prepare_bag(event::Order voided, bool by_marks);
    std::string lines_of_bag(bool by_marks) const;
    void drop_old();
    void count_late(const std::string& rows, const std::string& time);
    void make_changed();
    void read_kept_time();
    bool old_due(std::int64_t commit_ts_ms) const;
    std::string too_old(const std::string& value) const;
    void apply_bag();
    void apply_staged(bool in_order);
    void drop_lines();
    void move_lines(const std::string& name, const std::vector<std::size_t>& from) const;
    void move_rows(const std::vector<std::size_t>& from, const std::vector<StoredColumn>& before,
                   bool same_key);
    void replace_rows(const std::string& values, const std::string& keys);
    bool has_other_type(std::size_t column) const;
    std::string default_text(std::size_t column) const;
    std::string new_value(std::size_t column) const;
    std::string columns(const std::string& prefix) const;
    std::string typed_columns() const;
    std::string keys(const std::string& prefix) const;
    std::string keys_equal(const std::string& a, const std::string& b) const;
    std::string named_columns() const;

    duckdb::Connection& m_connection;
    StoredTable m_stored;
    StoredTable m_at_cut;                  ///< as the last cut left it
    std::vector<std::string> m_types_held; ///< as has_other_types() found them
    DeclaredTypes m_declared;
    KeptTimes m_kept;
    std::string m_id;
    std::vector<StoredColumn> m_columns;
    std::vector<std::size_t> m_keys; ///< places of the key's columns, in the key's order
    std::unordered_map<std::string, std::size_t> m_places; ///< by name, escaped as lines have it
    std::optional<OlderShape> m_older;                     ///< that of the lines that come now
    std::vector<std::string_view> m_values;                ///< of one line, kept for their memory
    std::string m_missing;
    std::string m_scratch;
    std::unique_ptr<duckdb::Appender> m_stage;    ///< there is a stageN
    std::unique_ptr<duckdb::Appender> m_snapshot; ///< into cdc.pN
    std::int64_t m_seq = 0;
    std::uint64_t m_cuts = 0; ///< that changed rows
    std::optional<KeptTime> m_kept_time;
    std::size_t m_time_column = 0;
    std::int64_t m_kept_ts_ms = 0; ///< commit time of the cut that looked for old rows last
    std::uint64_t m_staged = 0;
    event::Order m_highest_staged; ///< of changes, without rows of snapshots
    std::uint64_t m_late = 0;
    std::vector<bool> m_unfilled; ///< columns that the log did not carry in some staged line
    event::Order m_truncated_at;  ///< since the last cut
    bool m_passing = false;       ///< rows of a snapshot that is stored already
    bool m_merged = false;        ///< a snapshot, in the cut under way
    bool m_reshaped = false;
    bool m_touched = false; ///< what the state keeps of it is to be written
};

} // namespace cdc::transform

#endif
