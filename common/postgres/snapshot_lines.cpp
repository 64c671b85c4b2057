#include "postgres/snapshot_lines.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/change_writer.hpp"
#include "event/json_writer.hpp"
#include "event/snapshot_line.hpp"
#include "postgres/row_json.hpp"

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

SnapshotLines::SnapshotLines(const Place& place, const RelationPlan& plan)
    : m_plan{&plan}, m_position{place.position}, m_order{place.order} {
    event::append_source_start(m_source_start, kConnector, place.name, place.made_ms, true);
    m_source_start += R"("db":)";
    event::append_json_string(m_source_start, place.database);
    m_source_start += ',';
}

std::string SnapshotLines::source(event::Order order) const {
    return m_source_start + m_plan->source_members() + R"(,"order":")" + order.text() + "\"}";
}

void SnapshotLines::append_table(std::string& out, std::int64_t now_ms) const {
    event::append_table_line(out, m_plan->shape(), source(m_order), now_ms);
}

void SnapshotLines::append_facts(std::string& out, const event::Facts& facts,
                                 std::int64_t now_ms) const {
    event::append_facts_line(out, facts, source(m_order), now_ms);
}

void SnapshotLines::append_begin(std::string& out, event::Order order, bool whole,
                                 std::int64_t now_ms) const {
    event::append_snapshot_begin(out, whole, source(order), now_ms);
}

void SnapshotLines::append_end(std::string& out, event::Order order, bool whole,
                               std::int64_t now_ms) const {
    event::append_snapshot_end(out, whole, source(order), now_ms);
}

void SnapshotLines::set_time(std::int64_t now_ms) {
    const std::string lsn = std::to_string(m_position);
    m_row_end = R"(,"source":)" + m_source_start + R"("sequence":"[\")" + lsn + R"(\",\")" + lsn +
                R"(\"]",)" + m_plan->source_members() + R"(,"txId":null,"lsn":)";
    event::append_json_integer(m_row_end, m_position);
    m_row_end += R"(,"xmin":null,"order":")" + m_order.text() + R"("},"op":"r","ts_ms":)";
    base::append_integer(m_row_end, now_ms);
    m_row_end += "}\n";
}

void SnapshotLines::append_row(std::string& out, const pgoutput::Tuple& row) {
    static const pgoutput::Tuple kNothing;
    // COPY writes a row without columns as an empty line, which is one empty field.
    if (m_plan->width() == 0 && row.size() == 1 && row[0].text.empty()) {
        append_row(out, kNothing);
        return;
    }
    if (row.size() != m_plan->width()) {
        fail(ExitCode::bad_data, "a row of {} values for {} columns", row.size(), m_plan->width());
    }
    const pgoutput::Tuple& edited = m_plan->edit(row, m_edited);
    event::append_images(
        out, [&](std::string& to) { append_key(to, *m_plan, edited); },
        [&](std::string& to) { postgres::append_row(to, *m_plan, edited, m_missing); });
    out += m_row_end;
}

} // namespace cdc::postgres
