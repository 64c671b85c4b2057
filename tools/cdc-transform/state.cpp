#include "cdc-transform/state.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "event/json_document.hpp"
#include "kafka/cut_mark.hpp"

#include <filesystem>
#include <limits>
#include <sstream>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using duckdb::quoted_text;
using event::Order;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;

std::string made_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder + "/tmp", error);
    if (error) {
        base::fail(ExitCode::failed, "cannot make the folder {}: {}", in_quotes(folder),
                   error.message());
    }
    return folder + "/state.duckdb";
}

duckdb::Settings with_spill(duckdb::Settings settings, const std::string& folder) {
    settings.spill = folder + "/tmp";
    return settings;
}

std::uint16_t epoch_of_today() {
    return static_cast<std::uint16_t>(ms_since_2020() / kDayMs);
}

event::Order order_of(const nlohmann::ordered_json& object, const char* name) {
    return event::Order::parse(object.value(name, "")).value_or(event::Order{});
}

std::string table_json(const StoredTable& table) {
    std::string source = R"({"connector":"","db":"","schema":"","table":"","order":""})";
    std::string line;
    event::append_table_line(line, table.shape, source, 0);
    const auto shape = nlohmann::ordered_json::parse(line).at("table");
    nlohmann::ordered_json out{{"connector", table.connector},
                               {"db", table.shape.db},
                               {"schema", table.shape.schema},
                               {"table", table.shape.table},
                               {"shape", shape},
                               {"whole", table.whole},
                               {"current_from", table.current_from.text()},
                               {"read_at", table.read_at.text()},
                               {"highest_read", table.highest_read.text()},
                               {"barrier", table.barrier.text()}};
    if (!table.input.empty()) {
        out["input"] = table.input;
    }
    if (table.shaped_at != event::Order{}) {
        out["shaped_at"] = table.shaped_at.text();
    }
    if (table.taken != event::Order{}) {
        out["taken"] = table.taken.text();
    }
    if (!table.facts.empty()) {
        out["facts"] = table.facts;
        out["facts_order"] = table.facts_order.text();
    }
    if (!table.truncates.empty()) {
        out["truncates"] = table.truncates;
    }
    if (table.reading) {
        out["reading"] = table.reading->text();
        out["reading_whole"] = table.reading_whole;
        out["reading_ended"] = table.reading_ended;
    }
    return out.dump();
}

StoredTable parse_stored_table(int id, std::string_view text) {
    const auto json = nlohmann::ordered_json::parse(text);
    StoredTable table;
    table.id = id;
    table.shape = event::parse_table(json.at("shape").dump());
    table.shape.db = json.at("db");
    table.shape.schema = json.at("schema");
    table.shape.table = json.at("table");
    table.connector = json.at("connector");
    table.input = json.value("input", "");
    table.whole = json.at("whole");
    table.facts = json.value("facts", "");
    table.facts_order = order_of(json, "facts_order");
    table.truncates = json.value("truncates", std::vector<std::string>{});
    table.current_from = order_of(json, "current_from");
    table.read_at = order_of(json, "read_at");
    table.highest_read = order_of(json, "highest_read");
    table.barrier = order_of(json, "barrier");
    table.shaped_at = order_of(json, "shaped_at");
    table.taken = order_of(json, "taken");
    if (json.contains("reading")) {
        table.reading = order_of(json, "reading");
        table.reading_whole = json.at("reading_whole");
        table.reading_ended = json.at("reading_ended");
    }
    return table;
}

} // namespace

std::int64_t ms_since_2020() {
    return base::now_ms() - base::days_from_civil(2020, 1, 1) * kDayMs;
}

std::string source_name(const event::Checkpoint& checkpoint) {
    return checkpoint.kind + " " + checkpoint.server + " " + checkpoint.database + " " +
           checkpoint.slot;
}

std::string database_name(const event::Checkpoint& checkpoint) {
    return checkpoint.kind + " " + checkpoint.server + " " + checkpoint.database;
}

std::optional<event::Checkpoint> source_checkpoint(const event::Checkpoint& checkpoint) {
    if (checkpoint.kind != "kafka") {
        return checkpoint;
    }
    const auto told = checkpoint.extra.find(kafka::kSourceMember);
    if (told == checkpoint.extra.end()) {
        return std::nullopt;
    }
    return event::parse_checkpoint(nlohmann::ordered_json{{"checkpoint", *told}}.dump(),
                                   "source of a mark");
}

Order order_of(const event::Checkpoint& checkpoint) {
    if (const auto source = source_checkpoint(checkpoint)) {
        return source->order;
    }
    return Order::make(std::numeric_limits<std::uint16_t>::max(),
                       std::numeric_limits<std::uint64_t>::max(), Order::kMaxIndex);
}

std::string position_name(const event::Checkpoint& checkpoint, const std::string& input) {
    return (input.empty() ? "" : input + '\t') + source_name(checkpoint) +
           (checkpoint.beside_stream() ? " beside" : "");
}

State::State(const std::string& folder, const duckdb::Settings& settings, std::uint16_t epoch)
    : m_folder{folder}, m_database{made_folder(folder), with_spill(settings, folder)},
      m_connection{m_database}, m_asking{m_database}, m_epoch{epoch != 0 ? epoch
                                                                         : epoch_of_today()} {
    m_made_anew = m_connection.number("SELECT count(*) FROM duckdb_tables() WHERE schema_name = "
                                      "'cdc' AND table_name = 'meta'") == 0;
    if (m_made_anew) {
        make();
    } else {
        read();
    }
    m_connection.execute( // states of versions without it go on
        "CREATE TABLE IF NOT EXISTS cdc.parked (view VARCHAR, key VARCHAR, words VARCHAR)");
    m_connection.execute("ALTER TABLE cdc.parked ADD COLUMN IF NOT EXISTS again BOOLEAN");
}

void State::make() {
    duckdb::Transaction transaction{m_connection};
    for (const char* sql :
         {"CREATE SCHEMA cdc", "CREATE TABLE cdc.meta (name VARCHAR, value VARCHAR)",
          "CREATE TABLE cdc.positions (source VARCHAR, checkpoint VARCHAR)",
          "CREATE TABLE cdc.tables (id INTEGER, description VARCHAR)",
          "CREATE TABLE cdc.views (name VARCHAR, definition VARCHAR, columns VARCHAR)"}) {
        m_connection.execute(sql);
    }
    set_meta("format", std::to_string(kFormat));
    set_meta("epoch", std::to_string(m_epoch));
    set_meta("progress", "0 1 0"); // last position of outputs; segment and bytes of the outbox
    transaction.commit();
}

void State::read() {
    if (const std::string format = meta("format"); format != std::to_string(kFormat)) {
        throw Error{ExitCode::refused,
                    fmt::format("the state {} has format {}, which this version does not know",
                                in_quotes(m_folder), in_quotes(format)),
                    "A state is made anew in an empty folder, from a snapshot of its tables."};
    }
    m_epoch = base::parse_integer<std::uint16_t>(meta("epoch")).value_or(0);
    duckdb::Result times =
        m_connection.query("SELECT name, value FROM cdc.meta WHERE name LIKE 'kept%'");
    while (times.next()) {
        for (std::uint64_t row = 0; row < times.size(); ++row) {
            const std::string_view name = times.column(0).text(row);
            m_kept_ts_ms[std::string{name.size() > 5 ? name.substr(5) : ""}] =
                base::parse_integer<std::int64_t>(times.column(1).text(row)).value_or(0);
        }
    }
    std::istringstream progress{meta("progress")};
    progress >> m_last_position >> m_outbox_end.segment >> m_outbox_end.bytes;
    duckdb::Result result = m_connection.query("SELECT source, checkpoint FROM cdc.positions");
    while (result.next()) {
        for (std::uint64_t row = 0; row < result.size(); ++row) {
            m_positions[std::string{result.column(0).text(row)}] = result.column(1).text(row);
        }
    }
}

std::string State::meta(const std::string& name) {
    return m_connection.text(
        fmt::format("SELECT max(value) FROM cdc.meta WHERE name = '{}'", name));
}

void State::set_meta(const std::string& name, const std::string& value) {
    m_connection.execute(fmt::format("DELETE FROM cdc.meta WHERE name = '{}'", name));
    m_connection.execute(
        fmt::format("INSERT INTO cdc.meta VALUES ('{}', {})", name, quoted_text(value)));
}

std::vector<StoredTable> State::tables() {
    std::vector<StoredTable> out;
    duckdb::Result result =
        m_connection.query("SELECT id, description FROM cdc.tables ORDER BY id");
    while (result.next()) {
        for (std::uint64_t row = 0; row < result.size(); ++row) {
            out.push_back(parse_stored_table(result.column(0).at<std::int32_t>(row),
                                             result.column(1).text(row)));
        }
    }
    return out;
}

std::vector<StoredView> State::views() {
    std::vector<StoredView> out;
    duckdb::Result result =
        m_connection.query("SELECT name, definition, columns FROM cdc.views ORDER BY name");
    while (result.next()) {
        for (std::uint64_t row = 0; row < result.size(); ++row) {
            out.push_back({std::string{result.column(0).text(row)},
                           std::string{result.column(1).text(row)},
                           std::string{result.column(2).text(row)}});
        }
    }
    return out;
}

void State::keep_table(const StoredTable& table) {
    m_connection.execute(fmt::format("DELETE FROM cdc.tables WHERE id = {}", table.id));
    m_connection.execute(fmt::format("INSERT INTO cdc.tables VALUES ({}, {})", table.id,
                                     quoted_text(table_json(table))));
}

void State::keep_view(const StoredView& view) {
    forget_view(view.name);
    m_connection.execute(fmt::format("INSERT INTO cdc.views VALUES ({}, {}, {})",
                                     quoted_text(view.name), quoted_text(view.definition),
                                     quoted_text(view.columns)));
}

ParkedKeys State::parked(const std::string& view) {
    ParkedKeys out;
    duckdb::Result result =
        m_connection.query("SELECT key, words, coalesce(again, false)::INTEGER FROM cdc.parked "
                           "WHERE view = " +
                           quoted_text(view));
    while (result.next()) {
        for (std::uint64_t row = 0; row < result.size(); ++row) {
            out[std::string{result.column(0).text(row)}] = {
                std::string{result.column(1).text(row)},
                result.column(2).at<std::int32_t>(row) != 0};
        }
    }
    return out;
}

void State::keep_parked(const std::string& view, const ParkedKeys& keys) {
    m_connection.execute("DELETE FROM cdc.parked WHERE view = " + quoted_text(view));
    for (const auto& [key, row] : keys) {
        m_connection.execute(fmt::format("INSERT INTO cdc.parked VALUES ({}, {}, {}, {})",
                                         quoted_text(view), quoted_text(key),
                                         quoted_text(row.words), row.again));
    }
}

void State::forget_view(const std::string& name) {
    m_connection.execute("DELETE FROM cdc.views WHERE name = " + quoted_text(name));
}

std::map<std::string, OlderShape> State::older_shapes() {
    std::map<std::string, OlderShape> out;
    duckdb::Result result = m_connection.query("SELECT substr(name, 7), value FROM cdc.meta WHERE "
                                               "name LIKE 'shape %'");
    while (result.next()) {
        for (std::uint64_t row = 0; row < result.size(); ++row) {
            const std::string_view value = result.column(1).text(row);
            const std::size_t end = value.find(' ');
            const auto position = base::parse_integer<std::uint64_t>(value.substr(0, end));
            out[std::string{result.column(0).text(row)}] = {position.value_or(0),
                                                            std::string{value.substr(end + 1)}};
        }
    }
    return out;
}

void State::keep_older_shape(const std::string& view, const std::string& columns,
                             std::uint64_t position, std::optional<std::uint64_t> waiting) {
    const std::string held =
        m_connection.text("SELECT max(columns) FROM cdc.views WHERE name = " + quoted_text(view));
    const std::map<std::string, OlderShape> shapes = older_shapes();
    const auto older = shapes.find(view);
    const bool is_wanted = older != shapes.end() && waiting && *waiting < older->second.position;
    if (held.empty() || held == columns || is_wanted) {
        return;
    }
    const std::string name = quoted_text("shape " + view);
    m_connection.execute("DELETE FROM cdc.meta WHERE name = " + name);
    if (waiting) {
        m_connection.execute(fmt::format("INSERT INTO cdc.meta VALUES ({}, {})", name,
                                         quoted_text(std::to_string(position) + ' ' + held)));
    }
}

std::int64_t State::kept_ts_ms(const std::string& input) const {
    const auto found = m_kept_ts_ms.find(input);
    return found == m_kept_ts_ms.end() ? 0 : found->second;
}

void State::keep_time(const std::string& input, std::int64_t commit_ts_ms) {
    if (std::int64_t& kept = m_kept_ts_ms[input]; kept != commit_ts_ms) {
        set_meta(input.empty() ? "kept" : "kept " + input, std::to_string(commit_ts_ms));
        kept = commit_ts_ms;
    }
}

void State::forget_position(const std::string& name) {
    m_connection.execute("DELETE FROM cdc.positions WHERE source = " + quoted_text(name));
    m_positions.erase(name);
}

void State::keep_cut(const std::string& name, std::string_view line, std::uint64_t position,
                     const OutboxEnd& end) {
    m_connection.execute("DELETE FROM cdc.positions WHERE source = " + quoted_text(name));
    m_connection.execute(fmt::format("INSERT INTO cdc.positions VALUES ({}, {})", quoted_text(name),
                                     quoted_text(line)));
    set_meta("progress", fmt::format("{} {} {}", position, end.segment, end.bytes));
    m_positions[name] = std::string{line};
    m_last_position = position;
    m_outbox_end = end;
}

} // namespace cdc::transform
