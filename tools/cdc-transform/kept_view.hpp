#ifndef CDC_TRANSFORM_KEPT_VIEW_HPP
#define CDC_TRANSFORM_KEPT_VIEW_HPP

#include "cdc-transform/frozen.hpp"
#include "cdc-transform/outbox.hpp"
#include "cdc-transform/parking.hpp"
#include "cdc-transform/state.hpp"
#include "cdc-transform/view_lines.hpp"
#include "duckdb/database.hpp"
#include "views/bind.hpp"
#include "views/derive.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::transform {

/// One view of the file, and its rows in the state (table out_NAME). At a cut, for the relations in
/// their order:
///
///     input_changed(relation)      before that relation's rows change, and again when all is new
///     compute()                    keys found, rows computed anew, difference to what is stored
///     input_changed() of readers   with changed_out_NAME
///     apply(), write()             rows become the new ones, lines go to the outbox
class KeptView {
public:
    /// `asking`: what asks for types of expressions, for one that fails ends its transaction.
    KeptView(duckdb::Connection& connection, duckdb::Connection& asking, const views::View& view,
             std::size_t place, const std::string& name);

    const views::View& view() const { return m_view; }
    /// Names in FROM that no CTE hides; its relations are among them.
    const std::vector<std::string>& named() const { return m_named; }
    /// The table of its rows, as views that read it name it.
    const std::string& stored() const { return m_stored; }
    /// As a relation that others read, once bound.
    views::Relation relation() const;

    /// Resolves its names against these relations. Throws views::Refused.
    void bind(const std::vector<views::Relation>& relations, const std::vector<KeptColumn>& kept);
    bool bound() const { return m_bound.has_value(); }
    void unbind() { m_bound.reset(); }
    /// Once bound: by its stored name.
    bool reads(const std::string& relation) const;
    /// The derived queries, for people, who know relations by these names.
    std::string explain(const std::vector<views::Relation>& relations) const;

    /// Whether it has its first rows, and they are current.
    bool live() const { return m_live; }
    /// Takes up the rows that the state has of it.
    void restore(const StoredView& stored);
    void restore_parked(ParkedKeys parked) { m_parked = std::move(parked); }
    /// Rows that cannot be computed are left out as it says. Without, and in check(), those of the
    /// state are.
    void set_parking(Parking* parking) { m_parking = parking; }
    const ParkedKeys& parked() const { return m_parked; }
    bool parked_whole() const { return m_parked.contains(kWholeView); }
    /// Parked whole before its first rows: it waits for a change of what it reads.
    bool waits() const { return m_waits; }
    void keep_parked(State& state);
    /// Its rows are computed whole at this cut, because it or a relation that it reads is another.
    void recompute_whole() { m_whole = true; }
    /// It begins anew with a snapshot of itself.
    void silence() { m_live = false; }
    /// Once bound: whether its columns are those of its stored rows.
    bool fits() const;

    /// The relation's changed rows are in changed_RELATION.
    void input_changed(const std::string& relation);
    bool affected() const { return m_whole || m_keys_made; }
    /// The table whose KEEP makes rows of this view rest (FREEZE), by its stored name; "": none.
    std::string frozen_by_table() const { return m_frozen ? m_frozen->kept.relation : ""; }
    /// False: no row changes. Throws Error (bad_data) where two rows have one key.
    /// `kept_ts_ms`: the commit time by which FREEZE tells old rows.
    bool compute(std::int64_t kept_ts_ms);
    void apply(State& state);
    /// Appends the lines of what compute() found.
    void write(Outbox& outbox, CutStamp& cut);
    /// Computes the first rows and appends them as a snapshot. False: it is parked.
    bool start(Outbox& outbox, CutStamp& cut, State& state);
    void finish();

    /// Computes all rows and compares; how many differ. Changes nothing.
    std::int64_t check(std::int64_t kept_ts_ms);

    std::uint64_t rows_written() const { return m_rows_written; }
    const ViewLines& lines() const { return *m_lines; }
    /// Appends its table line.
    void append_table_line(std::string& out, const CutStamp& cut) const;

private:
    void check_types() const;
    std::string normal_form() const;
    void keep(State& state);
    std::string found_by(const std::string& prefix) const;
    std::string same_key(const std::string& a, const std::string& b) const;
    std::string columns(const std::string& prefix) const;
    std::string temp(const char* what) const { return what + std::to_string(m_place); }
    bool is_bag() const { return !m_view.has_key; }
    void make_keys();
    std::string key_literal() const;
    void make_found();
    std::int64_t number_found() const;
    std::string select_of_found();
    void create_stored();
    /// What a value that cannot be computed is thrown as, by the engine's words.
    using Failure = std::function<RowFailed(const std::string& words)>;
    Failure failure(RowFailed::What what) const;
    Failure failure_of_rows(const KeyRange& range) const;
    void computing(const std::function<void()>& run, const Failure& failure) const;
    void create(const std::string& table, const std::string& select, const Failure& failure) const;
    void create_new(const std::string& select, const Failure& failure);
    bool is_keyed() const { return !m_view.full && !m_view.found_by().empty(); }
    const Parking::Attempt& attempt() const;
    bool is_narrowed(const ParkedKeys& left_out) const;
    bool make_new_rows(const ParkedKeys& left_out);
    void add_keys_tried_again();
    void leave_out_found(const std::string& words);
    [[noreturn]] void find_failing(const KeyRange& range);
    void find_tried(const KeyRange& places);
    bool other_key_passes(std::int64_t keys);
    RowFailed::What not_by_key() const {
        return m_whole ? RowFailed::What::view : RowFailed::What::found;
    }
    bool park_view();
    void note_parked(bool whole);
    void refuse_two_rows(const std::string& rows) const;
    void freeze_difference(std::int64_t kept_ts_ms);
    void make_difference(bool whole);
    void make_changed();
    void make_bag_difference(bool whole);
    event::Table describe(const std::string& select, std::vector<std::string>& types) const;
    void take_shape(const std::string& relation);
    const std::string* missing_key() const;
    void require_key() const;
    void write_rows(Outbox& outbox, CutStamp& cut, const std::string& sql, char op,
                    std::size_t before, std::size_t after);

    duckdb::Connection& m_connection;
    views::View m_view;
    std::size_t m_place; ///< in the file: of the names of temporary tables
    std::string m_db;    ///< of its lines
    std::string m_stored;
    views::Engine m_engine;
    std::vector<std::string> m_named;
    std::optional<views::BoundView> m_bound;
    std::optional<FrozenBy> m_frozen;                                  ///< once bound, with FREEZE
    std::map<std::string, std::vector<views::DerivedQuery>> m_derived; ///< by relation
    std::vector<std::string> m_columns;                                ///< quoted
    std::vector<std::string> m_types;                                  ///< the engine's
    std::unique_ptr<ViewLines> m_lines;
    Parking* m_parking = nullptr;
    ParkedKeys m_parked;   ///< whose rows are not what the SELECT gives
    ParkedKeys m_left_out; ///< by leave_out_found()
    bool m_parked_changed = false;
    bool m_waits = false;
    bool m_live = false;
    bool m_whole = false;
    bool m_keys_made = false;
    bool m_redefined = false; ///< the stored rows are of another text
    std::uint64_t m_rows_written = 0;
};

} // namespace cdc::transform

#endif
