#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "mysql/change_builder.hpp"
#include "mysql/folded_name.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

/// The part of ChangeBuilder that writes the lines of rows.
namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

const ChangeBuilder::Shape& ChangeBuilder::described(std::uint64_t table_id) const {
    const auto found = m_maps.find(table_id);
    if (found == m_maps.end()) {
        fail(ExitCode::bad_data, "table {} was not described before its first rows", table_id);
    }
    return *found->second;
}

namespace {

/// Whether a row with this end is one of now: its end is the greatest that there is, of a timestamp
/// with six places (seconds, microseconds; from MariaDB 11.5 on with an unsigned second), or the id
/// of a transaction.
bool is_of_now(const Cell& end) {
    using namespace std::string_view_literals;
    return end.bytes == "\x7f\xff\xff\xff\x0f\x42\x3f"sv ||
           end.bytes == "\xff\xff\xff\xff\x0f\x42\x3f"sv ||
           end.bytes == "\xff\xff\xff\xff\xff\xff\xff\xff"sv;
}

} // namespace

/// What is left of a change where rows of the past are none: an update that makes a row one of the
/// past is its delete. Nothing: all of it is about rows of the past.
std::optional<RowsEvent::Kind> ChangeBuilder::change_of_now(RowsEvent::Kind kind) const {
    const std::size_t end = *m_in_work->row_end();
    if (kind == RowsEvent::Kind::insert) {
        return is_of_now(m_after[end]) ? std::optional{kind} : std::nullopt;
    }
    if (!is_of_now(m_before[end])) {
        return std::nullopt;
    }
    const bool ends = kind == RowsEvent::Kind::update &&
                      m_after[end].state != Cell::State::absent && !is_of_now(m_after[end]);
    return ends ? RowsEvent::Kind::remove : kind;
}

/// So many indexes they take. Rows that cannot be told apart stop nothing where their table is left
/// out, and take as many as were.
std::uint64_t ChangeBuilder::count_changes(RowsEvent& rows, const TablePlan& plan) {
    const std::uint64_t each = rows.kind() == RowsEvent::Kind::update ? 2 : 1;
    std::uint64_t out = 0;
    try {
        while (rows.next(plan.layout(), m_before, m_after)) {
            out += each;
        }
    } catch (const Error&) {
        if (plan.captured()) {
            throw;
        }
        out += each;
    }
    return out;
}

void ChangeBuilder::rows(const Event& event, std::string& out) {
    if (!m_in_transaction) {
        fail(ExitCode::bad_data, "rows outside a transaction");
    }
    RowsEvent rows{event};
    if (rows.is_dummy()) {
        m_maps.clear();
        return;
    }
    const Shape& shape = described(rows.table_id());
    m_in_work = &shape.plan;
    if (!shape.plan.captured() || m_passes_over) {
        m_writer.take_indexes(count_changes(rows, shape.plan));
        return;
    }
    const RowLayout& layout = shape.plan.layout();
    const std::uint64_t count = rows.kind() == RowsEvent::Kind::update ? 2 : 1;
    start_source(shape.plan, event);
    if (std::find(m_written.begin(), m_written.end(), &shape) == m_written.end()) {
        m_written.push_back(&shape);
    }
    if (m_committed_xa == nullptr) { // all rows of those stand at their commit
        m_row = 0;
    }
    // MariaDB has no virtual column in a new image that is not a full one.
    const bool lacks_generated = m_settings.mariadb && rows.lacks_new_values();
    while (rows.next(layout, m_before, m_after)) {
        if (lacks_generated) {
            refuse_generated(shape);
        }
        const std::uint64_t index = m_writer.take_indexes(count);
        announce(shape, index, out);
        if (!shape.plan.row_end()) {
            row(rows.kind(), index, out);
        } else if (const auto kind = change_of_now(rows.kind())) {
            row(*kind, index, out);
        }
        ++m_row;
    }
}

/// A virtual column that the new image lacks is not what it was where a column has changed from
/// which it is generated.
void ChangeBuilder::refuse_generated(const Shape& shape) const {
    const TablePlan& plan = shape.plan;
    auto& known = shape.state->generated;
    if (!known) {
        known = m_lookup->describe(plan.map().db, plan.map().table).generated;
    }
    const auto has_changed = [&](std::size_t i) {
        return m_after[i].state != Cell::State::absent &&
               (m_after[i].state != m_before[i].state || m_after[i].bytes != m_before[i].bytes);
    };
    for (std::size_t i = 0; !known->empty() && i < m_after.size(); ++i) {
        const TablePlan::Column& column = plan.columns()[i];
        const auto generated = known->find(column.name);
        if (m_after[i].state != Cell::State::absent || column.left_out() ||
            generated == known->end()) {
            continue;
        }
        for (std::size_t from = 0; from < m_after.size(); ++from) {
            if (has_changed(from) && may_name(generated->second, plan.columns()[from].name)) {
                throw Error{ExitCode::refused,
                            fmt::format("column {}: an updated row without the value of this "
                                        "virtual column, which is generated from {}",
                                        in_quotes(column.name),
                                        in_quotes(plan.columns()[from].name)),
                            "SET GLOBAL binlog_row_image=FULL on the source, and read the table "
                            "again with a snapshot; or leave the column out (--leave-out)"};
            }
        }
    }
}

void ChangeBuilder::row(RowsEvent::Kind kind, std::uint64_t index, std::string& out) {
    const TablePlan& plan = *m_in_work;
    const auto before = [&](std::string& to) {
        append_row(to, plan, m_before, nullptr, m_missing);
    };
    switch (kind) {
    case RowsEvent::Kind::insert:
        event::append_images(
            out, [&](std::string& to) { append_key(to, plan, m_after, nullptr); },
            [&](std::string& to) { append_row(to, plan, m_after, nullptr, m_missing); });
        if (!m_missing.empty()) {
            throw Error{ExitCode::refused,
                        fmt::format("column {}: an inserted row without its value",
                                    in_quotes(plan.columns()[m_missing.front()].name)),
                        "SET GLOBAL binlog_row_image=FULL on the source"};
        }
        end_line(index, 'c', out);
        return;
    case RowsEvent::Kind::remove:
        event::append_images(
            out, [&](std::string& to) { append_key(to, plan, m_before, nullptr); }, before,
            event::append_null);
        end_line(index, 'd', out);
        return;
    case RowsEvent::Kind::update:
        break;
    }
    if (key_changed()) {
        key_change(index, out);
        return;
    }
    event::append_images(
        out, [&](std::string& to) { append_key(to, plan, m_after, &m_before); }, before,
        [&](std::string& to) { append_row(to, plan, m_after, &m_before, m_missing); });
    append_missing(out);
    end_line(index, 'u', out);
}

bool ChangeBuilder::key_changed() const {
    for (const std::size_t i : m_in_work->key()) {
        const Cell& after = m_after[i];
        if (after.state != Cell::State::absent &&
            (after.state != m_before[i].state || after.bytes != m_before[i].bytes)) {
            return true;
        }
    }
    return false;
}

void ChangeBuilder::key_change(std::uint64_t index, std::string& out) {
    const TablePlan& plan = *m_in_work;
    const auto old_key = [&](std::string& to) {
        append_key(to, plan, m_before, nullptr);
    };
    const auto key = [&](std::string& to) {
        append_key(to, plan, m_after, &m_before);
    };
    event::append_images(
        out, old_key, [&](std::string& to) { append_row(to, plan, m_before, nullptr, m_missing); },
        event::append_null);
    out += R"(,"key_after":)";
    key(out);
    end_line(index, 'd', out);

    event::append_images(
        out, key, [&](std::string& to) { append_row(to, plan, m_after, &m_before, m_missing); });
    if (!m_missing.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("column {}: a row whose key changed without its value",
                                in_quotes(plan.columns()[m_missing.front()].name)),
                    "SET GLOBAL binlog_row_image=FULL on the source"};
    }
    out += R"(,"key_before":)";
    old_key(out);
    end_line(index + 1, 'c', out);
}

void ChangeBuilder::append_missing(std::string& out) const {
    if (m_missing.empty()) {
        return;
    }
    out += ",\"unchanged\":";
    char separator = '[';
    for (const std::size_t i : m_missing) {
        out += separator;
        event::append_json_string(out, m_in_work->columns()[i].name);
        separator = ',';
    }
    out += ']';
}

void ChangeBuilder::start_source(const TablePlan& plan, const Event& event) {
    m_source = R"(,"source":)";
    m_source += m_writer.source_start();
    m_source += plan.source_members();
    m_source += R"(,"server_id":)";
    base::append_integer(m_source, event.server_id);
    m_source += R"(,"gtid":)";
    m_source += m_gtid_json;
    m_source += R"(,"file":)";
    event::append_json_string(m_source, m_cursor.next().file);
    m_source += R"(,"pos":)";
    base::append_integer(m_source, m_event_start);
    m_source += R"(,"row":)";
}

void ChangeBuilder::end_line(std::uint64_t index, char op, std::string& out) {
    out += m_source;
    base::append_integer(out, m_row);
    m_writer.append_order(out, index);
    m_writer.end_change(out, op, m_in_work->changes);
}

void ChangeBuilder::announce(const Shape& shape, std::uint64_t index, std::string& out) {
    m_writer.begin_lines(out);
    TableState& state = *shape.state;
    if (state.announced == &shape.plan) {
        return;
    }
    check_unseen(shape);
    const std::string unseen = column_of_no_statement(shape);
    m_writer.append_table(out, shape.plan.shape(),
                          m_writer.table_source(shape.plan.source_members(), index));
    take_announced(shape);
    if (!unseen.empty()) {
        mark_at(index, shape.plan.map().db, shape.plan.map().table,
                fmt::format("no statement in the log gave it column {}", in_quotes(unseen)), out);
    }
}

void ChangeBuilder::take_announced(const Shape& shape) {
    TableState& state = *shape.state;
    state.announced = &shape.plan;
    state.columns.reset();
    state.generated.reset();
    state.named.clear();
    state.renamed = false;
    state.columns_followed = state.certain = true;
    m_effects.unannounced.erase({shape.plan.map().db, shape.plan.map().table});
}

/// A column that rows have and that neither the last table line nor a statement since then has: an
/// ALTER TABLE with sql_log_bin=0 gave older rows values, or renamed it. "": there is none, or that
/// is not known.
std::string ChangeBuilder::column_of_no_statement(const Shape& shape) const {
    const TableState& state = *shape.state;
    if (m_settings.minimal_metadata || state.announced == nullptr || !state.columns_followed ||
        !state.certain) {
        return "";
    }
    const auto& known = state.columns ? *state.columns : state.announced->shape().columns;
    for (const event::Column& column : shape.plan.shape().columns) {
        if (std::none_of(known.begin(), known.end(), [&](const event::Column& each) {
                return is_same_name(each.name, column.name);
            })) {
            return column.name;
        }
    }
    return "";
}

} // namespace cdc::mysql
