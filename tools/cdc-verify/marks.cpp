#include "cdc-verify/marks.hpp"

#include "base/time.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/state.hpp"

namespace cdc::verify {

Standing read_standing(clickhouse::Transport& transport, const std::string& table) {
    Standing standing;
    for (const auto& row : clickhouse::parse_tsv(transport.query(
             fmt::format(
                 "SELECT item, if(item = 'facts', toString(JSONExtractBool(value, 'gone')), "
                 "value), lower(leftPad(hex(version), 32, '0')) FROM {} FINAL WHERE scope = "
                 "'table' AND name = {} AND item IN ('stale', 'unproven', 'facts', "
                 "'compared') ORDER BY item",
                 clickhouse::kStateTable, clickhouse::quote_string(table)),
             "TabSeparated"))) {
        const auto order = row.size() == 3 ? event::Order::parse(row[2]) : std::nullopt;
        if (!order) {
            continue;
        }
        if (row[0] == "facts") {
            standing.captured = row[1] != "1" && row[1] != "true";
        } else if (row[0] == "compared") {
            standing.compared = order;
        } else if (!row[1].empty()) {
            standing.marks.push_back({row[0], row[1], *order});
        }
    }
    return standing;
}

void clear_marks(clickhouse::Transport& transport, const std::string& table,
                 std::vector<Mark>& marks, event::Order position) {
    std::string rows;
    for (const Mark& mark : marks) {
        if (mark.order <= position) {
            clickhouse::append_state_row(
                rows, clickhouse::table_row(table, mark.kind, mark.order, ""), base::now_ms());
        }
    }
    if (rows.empty()) {
        return;
    }
    const std::string_view data{rows};
    transport.insert(clickhouse::insert_state_sql(), "RowBinary", {&data, 1});
    for (Mark& mark : marks) {
        mark.cleared = mark.order <= position;
    }
}

void record_compared(clickhouse::Transport& transport, const std::string& table,
                     event::Order order) {
    std::string rows;
    clickhouse::append_state_row(rows, clickhouse::table_row(table, "compared", order, ""),
                                 base::now_ms());
    const std::string_view data{rows};
    transport.insert(clickhouse::insert_state_sql(), "RowBinary", {&data, 1});
}

} // namespace cdc::verify
