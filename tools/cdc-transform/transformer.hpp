#ifndef CDC_TRANSFORM_TRANSFORMER_HPP
#define CDC_TRANSFORM_TRANSFORMER_HPP

#include "cdc-transform/figures.hpp"
#include "cdc-transform/input_table.hpp"
#include "cdc-transform/kept_view.hpp"
#include "cdc-transform/options.hpp"
#include "cdc-transform/outbox.hpp"
#include "cdc-transform/state.hpp"
#include "cdc-transform/view_order.hpp"
#include "event/line_decoder.hpp"
#include "event/table_filter.hpp"
#include "sources/executed_transactions.hpp"
#include "views/view_file.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::transform {

/// Lines into the state, and at each cut the views' changes into the outbox.
class Transformer {
public:
    /// `parking` may be null.
    Transformer(const Options& options, const views::ViewFile& file, State& state, Outbox& outbox,
                Figures& figures, Parking* parking);

    /// One line of an input, by its place in Options::named_inputs(). Throws Error.
    void take(std::size_t input, std::string_view line);
    /// Whether that line was a checkpoint: cut() before the next one, until none is due.
    bool cut_due() const { return m_cut.has_value(); }
    /// Of the cut that is due.
    const std::string& cut_line() const { return *m_cut; }
    /// Whether the lines up to a checkpoint that comes behind the one of the due cut can be of that
    /// cut as well: both are of one stream, and of no snapshot. What KEEP takes away goes by the
    /// time of each.
    bool can_leave_cut_for(std::string_view later) const;
    /// The due cut is not made: its lines are of the next one.
    void leave_cut() { m_cut.reset(); }
    /// All is committed and lies in the outbox when it returns, except a
    /// checkpoint line before which nothing changed, which is given to `pass` at once.
    void cut(const Outbox::Write& pass);

    /// Table lines of all views, for readers that begin with this run, and of those whose lines are
    /// sent again: with the columns that these have.
    std::string table_lines();
    /// The derived queries, for people.
    std::string explain();
    /// Whether tables have the shapes of the last cut, which check() needs.
    bool at_cut() const { return !m_transaction.has_value(); }
    /// Computes all views anew, as of the last cut, and says which differ; how many.
    int check();

    /// Whether a cut that failed can be attempted again by another one of these from its lines:
    /// rows of a snapshot that are there count once, but not those of a table without key.
    bool can_begin_again() const;

    /// Changes behind the last cuts.
    std::uint64_t left_over() const;

private:
    /// One of the pipes whose lines come here.
    struct Input {
        std::string name;
        event::LineDecoder decoder;
        /// Where the state stands in the stream itself; a snapshot beside it does not say.
        std::optional<event::Checkpoint> stream;
        /// The same of the source: `stream`, or what a mark in topics says; nothing where none
        /// does.
        std::optional<event::Checkpoint> source;
        /// Of it, once the stream goes on in a history of a higher epoch.
        std::optional<sources::ExecutedTransactions> has;
        bool goes_on = false;     ///< `has` was asked for
        bool was_read = false;    ///< lines of a snapshot came since the last checkpoint
        bool announced = false;   ///< the other history's first checkpoint was passed on
        bool only_passed = false; ///< the cut that is due says less than the state has
        event::Order position;    ///< lines of the log below it are in the state
        event::Order cut;         ///< the last
        bool by_marks = false;    ///< the last cut is a mark in topics
        std::uint64_t staged = 0;
        bool in_stream = false;            ///< changes of the stream came since its last checkpoint
        std::optional<std::string> beside; ///< checkpoint line that waits for the stream's next
        cli::Metric* changes = nullptr;    ///< of --input
        InputTable* last_table = nullptr;  ///< of last_source
        std::string last_source;
    };
    void make_inputs();
    const Input& input_of(const InputTable& table) const;
    bool is_own(const InputTable& table) const { return table.stored().input == m_in->name; }
    event::Order cut_of(const InputTable& table, event::Order cut) const;
    std::int64_t kept_ts_ms_of(const KeptView& view) const;
    void take_change(const event::DecodedLine& line);
    bool was_taken(const event::DecodedLine& line, const InputTable* table);
    bool from_topics() const { return m_in->stream && m_in->stream->kind == "kafka"; }
    /// Changes of a table: out of topics without marks they may come from several partitions.
    bool comes_in_order() const { return !from_topics() || m_in->by_marks; }
    void take_table(const event::DecodedLine& line);
    void take_snapshot(const event::DecodedLine& line);
    void set_cut(std::string_view line);
    void take_checkpoint(const event::DecodedLine& line);
    bool in_later_history(event::Order order);
    bool is_behind(const event::Checkpoint& checkpoint);
    void check_source(const event::Checkpoint& checkpoint,
                      const std::optional<event::Checkpoint>& source);
    void warn_of_mark(const event::DecodedLine& line);
    void warn_of_facts(const event::DecodedLine& line);
    void pass(const event::DecodedLine& line);
    bool wanted(const event::Source& source) const;
    InputTable* find_table(const event::Source& source);
    void begin_readers_anew(const InputTable& made);
    bool means(const KeptView& reader, const std::string& name, const std::string& full) const;
    InputTable& made_table(const event::DecodedLine& line, event::Table shape);
    void read_file(const views::ViewFile& file);
    void warn_of_types(const InputTable& table) const;
    void reshape(InputTable& table, const event::Table& shape);
    void unbind_views();
    void restore_views();
    void drop_views(CutStamp& stamp);
    ViewLines lines_of(const std::string& view, const std::string& columns) const;
    void open_transaction();

    bool touched(event::Order cut, std::int64_t commit_ts_ms) const;
    void bind_views(event::Order cut);
    std::vector<views::Relation> relations(event::Order cut, bool all,
                                           const KeptView& reader) const;
    std::vector<KeptColumn> kept_columns() const;
    bool inputs_ready(const KeptView& view, const std::vector<views::Relation>& ready) const;
    bool inputs_changed(const KeptView& view) const;
    void change_tables(const CutStamp& stamp, event::Order cut);
    void change_views(CutStamp& stamp);
    void count_rows(const KeptView& view, std::uint64_t before);
    void start_views(CutStamp& stamp, event::Order cut);
    void count_parked();
    std::int64_t check(KeptView& view);
    void end_cut(const event::Checkpoint& checkpoint, event::Order cut);
    bool says_position(const event::Checkpoint& checkpoint) const;
    CutStamp stamp_of(const event::Checkpoint& checkpoint) const;

    const Options& m_options;
    State& m_state;
    Outbox& m_outbox;
    Figures& m_figures;
    Parking* m_parking;
    event::TableFilter m_empty;
    event::TableFilter m_passed;
    std::vector<views::ColumnType> m_types; ///< of the view file
    DeclaredTypes m_declared;
    KeptTimes m_kept;
    KeptViews m_views;
    std::vector<StoredView> m_dropped; ///< at the next cut
    std::map<std::string, std::unique_ptr<InputTable>> m_tables;
    std::vector<std::unique_ptr<Input>>
        m_inputs;                     ///< those of the options, then others that the state has
    Input* m_in = nullptr;            ///< of the last line
    std::optional<std::string> m_cut; ///< its checkpoint line
    std::optional<duckdb::Transaction> m_transaction;
    std::int64_t m_kept_ts_ms = 0; ///< of the cut under way: never below that of an earlier one
    bool m_passed_lines = false;
    std::vector<const InputTable*> m_changed_tables; ///< of the cut under way
    std::vector<const KeptView*> m_changed_views;
    std::map<std::string, std::int64_t> m_written; ///< rows of views, in the cut under way
};

} // namespace cdc::transform

#endif
