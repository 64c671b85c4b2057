#include "event/change_writer.hpp"

#include "base/numbers.hpp"
#include "base/version.hpp"
#include "event/json_writer.hpp"

#include <algorithm>

namespace cdc::event {

namespace {

// Of an order's text, see order.hpp.
constexpr std::size_t kOrderStartDigits = 20; // epoch and position
constexpr int kIndexDigits = 12;

void append_source_name(std::string& out, std::string_view connector, std::string_view name) {
    out += R"({"version":)";
    append_json_string(out, base::version());
    out += R"(,"connector":)";
    append_json_string(out, connector);
    out += R"(,"name":)";
    append_json_string(out, name);
    out += R"(,"ts_ms":)";
}

} // namespace

void append_source_start(std::string& out, std::string_view connector, std::string_view name,
                         std::optional<std::int64_t> ts_ms, bool snapshot) {
    append_source_name(out, connector, name);
    if (ts_ms) {
        base::append_integer(out, *ts_ms);
    } else {
        out += "null";
    }
    out += snapshot ? R"(,"snapshot":"true",)" : R"(,"snapshot":"false",)";
}

ChangeWriter::ChangeWriter(Settings settings) : m_settings{std::move(settings)} {
    append_source_name(m_source_name, m_settings.connector, m_settings.name);
    set_time(0);
}

void ChangeWriter::set_time(std::int64_t now_ms) {
    m_now_ms = now_ms;
    m_line_end = R"(,"ts_ms":)";
    base::append_integer(m_line_end, now_ms);
    m_line_end += "}\n";
}

void ChangeWriter::begin_transaction(Order start, std::int64_t commit_ts_ms, std::string_view id) {
    m_in_transaction = true;
    m_commit_ts_ms = commit_ts_ms;
    m_next_index = 1;
    m_order_start.clear();
    start.append_text(m_order_start);
    m_order_start.resize(kOrderStartDigits);

    m_source_start = m_source_name;
    base::append_integer(m_source_start, commit_ts_ms);
    m_source_start += R"(,"snapshot":"false",)";

    m_begin_written = false;
    if (m_settings.transactions) {
        m_id.clear();
        append_json_string(m_id, id);
    }
}

void ChangeWriter::end_transaction(std::string& out) {
    m_in_transaction = false;
    if (m_begin_written) {
        write_end(out);
    }
}

void ChangeWriter::append_index(std::string& out, std::uint64_t index) {
    base::append_hex(out, index, kIndexDigits);
}

std::string ChangeWriter::table_source(std::string_view members, std::uint64_t index) const {
    std::string out = m_source_start;
    out += members;
    append_order(out, index);
    out += '}';
    return out;
}

void ChangeWriter::append_table(std::string& out, const Table& shape,
                                std::string_view source) const {
    append_table_line(out, shape, source, m_now_ms);
}

void ChangeWriter::append_stale_mark(std::string& out, std::string_view why,
                                     std::string_view source) {
    ++m_marks;
    append_mark_line(out, {Mark::Kind::stale, std::string{why}}, source, m_now_ms);
}

void ChangeWriter::write_begin(std::string& out) {
    m_begin_written = true;
    m_total_order = 0;
    m_collections.clear();
    out += R"({"transaction":{"status":"BEGIN","id":)";
    out += m_id;
    out += R"(,"event_count":null,"data_collections":null,"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += '}';
    append_line_end(out);
}

void ChangeWriter::write_end(std::string& out) {
    m_begin_written = false;
    out += R"({"transaction":{"status":"END","id":)";
    out += m_id;
    out += R"(,"event_count":)";
    base::append_integer(out, m_total_order);
    out += R"(,"data_collections":[)";
    const char* separator = "";
    for (const Collection& collection : m_collections) {
        out += separator;
        out += R"({"data_collection":)";
        append_json_string(out, collection.table->first);
        out += R"(,"event_count":)";
        base::append_integer(out, collection.changes);
        out += '}';
        separator = ",";
    }
    out += R"(],"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += '}';
    append_line_end(out);
}

void ChangeWriter::end_change(std::string& out, char op, ChangeCounts::Table* table) {
    out += R"(},"op":")";
    out += op;
    out += '"';
    if (m_settings.transactions && m_in_transaction) {
        append_transaction(out, table);
    }
    append_line_end(out);
    ++m_changes;
    if (table != nullptr) {
        ++table->second;
    }
}

/// `,"transaction":{…}` of a change.
void ChangeWriter::append_transaction(std::string& out, const ChangeCounts::Table* table) {
    out += R"(,"transaction":{"id":)";
    out += m_id;
    out += R"(,"total_order":)";
    base::append_integer(out, ++m_total_order);
    out += R"(,"data_collection_order":)";
    if (table == nullptr) {
        out += "null}";
        return;
    }
    // Few tables, and mostly the one of the line before.
    const auto found =
        std::find_if(m_collections.rbegin(), m_collections.rend(),
                     [&](const Collection& collection) { return collection.table == table; });
    Collection& collection =
        found != m_collections.rend() ? *found : m_collections.emplace_back(Collection{table, 0});
    base::append_integer(out, ++collection.changes);
    out += '}';
}

} // namespace cdc::event
