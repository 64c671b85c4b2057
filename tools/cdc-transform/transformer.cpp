#include "cdc-transform/transformer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "views/names.hpp"

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using event::LineKind;

namespace {

template<typename T>
std::string identity(const std::string& input, const T& table) {
    return input + '\n' + table.db + '\n' + table.schema + '\n' + table.table;
}

/// "schema.table", or "db.table" where there is no schema.
template<typename T>
std::string_view space_of(const T& source) {
    return source.schema.empty() ? source.db : source.schema;
}

/// `table`, `space.table` or `input.space.table`
bool same_name(std::string_view text, std::string_view input, std::string_view space,
               std::string_view table) {
    const auto takes_end = [&text](std::string_view part) {
        if (text.size() <= part.size() || !text.ends_with(part) ||
            text[text.size() - part.size() - 1] != '.') {
            return false;
        }
        text.remove_suffix(part.size() + 1);
        return true;
    };
    return text == table ||
           (takes_end(table) && (text == space || (takes_end(space) && text == input)));
}

} // namespace

Transformer::Transformer(const Options& options, const views::ViewFile& file, State& state,
                         Outbox& outbox, Figures& figures, Parking* parking)
    : m_options{options}, m_state{state}, m_outbox{outbox}, m_figures{figures}, m_parking{parking},
      m_empty{options.empty, {}}, m_passed{options.pass, {}} {
    read_file(file);
    for (StoredTable& table : state.tables()) {
        const std::string name = identity(table.input, table.shape);
        m_tables[name] =
            std::make_unique<InputTable>(state.connection(), std::move(table), m_declared, m_kept);
        warn_of_types(*m_tables[name]);
        if (m_tables[name]->has_other_types()) {
            open_transaction(); // until the next cut
            m_tables[name]->retype();
        }
    }
    make_inputs();
    restore_views();
}

void Transformer::make_inputs() {
    const auto named = [this](const std::string& name) -> Input& {
        for (const auto& input : m_inputs) {
            if (input->name == name) {
                return *input;
            }
        }
        m_inputs.push_back(std::make_unique<Input>());
        m_inputs.back()->name = name;
        m_inputs.back()->changes = name.empty() ? nullptr : &m_figures.input_changes.of({name});
        return *m_inputs.back();
    };
    const bool asks = m_options.explain || m_options.check;
    for (const NamedInput& input : m_options.named_inputs()) {
        if (!asks || !m_options.inputs.empty()) {
            named(input.name);
        }
    }
    const std::size_t given = m_inputs.size();
    for (const bool beside : {false, true}) {
        for (const auto& [name, line] : m_state.positions()) {
            const event::Checkpoint checkpoint = event::parse_checkpoint(line, "state");
            Input& input = named(event::input_of_checkpoint(line));
            if (checkpoint.beside_stream() != beside || (beside && input.stream)) {
                continue;
            }
            const auto source = source_checkpoint(checkpoint);
            if (!beside) {
                input.stream = checkpoint;
                input.source = source;
            }
            input.cut = std::max(input.cut, order_of(checkpoint));
            if (checkpoint.kind != "kafka") {
                input.position = std::max(input.position, checkpoint.order);
            }
        }
    }
    for (const auto& [name, table] : m_tables) {
        named(table->stored().input);
    }
    if (!m_inputs.empty()) {
        m_in = m_inputs.front().get();
    }
    for (std::size_t i = given; i < m_inputs.size() && !asks; ++i) {
        const std::string& name = m_inputs[i]->name;
        if (name.empty() || m_options.inputs.empty()) {
            throw Error{ExitCode::refused,
                        fmt::format("the state {} was made {}", in_quotes(m_options.state),
                                    name.empty() ? "without --input" : "with --input " + name),
                        "Go on as it was made, or with a state of its own."};
        }
        base::log::warning(
            "the state has input {}, which is not given: its tables stay as they are", name);
    }
}

const Transformer::Input& Transformer::input_of(const InputTable& table) const {
    return **std::find_if(m_inputs.begin(), m_inputs.end(),
                          [&](const auto& input) { return input->name == table.stored().input; });
}

std::uint64_t Transformer::left_over() const {
    std::uint64_t staged = 0;
    for (const auto& input : m_inputs) {
        staged += input->staged;
    }
    return staged;
}

void Transformer::restore_views() {
    const std::vector<std::string>& dropped = m_options.drop_views;
    const auto find = [this](const std::string& name) {
        return std::find_if(m_views.begin(), m_views.end(),
                            [&](const auto& view) { return view->view().name == name; });
    };
    for (const std::string& name : dropped) {
        if (find(name) != m_views.end()) {
            throw Error{ExitCode::usage,
                        fmt::format("--drop-view {}: the view is in the file", name),
                        "Take it out of the file first."};
        }
    }
    for (const auto& view : m_views) {
        view->restore_parked(m_state.parked(view->view().name));
    }
    count_parked();
    for (StoredView& stored : m_state.views()) {
        const auto found = find(stored.name);
        if (found != m_views.end()) {
            (*found)->restore(stored);
        } else if (std::find(dropped.begin(), dropped.end(), stored.name) != dropped.end()) {
            m_dropped.push_back(std::move(stored));
        } else {
            base::log::warning("view {} is not in the file any more: its rows stay where they were "
                               "written to, until --drop-view {}",
                               stored.name, stored.name);
        }
    }
}

/// TYPE of a column that the table does not have: it may be dropped, or another one is meant.
void Transformer::warn_of_types(const InputTable& table) const {
    const std::vector<event::Column>& columns = table.shape().columns;
    for (const views::ColumnType& type : m_types) {
        if (same_name(type.table, table.stored().input, space_of(table.shape()),
                      table.shape().table) &&
            std::none_of(columns.begin(), columns.end(),
                         [&](const event::Column& column) { return column.name == type.column; })) {
            base::log::warning("{}:{}: TYPE {}.{}: table {} has no column {}", m_options.views,
                               type.line, type.table, type.column, table.full_name(),
                               in_quotes(type.column));
        }
    }
}

void Transformer::read_file(const views::ViewFile& file) {
    m_types = file.types;
    m_declared = [types = file.types](const StoredTable& table, const std::string& column) {
        for (const views::ColumnType& type : types) {
            if (type.column == column &&
                same_name(type.table, table.input, space_of(table.shape), table.shape.table)) {
                return type.type;
            }
        }
        return std::string{};
    };
    m_kept = [keeps = file.keeps](const StoredTable& table) -> std::optional<KeptTime> {
        for (const views::Keep& keep : keeps) {
            if (same_name(keep.table, table.input, space_of(table.shape), table.shape.table)) {
                return KeptTime{keep.column, keep.interval};
            }
        }
        return std::nullopt;
    };
    for (const views::View& view : file.views) {
        m_views.push_back(std::make_unique<KeptView>(m_state.connection(), m_state.asking(), view,
                                                     m_views.size(), m_options.name));
        m_views.back()->set_parking(m_parking);
    }
    check_order(m_views);
}

bool Transformer::can_begin_again() const {
    return std::none_of(m_tables.begin(), m_tables.end(), [](const auto& entry) {
        return entry.second->is_bag() && entry.second->stored().reading;
    });
}

bool Transformer::wanted(const event::Source& source) const {
    return std::any_of(m_views.begin(), m_views.end(), [&](const auto& view) {
        return std::any_of(
            view->named().begin(), view->named().end(), [&](const std::string& name) {
                return same_name(views::folded(name), views::folded(m_in->name),
                                 views::folded(space_of(source)), views::folded(source.table));
            });
    });
}

InputTable* Transformer::find_table(const event::Source& source) {
    std::string name = identity(m_in->name, source);
    if (name != m_in->last_source) {
        const auto found = m_tables.find(name);
        m_in->last_table = found == m_tables.end() ? nullptr : found->second.get();
        m_in->last_source = std::move(name);
    }
    return m_in->last_table;
}

void Transformer::open_transaction() {
    if (!m_transaction) {
        m_transaction.emplace(m_state.connection());
    }
}

void Transformer::pass(const event::DecodedLine& line) {
    if (m_options.pass.empty() || !m_passed.matches(space_of(line.source), line.source.table)) {
        return;
    }
    m_outbox.append(line.raw);
    m_outbox.append("\n");
    m_passed_lines = true;
}

void Transformer::take(std::size_t input, std::string_view text) {
    m_in = m_inputs[input].get();
    const event::DecodedLine& line = m_in->decoder.decode(text);
    switch (line.kind) {
    case LineKind::change:
        take_change(line);
        return;
    case LineKind::table:
        take_table(line);
        return;
    case LineKind::snapshot:
        take_snapshot(line);
        return;
    case LineKind::checkpoint:
        take_checkpoint(line);
        return;
    case LineKind::mark:
        warn_of_mark(line);
        pass(line);
        return;
    case LineKind::facts:
        warn_of_facts(line);
        pass(line);
        return;
    case LineKind::transaction: // its counts do not hold any more
    case LineKind::tombstone:   // behind its d
        return;
    case LineKind::dead_letter:
        throw Error{ExitCode::bad_data, "a dead letter in the input: a change is missing"};
    }
}

void Transformer::take_change(const event::DecodedLine& line) {
    if (line.op == 'm') {
        pass(line);
        return;
    }
    InputTable* table = find_table(line.source);
    if (line.op != 'r' && was_taken(line, table)) {
        m_figures.replayed.add();
        return;
    }
    pass(line);
    if (table == nullptr) {
        if (wanted(line.source)) {
            throw Error{ExitCode::bad_data, fmt::format("a change of {}.{} before its table line",
                                                        space_of(line.source), line.source.table)};
        }
        return;
    }
    if (table->has_older_shape_again(line.source.order)) {
        const event::Table shape = table->older_shape();
        table->take_shape(shape, line.source.order);
        reshape(*table, shape);
    } else if (table->has_other_key()) {
        open_transaction();
        table->take_older_key(comes_in_order());
        unbind_views();
    }
    table->take(line);
    m_in->in_stream = m_in->in_stream || line.op != 'r';
    ++m_in->staged;
    m_figures.changes.add();
    if (m_in->changes != nullptr) {
        m_in->changes->add();
    }
}

/// Topics may hold what the state has not: one that is asked for later is read from its front, and
/// of a key that came again the first line may be gone. Only a table without key would count twice.
bool Transformer::was_taken(const event::DecodedLine& line, const InputTable* table) {
    const event::Order order = line.source.order;
    const bool counts_twice = table != nullptr && table->is_bag();
    return order < m_in->position || ((counts_twice || !from_topics()) && in_later_history(order) &&
                                      m_in->has->has_change(line.source.raw));
}

void Transformer::take_table(const event::DecodedLine& line) {
    pass(line);
    if (!wanted(line.source)) {
        return;
    }
    event::Table shape = event::table_of(line);
    InputTable* table = find_table(line.source);
    if (table == nullptr) {
        made_table(line, std::move(shape));
        m_in->last_source.clear();
        return;
    }
    if (shape.oid != table->shape().oid) {
        open_transaction();
        table->replace_by(shape.oid, line.source.order, is_of_snapshot(line.source));
    }
    if (table->take_shape(shape, line.source.order)) {
        reshape(*table, shape);
    } else if (table->shape().columns == shape.columns &&
               table->shape().collations != shape.collations &&
               table->stored().shaped_at <= line.source.order) {
        table->set_collations(shape.collations);
        unbind_views();
    }
}

void Transformer::reshape(InputTable& table, const event::Table& shape) {
    open_transaction();
    table.reshape(shape, comes_in_order());
    warn_of_types(table);
    unbind_views();
}

void Transformer::unbind_views() {
    for (const auto& view : m_views) {
        view->unbind();
    }
}

InputTable& Transformer::made_table(const event::DecodedLine& line, event::Table shape) {
    open_transaction();
    StoredTable stored;
    stored.id = static_cast<int>(m_tables.size()) + 1;
    stored.input = m_in->name;
    stored.connector = line.source.connector;
    stored.shape = std::move(shape);
    stored.shaped_at = line.source.order;
    auto table =
        std::make_unique<InputTable>(m_state.connection(), std::move(stored), m_declared, m_kept);
    if (!m_options.empty.empty() && m_empty.matches(space_of(line.source), line.source.table)) {
        table->assume_whole();
    }
    table->touch();
    InputTable& made = *(m_tables[identity(m_in->name, line.source)] = std::move(table));
    begin_readers_anew(made);
    warn_of_types(made);
    return made;
}

/// Views that read a table whose name is of another case, because this one was not there.
void Transformer::begin_readers_anew(const InputTable& made) {
    const std::string full = made.full_name();
    for (const auto& view : m_views) {
        const auto is_new = [&](const std::string& name) {
            return views::is_name_of(name, full, true) &&
                   view_before(m_views, *view, name) == nullptr &&
                   std::none_of(m_tables.begin(), m_tables.end(), [&](const auto& entry) {
                       return entry.second.get() != &made &&
                              views::is_name_of(name, entry.second->full_name(), true);
                   });
        };
        if (view->live() && std::any_of(view->named().begin(), view->named().end(), is_new)) {
            view->silence();
            m_state.forget_view(view->view().name);
            unbind_views(); // those that read it begin anew too
        }
    }
}

void Transformer::take_snapshot(const event::DecodedLine& line) {
    pass(line);
    m_in->was_read = true;
    InputTable* table = find_table(line.source);
    if (table == nullptr) {
        return;
    }
    const auto payload = nlohmann::ordered_json::parse(line.payload);
    const bool whole = payload.value("whole", false);
    if (payload.value("status", "") == "begin") {
        table->begin_snapshot(line.source.order, whole);
    } else {
        table->end_snapshot(line.source.order, whole);
    }
}

void Transformer::warn_of_mark(const event::DecodedLine& line) {
    const InputTable* table = find_table(line.source);
    if (table != nullptr) {
        base::log::warning("table {} may differ from the source's until it is read again: {}",
                           table->shape().display_name(), line.payload);
    }
}

/// Facts of PostgreSQL's tables tell what no change line does.
void Transformer::warn_of_facts(const event::DecodedLine& line) {
    InputTable* table = find_table(line.source);
    if (table == nullptr) {
        return;
    }
    if (const std::optional<event::Mark> mark = table->take_facts(line)) {
        base::log::warning("table {} may differ from the source's until it is read again "
                           "(cdc-snapshot --tables): {}",
                           table->shape().display_name(), mark->why);
    }
}

std::string Transformer::table_lines() {
    CutStamp stamp;
    stamp.name = m_options.name;
    stamp.epoch = m_state.epoch();
    stamp.position = m_state.last_position();
    stamp.now_ms = base::now_ms();
    const std::optional<std::uint64_t> waiting = m_outbox.first_waiting();
    std::map<std::string, OlderShape> older = m_state.older_shapes();
    std::erase_if(older,
                  [&](const auto& shape) { return !waiting || shape.second.position <= *waiting; });
    std::string out;
    for (const auto& view : m_views) {
        if (view->live() && !older.contains(view->view().name)) {
            view->append_table_line(out, stamp);
        }
    }
    if (!waiting) {
        return out;
    }
    stamp.position = *waiting - 1;
    for (const StoredView& stored : m_state.views()) { // those that begin anew, or left the file
        const bool live = std::any_of(m_views.begin(), m_views.end(), [&](const auto& view) {
            return view->live() && view->view().name == stored.name;
        });
        if (!live) {
            older.try_emplace(stored.name, OlderShape{0, stored.columns});
        }
    }
    for (const auto& [view, shape] : older) {
        lines_of(view, shape.columns).append_table(out, stamp);
    }
    return out;
}

ViewLines Transformer::lines_of(const std::string& view, const std::string& columns) const {
    event::Table table =
        event::parse_table(fmt::format(R"({{"version":"","columns":{}}})", columns));
    table.db = m_options.name;
    table.schema = "views";
    table.table = view;
    return ViewLines{std::move(table)};
}

} // namespace cdc::transform
