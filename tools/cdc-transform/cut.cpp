// A cut: the tables' rows become those of the checkpoint, then the views' in the file's order.
#include "cdc-transform/transformer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "views/names.hpp"

#include <algorithm>
#include <utility>

namespace cdc::transform {

using event::Order;

/// Of a table at a cut of the input of the last line.
Order Transformer::cut_of(const InputTable& table, Order cut) const {
    return is_own(table) ? cut : input_of(table).cut;
}

/// By which FREEZE tells old rows of a view: that of the table whose KEEP it goes by.
std::int64_t Transformer::kept_ts_ms_of(const KeptView& view) const {
    const std::string frozen_by = view.frozen_by_table();
    for (const auto& [name, table] : m_tables) {
        if (table->relation_name() == frozen_by) {
            return m_cut && is_own(*table) ? m_kept_ts_ms
                                           : m_state.kept_ts_ms(table->stored().input);
        }
    }
    return 0;
}

CutStamp Transformer::stamp_of(const event::Checkpoint& checkpoint) const {
    CutStamp stamp;
    stamp.name = m_options.name;
    stamp.epoch = m_state.epoch();
    stamp.position =
        std::max(m_state.last_position() + 1, static_cast<std::uint64_t>(ms_since_2020()) * 1000);
    stamp.commit_ts_ms = !says_position(checkpoint)     ? m_state.kept_ts_ms(m_in->name)
                         : checkpoint.commit_ts_ms != 0 ? checkpoint.commit_ts_ms
                                                        : checkpoint.ts_ms;
    stamp.now_ms = base::now_ms();
    return stamp;
}

bool Transformer::touched(Order cut, std::int64_t commit_ts_ms) const {
    return m_passed_lines || m_transaction || !m_dropped.empty() ||
           std::any_of(m_tables.begin(), m_tables.end(),
                       [&](const auto& entry) {
                           return is_own(*entry.second) && entry.second->touched(cut, commit_ts_ms);
                       }) ||
           std::any_of(m_views.begin(), m_views.end(), [&](const auto& view) {
               return view->affected() || (!view->live() && !view->waits() &&
                                           inputs_ready(*view, relations(cut, false, *view)));
           });
}

/// What a view may read.
std::vector<views::Relation> Transformer::relations(Order cut, bool all,
                                                    const KeptView& reader) const {
    std::vector<views::Relation> out;
    for (const auto& [name, table] : m_tables) {
        if (!all && !table->current_at(cut_of(*table, cut))) {
            continue;
        }
        views::Relation relation;
        relation.name = table->full_name();
        relation.stored = table->relation_name();
        relation.key = table->key();
        table->add_columns(relation.columns);
        out.push_back(std::move(relation));
    }
    for (const auto& view : m_views) {
        if (view.get() == &reader) {
            break; // not itself: it may have the name of its table
        }
        if (view->live()) {
            out.push_back(view->relation());
        }
    }
    return out;
}

std::vector<KeptColumn> Transformer::kept_columns() const {
    std::vector<KeptColumn> out;
    for (const auto& [name, table] : m_tables) {
        if (std::optional<KeptColumn> column = table->kept_column()) {
            out.push_back(std::move(*column));
        }
    }
    return out;
}

/// Whether a name in FROM is of the relation of that whole name: written exactly so, or in another
/// case where no relation is.
bool Transformer::means(const KeptView& reader, const std::string& name,
                        const std::string& full) const {
    if (views::is_name_of(name, full, true) || !views::is_name_of(name, full, false)) {
        return views::is_name_of(name, full, true);
    }
    return std::none_of(m_tables.begin(), m_tables.end(),
                        [&](const auto& entry) {
                            return views::is_name_of(name, entry.second->full_name(), true);
                        }) &&
           view_before(m_views, reader, name) == nullptr;
}

bool Transformer::inputs_ready(const KeptView& view,
                               const std::vector<views::Relation>& ready) const {
    return std::all_of(view.named().begin(), view.named().end(), [&](const std::string& name) {
        if (const KeptView* before = view_before(m_views, view, name)) {
            return before->live(); // a table of that name will not do
        }
        return std::any_of(ready.begin(), ready.end(), [&](const views::Relation& relation) {
            return means(view, name, relation.name);
        });
    });
}

/// Whether something that it reads is another at the cut under way.
bool Transformer::inputs_changed(const KeptView& view) const {
    return std::any_of(view.named().begin(), view.named().end(), [&](const std::string& name) {
        return std::any_of(m_changed_tables.begin(), m_changed_tables.end(),
                           [&](const InputTable* table) {
                               return means(view, name, table->full_name());
                           }) ||
               std::any_of(
                   m_changed_views.begin(), m_changed_views.end(),
                   [&](const KeptView* other) { return means(view, name, other->view().name); }) ||
               std::any_of(m_tables.begin(), m_tables.end(), [&](const auto& entry) {
                   return is_own(*entry.second) && entry.second->reshaped() &&
                          means(view, name, entry.second->full_name());
               });
    });
}

void Transformer::drop_views(CutStamp& stamp) {
    for (const StoredView& stored : m_dropped) {
        const ViewLines view = lines_of(stored.name, stored.columns);
        m_state.keep_older_shape(stored.name, "", stamp.position, m_outbox.first_waiting());
        std::string lines;
        view.append_table(lines, stamp);
        view.append_truncate(lines, stamp);
        m_outbox.append(lines);
        m_state.connection().execute("DROP TABLE IF EXISTS " +
                                     duckdb::quoted_name("out_" + stored.name));
        m_state.forget_view(stored.name);
        m_state.keep_parked(stored.name, {});
        base::log::info("view {} is dropped", stored.name);
    }
    m_dropped.clear();
}

/// Also those that wait for their tables to be read: what is wrong in them is said before that.
void Transformer::bind_views(Order cut) {
    for (const auto& view : m_views) {
        if (view->bound()) {
            continue;
        }
        const std::vector<views::Relation> known = relations(cut, true, *view);
        if (inputs_ready(*view, known)) {
            view->bind(known, kept_columns());
        }
        if (view->live() && (!view->bound() || !view->fits())) {
            view->silence();
        }
    }
}

void Transformer::change_tables(const CutStamp& stamp, Order cut) {
    for (const auto& [name, table] : m_tables) {
        if (!is_own(*table)) {
            continue;
        }
        const bool rows = table->prepare(cut, m_kept_ts_ms, m_in->by_marks);
        for (const auto& view : m_views) {
            if (!view->live()) {
                continue;
            }
            if (table->reshaped() && view->reads(table->relation_name())) {
                view->recompute_whole();
            } else if (rows) {
                view->input_changed(table->relation_name());
            }
        }
        if (rows) {
            table->apply(stamp.commit_ts_ms);
        }
        m_changed_tables.push_back(rows ? table.get() : nullptr);
    }
    std::erase(m_changed_tables, nullptr);
}

void Transformer::change_views(CutStamp& stamp) {
    for (const auto& view : m_views) {
        if (!view->live()) {
            continue;
        }
        for (const InputTable* table : m_changed_tables) {
            view->input_changed(table->relation_name());
        }
        for (const KeptView* other : m_changed_views) {
            view->input_changed(other->stored());
        }
        if (!view->affected() || !view->compute(kept_ts_ms_of(*view))) {
            continue;
        }
        for (const auto& reader : m_views) {
            if (reader->live() && reader != view) {
                reader->input_changed(view->stored());
            }
        }
        view->apply(m_state);
        const std::uint64_t before = view->rows_written();
        view->write(m_outbox, stamp);
        count_rows(*view, before);
        m_changed_views.push_back(view.get());
    }
}

void Transformer::count_rows(const KeptView& view, std::uint64_t before) {
    m_written[view.view().name] += static_cast<std::int64_t>(view.rows_written() - before);
}

void Transformer::start_views(CutStamp& stamp, Order cut) {
    std::int64_t silent = 0;
    for (const auto& view : m_views) {
        if (view->live()) {
            continue;
        }
        const std::vector<views::Relation> ready = relations(cut, false, *view);
        if (!inputs_ready(*view, ready) || (view->waits() && !inputs_changed(*view))) {
            ++silent;
            continue;
        }
        view->bind(ready, kept_columns());
        const std::uint64_t before = view->rows_written();
        if (!view->start(m_outbox, stamp, m_state)) {
            ++silent;
            continue;
        }
        count_rows(*view, before);
        base::log::info("view {} begins with {} rows", view->view().name, view->rows_written());
    }
    m_figures.silent.set(silent);
}

void Transformer::cut(const Outbox::Write& pass_on) {
    const event::Checkpoint checkpoint = event::parse_checkpoint(*m_cut, "checkpoint line");
    const Order order = says_position(checkpoint) ? order_of(checkpoint) : m_in->cut;
    m_figures.behind.set(checkpoint.ts_ms);
    CutStamp stamp = stamp_of(checkpoint);
    const bool has_work = !m_in->only_passed && touched(order, stamp.commit_ts_ms);
    const std::string line = event::with_highest(
        *m_cut, Order::make(m_state.epoch(), has_work ? stamp.position : m_state.last_position(),
                            Order::kMaxIndex));
    if (!has_work) {
        end_cut(checkpoint, order);
        pass_on(line);
        pass_on("\n");
        return;
    }
    const std::int64_t started = base::steady_ms();
    open_transaction();
    m_kept_ts_ms = std::max(m_state.kept_ts_ms(m_in->name), stamp.commit_ts_ms);
    drop_views(stamp);
    bind_views(order);
    change_tables(stamp, order);
    change_views(stamp);
    start_views(stamp, order);
    for (const auto& view : m_views) {
        view->keep_parked(m_state);
        view->finish();
    }
    count_parked();
    for (const auto& [name, table] : m_tables) {
        if (!is_own(*table)) {
            table->keep(m_state);
            continue;
        }
        m_figures.late.add(static_cast<std::int64_t>(table->late_changes()));
        table->finish(m_state);
    }
    m_changed_tables.clear();
    m_changed_views.clear();
    const OutboxEnd end = m_outbox.sync(line);
    if (m_in->stream && says_position(checkpoint)) {
        m_state.forget_position(position_name(*m_in->stream, m_in->name));
    }
    m_state.keep_cut(position_name(checkpoint, m_in->name), line, stamp.position, end);
    m_state.keep_time(m_in->name, m_kept_ts_ms);
    m_transaction->commit();
    m_transaction.reset();
    m_passed_lines = false;
    if (checkpoint.kind != "kafka" && says_position(checkpoint)) {
        m_in->position = std::max(m_in->position, checkpoint.order);
    }
    if (const auto source = source_checkpoint(checkpoint); source && says_position(checkpoint)) {
        m_figures.position.set(static_cast<std::int64_t>(source->order.position()));
    }
    for (const auto& [view, written] : m_written) {
        m_figures.rows.add(written);
        m_figures.view_rows.of({view}).add(written);
    }
    m_written.clear();
    m_figures.cuts.add();
    m_figures.cut_rows.observe(static_cast<std::int64_t>(m_in->staged));
    m_figures.cut_seconds.observe(base::steady_ms() - started);
    end_cut(checkpoint, order);
}

void Transformer::count_parked() {
    std::size_t parked = 0;
    for (const auto& view : m_views) {
        parked += view->parked().size();
    }
    m_figures.parked.set(static_cast<std::int64_t>(parked));
}

void Transformer::end_cut(const event::Checkpoint& checkpoint, Order cut) {
    m_cut.reset();
    if (std::exchange(m_in->only_passed, false)) {
        m_in->announced = true;
        return;
    }
    m_in->staged = 0;
    m_in->was_read = false;
    m_in->in_stream = false;
    m_in->cut = std::max(m_in->cut, cut);
    if (!checkpoint.beside_stream()) {
        m_in->stream = checkpoint;
        m_in->source = source_checkpoint(checkpoint);
        m_in->goes_on = m_in->announced = false;
    }
    if (m_in->beside) {
        set_cut(*std::exchange(m_in->beside, std::nullopt));
    }
    if (!m_in->name.empty()) {
        m_figures.input_checkpoint.of({m_in->name}).set(checkpoint.ts_ms / 1000);
    }
}

std::string Transformer::explain() {
    std::string out;
    for (const auto& view : m_views) {
        const std::vector<views::Relation> known = relations(Order{}, true, *view);
        if (!inputs_ready(*view, known)) {
            out += fmt::format("view {}: a table that it reads is not in the state yet\n",
                               view->view().name);
            continue;
        }
        view->bind(known, kept_columns());
        out += view->explain(known);
    }
    return out;
}

/// How many rows differ. What is parked is said, and is no difference.
std::int64_t Transformer::check(KeptView& view) {
    const ParkedKeys& parked = view.parked();
    if (view.parked_whole()) {
        base::log::warning("view {} is parked, as it was: {}", view.view().name,
                           parked.begin()->second.words);
        return 0;
    }
    if (!view.live()) {
        return 0;
    }
    if (!parked.empty()) {
        base::log::warning("view {}: {} rows are parked, as they were", view.view().name,
                           parked.size());
    }
    try {
        return view.check(kept_ts_ms_of(view));
    } catch (const RowFailed& failure) {
        if (m_parking == nullptr && parked.empty()) {
            throw;
        }
        base::log::warning("view {} cannot be compared with its SELECT: {}", view.view().name,
                           failure.words());
        return 0;
    }
}

int Transformer::check() {
    int differing = 0;
    bind_views(Order{});
    for (const auto& view : m_views) {
        const std::int64_t rows = check(*view);
        if (rows > 0) {
            base::log::error("view {} differs from its SELECT in {} rows", view->view().name, rows);
            ++differing;
        }
    }
    m_figures.differing.set(differing);
    return differing;
}

} // namespace cdc::transform
