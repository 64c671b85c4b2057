#include "cdc-transform/transformer.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using event::LineKind;

namespace {

std::string identity(const event::Source& source) {
    return source.db + '\n' + source.schema + '\n' + source.table;
}

/// "schema.table", or "db.table" where there is no schema.
std::string_view space_of(const event::Source& source) {
    return source.schema.empty() ? source.db : source.schema;
}

bool same_name(std::string_view text, std::string_view space, std::string_view table) {
    return text == table || (text.size() == space.size() + 1 + table.size() &&
                             text.substr(0, space.size()) == space && text[space.size()] == '.' &&
                             text.substr(space.size() + 1) == table);
}

} // namespace

Transformer::Transformer(const Options& options, const views::ViewFile& file, State& state,
                         Outbox& outbox, Figures& figures, Parking* parking)
    : m_options{options}, m_state{state}, m_outbox{outbox}, m_figures{figures}, m_parking{parking},
      m_empty{options.empty, {}}, m_passed{options.pass, {}} {
    read_file(file);
    for (StoredTable& table : state.tables()) {
        const event::Table& shape = table.shape;
        const std::string name = shape.db + '\n' + shape.schema + '\n' + shape.table;
        m_tables[name] =
            std::make_unique<InputTable>(state.connection(), std::move(table), m_declared, m_kept);
    }
    restore_views();
    if (state.positions().size() == 1) {
        const auto& [name, line] = *state.positions().begin();
        const event::Checkpoint checkpoint = event::parse_checkpoint(line, "state");
        if (checkpoint.kind != "kafka") {
            m_position = checkpoint.order;
        }
    }
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
    for (StoredView& stored : m_state.views()) {
        const auto found = find(stored.name);
        if (found != m_views.end()) {
            (*found)->restore(stored, m_state.parked(stored.name));
        } else if (std::find(dropped.begin(), dropped.end(), stored.name) != dropped.end()) {
            m_dropped.push_back(std::move(stored));
        } else {
            base::log::warning("view {} is not in the file any more: its rows stay where they were "
                               "written to, until --drop-view {}",
                               stored.name, stored.name);
        }
    }
}

void Transformer::read_file(const views::ViewFile& file) {
    m_declared = [types = file.types](const event::Table& table, const std::string& column) {
        const std::string& space = table.schema.empty() ? table.db : table.schema;
        for (const views::ColumnType& type : types) {
            if (type.column == column && same_name(type.table, space, table.table)) {
                return type.type;
            }
        }
        return std::string{};
    };
    m_kept = [keeps = file.keeps](const event::Table& table) -> std::optional<KeptTime> {
        const std::string& space = table.schema.empty() ? table.db : table.schema;
        for (const views::Keep& keep : keeps) {
            if (same_name(keep.table, space, table.table)) {
                return KeptTime{keep.column, keep.interval};
            }
        }
        return std::nullopt;
    };
    for (const views::View& view : file.views) {
        m_views.push_back(
            std::make_unique<KeptView>(m_state.connection(), view, m_views.size(), m_options.name));
        m_views.back()->set_parking(m_parking);
    }
}

bool Transformer::can_begin_again() const {
    return std::none_of(m_tables.begin(), m_tables.end(), [](const auto& entry) {
        return entry.second->is_bag() && entry.second->stored().reading;
    });
}

bool Transformer::wanted(std::string_view space, std::string_view table) const {
    return std::any_of(m_views.begin(), m_views.end(), [&](const auto& view) {
        return std::any_of(view->named().begin(), view->named().end(),
                           [&](const std::string& name) { return same_name(name, space, table); });
    });
}

InputTable* Transformer::find_table(const event::Source& source) {
    std::string name = identity(source);
    if (name != m_last_source) {
        const auto found = m_tables.find(name);
        m_last_table = found == m_tables.end() ? nullptr : found->second.get();
        m_last_source = std::move(name);
    }
    return m_last_table;
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

void Transformer::take(std::string_view text) {
    const event::DecodedLine& line = m_decoder.decode(text);
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
    const bool replayed = line.op != 'r' && line.source.order < m_position;
    if (replayed) {
        m_figures.replayed.add();
        return;
    }
    pass(line);
    InputTable* table = find_table(line.source);
    if (table == nullptr) {
        if (wanted(space_of(line.source), line.source.table)) {
            throw Error{ExitCode::bad_data, fmt::format("a change of {}.{} before its table line",
                                                        space_of(line.source), line.source.table)};
        }
        return;
    }
    table->take(line);
    ++m_staged;
    m_figures.changes.add();
}

void Transformer::take_table(const event::DecodedLine& line) {
    pass(line);
    if (!wanted(space_of(line.source), line.source.table)) {
        return;
    }
    event::Table shape = event::table_of(line);
    InputTable* table = find_table(line.source);
    if (table == nullptr) {
        made_table(line, std::move(shape));
        m_last_source.clear();
    } else if (table->shape().columns != shape.columns) {
        open_transaction();
        table->reshape(shape);
        for (const auto& view : m_views) {
            view->unbind();
        }
    }
}

InputTable& Transformer::made_table(const event::DecodedLine& line, event::Table shape) {
    open_transaction();
    StoredTable stored;
    stored.id = static_cast<int>(m_tables.size()) + 1;
    stored.connector = line.source.connector;
    stored.shape = std::move(shape);
    auto table =
        std::make_unique<InputTable>(m_state.connection(), std::move(stored), m_declared, m_kept);
    if (!m_options.empty.empty() && m_empty.matches(space_of(line.source), line.source.table)) {
        table->assume_whole();
    }
    table->touch();
    return *(m_tables[identity(line.source)] = std::move(table));
}

void Transformer::take_snapshot(const event::DecodedLine& line) {
    pass(line);
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

void Transformer::take_checkpoint(const event::DecodedLine& line) {
    const event::Checkpoint checkpoint = event::parse_checkpoint(line.raw, "checkpoint line");
    const std::string source = source_name(checkpoint);
    const auto& positions = m_state.positions();
    if (!checkpoint.beside_stream() && !positions.empty() && !positions.contains(source)) {
        throw Error{ExitCode::refused,
                    fmt::format("the state {} is of source {}, the input of {}",
                                in_quotes(m_options.state), in_quotes(positions.begin()->first),
                                in_quotes(source)),
                    "Each pipe needs a state of its own."};
    }
    if (checkpoint.kind != "kafka" && checkpoint.order < m_position) {
        return; // sent again by the source: what has left is further already
    }
    m_cut = std::string{line.raw};
}

std::string Transformer::table_lines() {
    CutStamp stamp;
    stamp.name = m_options.name;
    stamp.epoch = m_state.epoch();
    stamp.position = m_state.last_position();
    stamp.now_ms = base::now_ms();
    std::string out;
    for (const auto& view : m_views) {
        if (view->live()) {
            view->append_table_line(out, stamp);
        }
    }
    return out;
}

} // namespace cdc::transform
