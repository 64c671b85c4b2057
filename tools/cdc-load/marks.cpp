#include "cdc-load/marks.hpp"

#include "base/log.hpp"
#include "clickhouse/schema.hpp"
#include "event/facts_change.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::load {

namespace {

constexpr std::size_t kNamed = 10;

void say(std::string_view what, const std::set<std::string, std::less<>>& names) {
    if (names.empty()) {
        return;
    }
    std::string list;
    std::size_t count = 0;
    for (const std::string& name : names) {
        if (++count > kNamed) {
            list += ", …";
            break;
        }
        list += (list.empty() ? "" : ", ") + base::in_quotes(name);
    }
    base::log::warning("{} tables {} until they are read again: {}", names.size(), what, list);
}

} // namespace

void Marks::load(clickhouse::Transport& transport) {
    const auto rows = clickhouse::parse_tsv(transport.query(
        fmt::format("SELECT name, item FROM {} FINAL WHERE scope = 'table' AND item IN ('stale', "
                    "'unproven') AND value != ''",
                    clickhouse::kStateTable),
        "TabSeparated"));
    const base::MutexLock lock{m_mutex};
    m_stale.clear();
    m_unproven.clear();
    for (const auto& row : rows) {
        if (row.size() == 2) {
            (row[1] == "stale" ? m_stale : m_unproven).insert(row[0]);
        }
    }
    say("are stale: some of their rows differ from the source's", m_stale);
    say("are unproven: nothing tells that their rows are the source's", m_unproven);
}

std::vector<clickhouse::StateRow> end_marks(const std::string& table,
                                            const clickhouse::TableState& state, event::Order order,
                                            const Proof& proof, bool keep_dropped_partitions) {
    if (proof.unlogged) {
        return {};
    }
    const bool as_read =
        !proof.facts.empty() && !state.facts.empty() &&
        !event::judge(event::parse_facts(proof.facts), event::parse_facts(state.facts), {},
                      {keep_dropped_partitions});
    const auto end = [&](const std::string& why, event::Order marked, bool by_facts) {
        return as_read && by_facts && !why.empty() ? std::max(order, marked) : order;
    };
    return {
        clickhouse::stale_row(table, end(state.stale, state.stale_order, state.stale_by_facts), ""),
        clickhouse::unproven_row(
            table, end(state.unproven, state.unproven_order, state.unproven_by_facts), "")};
}

} // namespace cdc::load
