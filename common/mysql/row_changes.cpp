#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/version.hpp"
#include "event/json_writer.hpp"
#include "mysql/change_builder.hpp"

#include <algorithm>

/// The part of ChangeBuilder that writes the lines of rows.
namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {
constexpr int kIndexDigits = 12;
} // namespace

const ChangeBuilder::Shape& ChangeBuilder::described(std::uint64_t table_id) const {
    const auto found = m_maps.find(table_id);
    if (found == m_maps.end()) {
        fail(ExitCode::bad_data, "table {} was not described before its first rows", table_id);
    }
    return *found->second;
}

/// So many indexes they take.
std::uint64_t ChangeBuilder::count_changes(RowsEvent& rows, const TablePlan& plan) {
    const std::uint64_t each = rows.kind() == RowsEvent::Kind::update ? 2 : 1;
    std::uint64_t out = 0;
    while (rows.next(plan.layout(), m_before, m_after)) {
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
        m_index += count_changes(rows, shape.plan);
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
    while (rows.next(layout, m_before, m_after)) {
        announce(shape, event, m_index + 1, out);
        row(rows.kind(), out);
        m_index += count;
        ++m_row;
    }
}

void ChangeBuilder::row(RowsEvent::Kind kind, std::string& out) {
    const TablePlan& plan = *m_in_work;
    switch (kind) {
    case RowsEvent::Kind::insert:
        out += R"({"key":)";
        append_key(out, plan, m_after, nullptr);
        out += R"(,"before":null,"after":)";
        append_row(out, plan, m_after, nullptr, m_missing);
        if (!m_missing.empty()) {
            throw Error{ExitCode::refused,
                        fmt::format("column {}: an inserted row without its value",
                                    in_quotes(plan.columns()[m_missing.front()].name)),
                        "SET GLOBAL binlog_row_image=FULL on the source"};
        }
        end_line(m_index + 1, 'c', out);
        return;
    case RowsEvent::Kind::remove:
        out += R"({"key":)";
        append_key(out, plan, m_before, nullptr);
        out += R"(,"before":)";
        append_row(out, plan, m_before, nullptr, m_missing);
        out += R"(,"after":null)";
        end_line(m_index + 1, 'd', out);
        return;
    case RowsEvent::Kind::update:
        break;
    }
    if (key_changed()) {
        key_change(m_index + 1, out);
        return;
    }
    out += R"({"key":)";
    append_key(out, plan, m_after, &m_before);
    out += R"(,"before":)";
    append_row(out, plan, m_before, nullptr, m_missing);
    out += R"(,"after":)";
    append_row(out, plan, m_after, &m_before, m_missing);
    append_missing(out);
    end_line(m_index + 1, 'u', out);
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
    out += R"({"key":)";
    append_key(out, plan, m_before, nullptr);
    out += R"(,"before":)";
    append_row(out, plan, m_before, nullptr, m_missing);
    out += R"(,"after":null,"key_after":)";
    append_key(out, plan, m_after, &m_before);
    end_line(index, 'd', out);

    out += R"({"key":)";
    append_key(out, plan, m_after, &m_before);
    out += R"(,"before":null,"after":)";
    append_row(out, plan, m_after, &m_before, m_missing);
    if (!m_missing.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("column {}: a row whose key changed without its value",
                                in_quotes(plan.columns()[m_missing.front()].name)),
                    "SET GLOBAL binlog_row_image=FULL on the source"};
    }
    out += R"(,"key_before":)";
    append_key(out, plan, m_before, nullptr);
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

/// `{"version":…,"snapshot":"false",`
void ChangeBuilder::append_source_start(std::string& out) const {
    out += R"({"version":)";
    event::append_json_string(out, base::version());
    out += m_settings.mariadb ? R"(,"connector":"mariadb","name":)"
                              : R"(,"connector":"mysql","name":)";
    event::append_json_string(out, m_settings.name);
    out += R"(,"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += R"(,"snapshot":"false",)";
}

void ChangeBuilder::start_source(const TablePlan& plan, const Event& event) {
    m_source = R"(,"source":)";
    append_source_start(m_source);
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
    out += R"(,"order":")";
    out += m_order_start;
    base::append_hex(out, index, kIndexDigits);
    out += R"("},"op":")";
    out += op;
    out += '"';
    if (m_settings.transactions) {
        append_transaction(out);
    }
    out += R"(,"ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
    ++m_changes;
    ++*m_in_work->changes;
}

void ChangeBuilder::announce(const Shape& shape, const Event& /*event*/, std::uint64_t index,
                             std::string& out) {
    begin_lines(out);
    TableState& state = *shape.state;
    if (state.announced == &shape.plan) {
        return;
    }
    std::string source;
    append_source_start(source);
    source += shape.plan.source_members();
    source += R"(,"order":")";
    source += m_order_start;
    base::append_hex(source, index, kIndexDigits);
    source += "\"}";
    event::append_table_line(out, shape.plan.shape(), source, m_now_ms);
    state.announced = &shape.plan;
}

} // namespace cdc::mysql
