#include "mysql/snapshot_lines.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/change_writer.hpp"
#include "event/json_writer.hpp"
#include "event/snapshot_line.hpp"

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

SnapshotLines::SnapshotLines(const Place& place, const TablePlan& plan)
    : m_plan{&plan}, m_order{place.order} {
    std::string& start = m_source_start;
    event::append_source_start(start, connector_name(place.mariadb), place.name, place.made_ms,
                               true);
    start += plan.source_members();
    m_row_place = R"(,"server_id":0,"gtid":null,"file":)";
    event::append_json_string(m_row_place, place.position.file);
    m_row_place += R"(,"pos":)";
    base::append_integer(m_row_place, place.position.offset);
    m_row_place += R"(,"row":0)";
    m_row_end = R"(,"source":)" + row_source(place.order) + R"(,"op":"r","ts_ms":)";
    base::append_integer(m_row_end, place.made_ms);
    m_row_end += "}\n";
}

std::string SnapshotLines::source(event::Order order) const {
    return m_source_start + R"(,"order":")" + order.text() + R"("})";
}

std::string SnapshotLines::row_source(event::Order order) const {
    return m_source_start + m_row_place + R"(,"order":")" + order.text() + R"("})";
}

void SnapshotLines::append_table(std::string& out, std::int64_t now_ms) const {
    event::append_table_line(out, m_plan->shape(), source(m_order), now_ms);
}

void SnapshotLines::append_begin(std::string& out, event::Order order, bool whole,
                                 std::int64_t now_ms) const {
    event::append_snapshot_begin(out, whole, source(order), now_ms);
}

void SnapshotLines::append_end(std::string& out, event::Order order, bool whole,
                               std::int64_t now_ms) const {
    event::append_snapshot_end(out, whole, source(order), now_ms);
}

std::string SnapshotLines::select_list() const {
    std::string out;
    for (const TablePlan::Column& column : m_plan->columns()) {
        out += out.empty() ? "" : ", ";
        out += column.left_out() ? "NULL" : quote_name(column.name);
    }
    return out;
}

void SnapshotLines::append_member(std::string& out, std::size_t column,
                                  const ResultField& value) const {
    const TablePlan::Column& of = m_plan->columns()[column];
    out += of.member;
    if (value.null) {
        out += "null";
        return;
    }
    try {
        const std::size_t start = out.size();
        append_result_value(out, of.codec, value.bytes);
        m_plan->finish_value(out, start, of);
    } catch (const base::Error& error) {
        throw base::Error{error.code(),
                          fmt::format("column {}: {}", base::in_quotes(of.name), error.what()),
                          error.hint()};
    }
}

void SnapshotLines::append_row(std::string& out, const std::vector<ResultField>& values) const {
    append_values(out, values);
    out += m_row_end;
}

void SnapshotLines::append_values(std::string& out, const std::vector<ResultField>& values) const {
    if (values.size() != m_plan->columns().size()) {
        fail(ExitCode::bad_data, "a row of {} values for {} columns", values.size(),
             m_plan->columns().size());
    }
    char separator = '{';
    if (m_plan->key().empty()) {
        out += R"({"key":null)";
    } else {
        out += R"({"key":)";
        for (const std::size_t column : m_plan->key()) {
            out += separator;
            append_member(out, column, values[column]);
            separator = ',';
        }
        out += '}';
    }
    out += R"(,"before":null,"after":)";
    separator = '{';
    for (std::size_t column = 0; column < values.size(); ++column) {
        if (m_plan->columns()[column].left_out()) {
            continue;
        }
        out += separator;
        append_member(out, column, values[column]);
        separator = ',';
    }
    out += '}';
}

} // namespace cdc::mysql
