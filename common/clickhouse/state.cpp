#include "clickhouse/state.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/row_format.hpp"
#include "clickhouse/schema.hpp"
#include "event/json_writer.hpp"

#include <nlohmann/json.hpp>

namespace cdc::clickhouse {

StateRow checkpoint_row(const event::Checkpoint& checkpoint, std::string_view line) {
    StateRow row;
    row.scope = "source";
    row.name = fmt::format("{}:{}:{}:{}", checkpoint.kind, checkpoint.server, checkpoint.database,
                           checkpoint.slot);
    row.item = "checkpoint";
    row.version = checkpoint.order;
    row.position = checkpoint.position;
    row.value = line;
    row.commit_ms = checkpoint.commit_ts_ms;
    return row;
}

StateRow table_row(std::string_view table, std::string_view item, event::Order order,
                   std::string_view value) {
    StateRow row;
    row.scope = "table";
    row.name = table;
    row.item = item;
    row.version = order;
    row.value = value;
    return row;
}

StateRow barrier_row(std::string_view table, event::Order order) {
    return table_row(table, "barrier", order, "");
}

StateRow parked_row(std::string_view table, std::string_view key, const ParkedKey& parked) {
    StateRow row;
    row.scope = "parked";
    row.name = table;
    row.item = key;
    row.version = parked.through;
    row.position = parked.from.text();
    row.value = parked.reason;
    return row;
}

void append_state_row(std::string& out, const StateRow& row, std::int64_t now_ms) {
    const std::size_t before = out.size();
    out.resize(before + row.scope.size() + row.name.size() + row.item.size() + row.position.size() +
               row.value.size() + std::size_t{5 * 10 + 32});
    char* at = out.data() + before;
    append_string(at, row.scope);
    append_string(at, row.name);
    append_string(at, row.item);
    append_number(at, row.version.value);
    append_string(at, row.position);
    append_string(at, row.value);
    append_number(at, row.commit_ms);
    append_number(at, now_ms);
    out.resize(static_cast<std::size_t>(at - out.data()));
}

std::string insert_state_sql() {
    return fmt::format("INSERT INTO {} (scope, name, item, version, position, value, commit_time, "
                       "load_time)",
                       kStateTable);
}

void insert_state(Transport& transport, const std::vector<StateRow>& rows) {
    std::string bytes;
    for (const StateRow& row : rows) {
        append_state_row(bytes, row, base::now_ms());
    }
    const std::string_view piece = bytes;
    transport.insert(insert_state_sql(), "RowBinary", {&piece, 1});
}

TableState read_table_state(Transport& transport, std::string_view table) {
    const std::string answer = transport.query(
        fmt::format("SELECT item, lower(leftPad(hex(version), 32, '0')), value, scope, position "
                    "FROM {} FINAL WHERE scope IN ('table', 'parked') AND name = {}",
                    kStateTable, quote_string(table)),
        "TabSeparated");
    TableState state;
    for (const auto& row : parse_tsv(answer)) {
        if (row.size() < 5) {
            continue;
        }
        const event::Order version = event::Order::parse(row[1]).value_or(event::Order{});
        if (row[3] == "parked") {
            state.parked[row[0]] = {event::Order::parse(row[4]).value_or(event::Order{}), version,
                                    row[2]};
        } else if (row[0] == "barrier") {
            state.barrier = version;
        } else if (row[0] == "source") {
            state.source = row[2];
        } else if (row[0] == "shape") {
            state.shape = row[2];
            state.shape_order = version;
        } else if (row[0] == "types") {
            state.types = row[2];
            state.types_order = version;
        } else if (row[0] == "left") {
            for (const auto& name : nlohmann::json::parse(row[2])) {
                state.left.insert(name.get<std::string>());
            }
        } else if (row[0] == "stale") {
            state.stale = row[2];
            state.stale_order = version;
            state.stale_by_facts = row[4] == kByFacts;
        } else if (row[0] == "unproven") {
            state.unproven = row[2];
            state.unproven_order = version;
            state.unproven_by_facts = row[4] == kByFacts;
        } else if (row[0] == "facts") {
            state.facts = row[2];
            state.facts_order = version;
        } else if (row[0] == "truncated") {
            state.truncated = row[2];
            state.truncated_order = version;
        } else if (row[0] == "history") {
            state.history_order = version;
        } else if (row[0] == "remade") {
            state.remade = version;
        } else if (row[0] == "reading") {
            state.reading = row[2] == "begin" ? version : event::Order{};
        } else if (row[0] == "rebuild") {
            state.rebuild = row[2];
            state.rebuild_order = version;
        } else if (row[0] == "layout") {
            state.layout = row[2];
        }
    }
    return state;
}

std::string source_json(const event::Table& source) {
    std::string out = "{\"db\":";
    event::append_json_string(out, source.db);
    out += ",\"schema\":";
    event::append_json_string(out, source.schema);
    out += ",\"table\":";
    event::append_json_string(out, source.table);
    return out + "}";
}

std::string oid_item(std::uint32_t oid) {
    return fmt::format("oid {}", oid);
}

std::string table_of_oid(Transport& transport, std::uint32_t oid, std::string_view table) {
    const auto rows = parse_tsv(transport.query(
        fmt::format("SELECT name FROM {} FINAL WHERE scope = 'table' AND item = {} AND name != {} "
                    "ORDER BY version DESC LIMIT 1",
                    kStateTable, quote_string(oid_item(oid)), quote_string(table)),
        "TabSeparated"));
    return rows.empty() || rows[0].empty() ? std::string{} : rows[0][0];
}

StateRow reading_row(std::string_view table, event::Order order, bool begin) {
    return table_row(table, "reading", order, begin ? "begin" : "end");
}

StateRow stale_row(std::string_view table, event::Order order, std::string_view reason) {
    return table_row(table, "stale", order, reason);
}

StateRow unproven_row(std::string_view table, event::Order order, std::string_view reason) {
    return table_row(table, "unproven", order, reason);
}

} // namespace cdc::clickhouse
