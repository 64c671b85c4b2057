#include "cdc-transform/view_lines.hpp"

#include "base/numbers.hpp"
#include "base/version.hpp"
#include "cdc-transform/value_json.hpp"
#include "event/json_writer.hpp"
#include "event/snapshot_line.hpp"

#include <algorithm>

namespace cdc::transform {

ViewLines::ViewLines(event::Table table) : m_table{std::move(table)} {
    const std::vector<event::Column>& columns = m_table.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::string member;
        event::append_json_string(member, columns[i].name);
        m_members.push_back(member + ':');
        if (columns[i].key > 0) {
            m_keys.push_back(i);
        }
    }
    std::sort(m_keys.begin(), m_keys.end(),
              [&](std::size_t a, std::size_t b) { return columns[a].key < columns[b].key; });
}

std::string ViewLines::source(const CutStamp& cut, std::string_view snapshot,
                              std::uint64_t index) const {
    std::string out = R"({"version":)";
    event::append_json_string(out, base::version());
    out += R"(,"connector":"transform","name":)";
    event::append_json_string(out, cut.name);
    out += R"(,"ts_ms":)";
    base::append_integer(out, cut.commit_ts_ms);
    out += R"(,"snapshot":")";
    out += snapshot;
    out += R"(","db":)";
    event::append_json_string(out, m_table.db);
    out += R"(,"schema":)";
    event::append_json_string(out, m_table.schema);
    out += R"(,"table":)";
    event::append_json_string(out, m_table.table);
    out += R"(,"order":")";
    event::Order::make(cut.epoch, cut.position, index).append_text(out);
    out += "\"}";
    return out;
}

void ViewLines::append_table(std::string& out, const CutStamp& cut) const {
    event::append_table_line(out, m_table, source(cut, "false", 0), cut.now_ms);
}

void ViewLines::append_begin(std::string& out, const CutStamp& cut) const {
    event::append_snapshot_begin(out, true, source(cut, "true", 0), cut.now_ms);
}

void ViewLines::append_end(std::string& out, const CutStamp& cut) const {
    event::append_snapshot_end(out, true, source(cut, "true", 0), cut.now_ms);
}

void ViewLines::append_truncate(std::string& out, CutStamp& cut) const {
    out += R"({"key":null,"before":null,"after":null,"source":)";
    out += source(cut, "false", ++cut.index);
    out += R"(,"op":"t","ts_ms":)";
    base::append_integer(out, cut.now_ms);
    out += "}\n";
}

void ViewLines::begin_source(const CutStamp& cut, bool snapshot) {
    if (m_source_position == cut.position && m_source_snapshot == snapshot && !m_source.empty()) {
        return;
    }
    constexpr std::size_t kOrderAndEnd = 34; // 32 digits, "}
    m_source = source(cut, snapshot ? "true" : "false", 0);
    m_source.resize(m_source.size() - kOrderAndEnd);
    m_source_position = cut.position;
    m_source_snapshot = snapshot;
}

void ViewLines::append_image(std::string& out, const duckdb::Result& rows, std::uint64_t row,
                             std::size_t first) const {
    if (first == kNone) {
        out += "null";
        return;
    }
    char separator = '{';
    for (std::size_t i = 0; i < m_members.size(); ++i) {
        out += separator;
        separator = ',';
        out += m_members[i];
        append_value(out, rows.column(first + i), row);
    }
    out += '}';
}

void ViewLines::append_key(std::string& out, const duckdb::Result& rows, std::uint64_t row,
                           std::size_t first) const {
    if (m_keys.empty()) {
        out += "null";
        return;
    }
    char separator = '{';
    for (const std::size_t place : m_keys) {
        out += separator;
        separator = ',';
        out += m_members[place];
        append_value(out, rows.column(first + place), row);
    }
    out += '}';
}

void ViewLines::append_change(std::string& out, CutStamp& cut, char op, const duckdb::Result& rows,
                              std::uint64_t row, std::size_t before, std::size_t after) {
    const bool snapshot = op == 'r';
    begin_source(cut, snapshot);
    out += R"({"key":)";
    append_key(out, rows, row, after == kNone ? before : after);
    out += R"(,"before":)";
    append_image(out, rows, row, before);
    out += R"(,"after":)";
    append_image(out, rows, row, after);
    out += R"(,"source":)";
    out += m_source;
    event::Order::make(cut.epoch, cut.position, snapshot ? 0 : ++cut.index).append_text(out);
    out += R"("},"op":")";
    out += op;
    out += R"(","ts_ms":)";
    base::append_integer(out, cut.now_ms);
    out += "}\n";
}

} // namespace cdc::transform
