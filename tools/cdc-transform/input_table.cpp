#include "cdc-transform/input_table.hpp"

#include "cdc-transform/input_sql.hpp"

#include "base/error.hpp"
#include "event/facts_change.hpp"
#include "event/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using event::Order;
using Text = std::string_view;

namespace {

/// Columns of stageN before those of the table.
constexpr std::size_t kSeq = 0;
constexpr std::size_t kOp = 1;
constexpr std::size_t kOrder = 2;
constexpr std::size_t kMissing = 3;
constexpr std::size_t kFirst = 4;

bool named(const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

InputTable::InputTable(duckdb::Connection& connection, StoredTable stored, DeclaredTypes declared,
                       KeptTimes kept)
    : m_connection{connection}, m_stored{std::move(stored)},
      m_declared{std::move(declared)}, m_kept{std::move(kept)}, m_id{std::to_string(m_stored.id)} {
    read_shape();
    make_tables();
    m_at_cut = m_stored;
}

bool is_of_snapshot(const event::Source& source) {
    return source.raw.find(R"("snapshot":"true")") != std::string_view::npos;
}

void InputTable::read_shape() {
    const std::vector<event::Column>& columns = m_stored.shape.columns;
    m_columns.clear();
    m_keys.clear();
    m_places.clear();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        m_columns.push_back(
            stored_column(columns[i], m_stored.connector, m_declared(m_stored, columns[i].name)));
        m_places.emplace(escaped(columns[i].name), i);
        if (columns[i].key > 0) {
            m_keys.push_back(i);
        }
    }
    std::sort(m_keys.begin(), m_keys.end(),
              [&](std::size_t a, std::size_t b) { return columns[a].key < columns[b].key; });
    read_kept_time();
    m_values.resize(columns.size());
    m_unfilled.assign(columns.size(), false);
}

void InputTable::read_kept_time() {
    m_kept_time = m_kept(m_stored);
    if (!m_kept_time) {
        return;
    }
    const auto found = m_places.find(escaped(m_kept_time->column));
    const std::string type = found == m_places.end() ? "" : m_columns[found->second].type;
    if (type != "TIMESTAMP" && type != "TIMESTAMPTZ" && type != "DATE") {
        throw Error{ExitCode::usage,
                    fmt::format("KEEP {}: column {} is {}", m_stored.shape.display_name(),
                                in_quotes(m_kept_time->column),
                                type.empty() ? "not there" : "neither a date nor a timestamp")};
    }
    m_time_column = found->second;
}

std::string InputTable::full_name() const {
    return (m_stored.input.empty() ? "" : m_stored.input + '.') + m_stored.shape.display_name();
}

std::optional<KeptColumn> InputTable::kept_column() const {
    if (!m_kept_time) {
        return std::nullopt;
    }
    return KeptColumn{relation_name(), m_kept_time->column, m_columns[m_time_column].type,
                      m_kept_time->interval};
}

std::vector<std::string> InputTable::key() const {
    std::vector<std::string> out;
    for (const std::size_t place : m_keys) {
        out.push_back(m_stored.shape.columns[place].name);
    }
    return out;
}

void InputTable::add_columns(std::vector<views::Column>& out) const {
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        const event::Column& column = m_stored.shape.columns[i];
        out.push_back({column.name, m_columns[i].type,
                       collation_of(m_stored.shape, column, m_stored.connector,
                                    m_declared(m_stored, column.name), full_name())});
    }
}

void InputTable::set_collations(const std::map<std::string, std::string>& collations) {
    m_stored.shape.collations = collations;
    m_touched = true;
}

void InputTable::begin_snapshot(Order order, bool whole) {
    m_passing = order <= m_stored.read_at && whole;
    if (m_passing) {
        return;
    }
    // The same snapshot again, after a restart: rows of a key count once, but not those of a bag.
    const bool again = m_stored.reading && *m_stored.reading == order && !is_bag();
    if (!again) {
        m_snapshot.reset();
        m_connection.execute("DROP TABLE IF EXISTS cdc.p" + m_id);
        m_stored.highest_read = order;
    }
    m_stored.reading = order;
    m_stored.reading_whole = whole;
    m_stored.reading_ended = false;
    m_touched = true;
}

void InputTable::end_snapshot(Order /*order*/, bool whole) {
    if (!m_passing && m_stored.reading) {
        m_stored.reading_ended = true;
        m_stored.reading_whole = whole;
        m_touched = true;
    }
    m_passing = false;
}

void InputTable::assume_whole() {
    m_stored.whole = m_at_cut.whole = true;
    m_touched = true;
}

bool InputTable::snapshot_due(Order cut) const {
    return m_stored.reading && m_stored.reading_ended &&
           (!m_stored.whole || m_stored.highest_read <= cut);
}

bool InputTable::current_at(Order cut) const {
    return m_stored.whole && m_stored.current_from <= cut;
}

bool InputTable::old_due(std::int64_t commit_ts_ms) const {
    constexpr std::int64_t kEveryMs = 1000;
    return m_kept_time && m_stored.whole && commit_ts_ms - m_kept_ts_ms >= kEveryMs;
}

bool InputTable::touched(Order cut, std::int64_t commit_ts_ms) const {
    return m_staged > 0 || old_due(commit_ts_ms) || m_touched || m_reshaped ||
           m_truncated_at != Order{} || snapshot_due(cut);
}

duckdb::Appender& InputTable::stage() {
    if (m_stage == nullptr) {
        m_connection.execute("CREATE OR REPLACE TEMP TABLE " + lines_table("stage" + m_id));
        m_stage = std::make_unique<duckdb::Appender>(m_connection, "", "stage" + m_id);
    }
    return *m_stage;
}

duckdb::Appender& InputTable::snapshot() {
    if (m_snapshot == nullptr) {
        m_connection.execute("CREATE TABLE IF NOT EXISTS " + lines_table("cdc.p" + m_id));
        m_snapshot = std::make_unique<duckdb::Appender>(m_connection, "cdc", "p" + m_id);
    }
    return *m_snapshot;
}

void InputTable::take(const event::DecodedLine& line) {
    const Order order = line.source.order;
    switch (line.op) {
    case 't':
        note_truncate(line.source);
        m_truncated_at = std::max(m_truncated_at, order);
        m_stored.barrier = std::max(m_stored.barrier, order);
        m_touched = true;
        return;
    case 'r':
        if (m_passing || order < m_stored.barrier) {
            return;
        }
        if (m_stored.reading && !m_stored.reading_ended) {
            m_stored.highest_read = std::max(m_stored.highest_read, order);
            append(snapshot(), line, line.after, 'r');
            m_touched = true;
            return;
        }
        break;
    default:
        break;
    }
    if (order < m_stored.barrier) {
        return;
    }
    ++m_staged;
    if (line.op != 'r') {
        m_highest_staged = std::max(m_highest_staged, order);
    }
    if (is_bag()) {
        if (line.op == 'd' || line.op == 'u') {
            append(stage(), line, line.before, 'd');
        }
        if (line.op != 'd') {
            append(stage(), line, line.after, 'c');
        }
    } else if (line.op == 'd') {
        append(stage(), line, line.key, 'd');
    } else {
        append(stage(), line, line.after, line.op);
    }
}

void InputTable::replace_by(std::uint32_t oid, Order order, bool snapshot) {
    const std::uint32_t held = m_stored.shape.oid;
    const Order known =
        std::max({m_stored.barrier, m_stored.read_at, m_stored.reading.value_or(Order{})});
    if (oid == 0 || oid == held || (!snapshot && order < known)) {
        return;
    }
    m_stored.shape.oid = oid;
    m_touched = true;
    if (held == 0 || snapshot) { // its end line voids them
        return;
    }
    m_stored.barrier = std::max(m_stored.barrier, order);
    close_appenders();
    for (const char* rows : {"cdc.t", "stage"}) {
        if (rows[0] == 'c' || m_stage != nullptr) {
            m_connection.execute(fmt::format("DELETE FROM {}{} WHERE ord < {}::UHUGEINT", rows,
                                             m_id, base::decimal_text(order.value)));
        }
    }
    m_reshaped = true;
}

/// Facts tell of it too, where the table has other files behind it.
void InputTable::note_truncate(const event::Source& source) {
    constexpr std::size_t kTruncates = 200;
    const auto xid = nlohmann::json::parse(source.raw).value("txId", nlohmann::json{});
    if (xid.is_null()) {
        return;
    }
    m_stored.truncates.push_back(xid.is_string() ? xid.get<std::string>() : xid.dump());
    if (m_stored.truncates.size() > kTruncates) {
        m_stored.truncates.erase(m_stored.truncates.begin());
    }
}

std::optional<event::Mark> InputTable::take_facts(const event::DecodedLine& line) {
    if (line.source.order <= m_stored.facts_order) {
        return std::nullopt; // they come again
    }
    event::Facts after = event::parse_facts(line.payload);
    std::optional<event::Mark> mark;
    if (!m_stored.facts.empty()) {
        event::Facts before = event::parse_facts(m_stored.facts);
        for (event::ColumnFact& column : before.columns) { // here they are told by their numbers
            for (const event::ColumnFact& now : after.columns) {
                column.name = now.number == column.number ? now.name : column.name;
            }
        }
        if (!is_of_snapshot(line.source)) {
            mark = event::judge(before, after, m_stored.truncates);
        }
        event::keep_missing(after, before);
    }
    m_stored.facts.clear();
    event::append_facts(m_stored.facts, after);
    m_stored.facts_order = line.source.order;
    m_touched = true;
    return mark;
}

/// Of a value in a line. Behind all columns: of one that the table has no more.
std::size_t InputTable::place_of(const event::Field& field, std::size_t guess) {
    const std::vector<event::Column>& columns = m_stored.shape.columns;
    if (!m_older && guess < columns.size() && columns[guess].name == field.name) {
        return guess;
    }
    m_scratch = field.name;
    const auto& places = m_older ? m_older->places : m_places;
    const auto known = places.find(m_scratch);
    if (known == places.end()) {
        base::fail(ExitCode::bad_data, "column {} is not in the table line of {}",
                   in_quotes(field.name), m_stored.shape.display_name());
    }
    return known->second;
}

/// Columns that are younger than the line have in its row what they gave to older rows.
void InputTable::fill_younger(std::size_t& found) {
    const std::vector<event::Column>& columns = m_stored.shape.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (m_older->names[i].empty()) {
            m_values[i] = columns[i].default_json.empty() ? Text{"null"} : columns[i].default_json;
            ++found;
        }
    }
}

/// Of a row without key, which no other line tells.
Text InputTable::value_before(const event::Image& before, std::size_t column) {
    for (std::size_t i = 0; i < before.fields.size(); ++i) {
        if (place_of(before.fields[i], i) == column) {
            return before.fields[i].value;
        }
    }
    base::fail(ExitCode::bad_data,
               "a change of {}, which has no key, lacks the unchanged value of column {}",
               m_stored.shape.display_name(), in_quotes(m_stored.shape.columns[column].name));
}

void InputTable::find_values(const event::DecodedLine& line, const event::Image& image,
                             bool key_only) {
    const std::vector<event::Column>& columns = m_stored.shape.columns;
    if (image.is_null() || image.is_missing()) {
        base::fail(ExitCode::bad_data, "a change of {} without {}", m_stored.shape.display_name(),
                   key_only ? "key" : "its row");
    }
    std::fill(m_values.begin(), m_values.end(), std::string_view{});
    std::size_t found = 0;
    for (std::size_t i = 0; i < image.fields.size(); ++i) {
        const std::size_t place = place_of(image.fields[i], i);
        if (place < columns.size()) {
            m_values[place] = image.fields[i].value;
            ++found;
        }
    }
    if (m_older) {
        fill_younger(found);
    }
    m_missing.clear();
    if (key_only || found == columns.size()) {
        return;
    }
    m_missing.assign(columns.size(), '0');
    bool unfilled = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!m_values[i].empty()) {
            continue;
        }
        const std::string name = m_older ? m_older->names[i] : escaped(columns[i].name);
        if (is_bag() && named(line.unchanged, name)) {
            m_values[i] = value_before(line.before, i);
        } else if (named(line.unchanged, name)) {
            m_missing[i] = '1';
            m_unfilled[i] = true;
            unfilled = true;
        } else if (!named(line.source.gone, name)) {
            base::fail(ExitCode::bad_data, "column {} of {} is missing in a line",
                       in_quotes(columns[i].name), m_stored.shape.display_name());
        }
    }
    if (!unfilled) {
        m_missing.clear();
    }
}

void InputTable::append(duckdb::Appender& appender, const event::DecodedLine& line,
                        const event::Image& image, char op) {
    find_values(line, image, op == 'd' && !is_bag());
    appender.value(kSeq, m_seq++);
    appender.value(kOp, static_cast<std::uint8_t>(op));
    appender.value(kOrder, line.source.order.value);
    if (m_missing.empty()) {
        appender.null(kMissing);
    } else {
        appender.text(kMissing, m_missing);
    }
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        const std::string_view value = m_values[i];
        if (value.empty() || value == "null") {
            appender.null(kFirst + i);
        } else if (value.front() != '"') {
            appender.text(kFirst + i, value);
        } else if (value.find('\\') == std::string_view::npos) {
            appender.text(kFirst + i, value.substr(1, value.size() - 2));
        } else {
            appender.text(kFirst + i, event::json_string_value(value));
        }
    }
    appender.end_row();
}

} // namespace cdc::transform
