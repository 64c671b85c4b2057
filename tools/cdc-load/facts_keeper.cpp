#include "cdc-load/facts_keeper.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/layout.hpp"
#include "clickhouse/schema.hpp"
#include "event/json_cursor.hpp"
#include "event/table.hpp"

#include <algorithm>

namespace cdc::load {

using base::in_quotes;
using clickhouse::quote_string;
using event::Facts;
using event::Order;

namespace {

constexpr std::size_t kTruncates = 200; ///< of a table, the last ones

/// What facts rows of one source have in common. Stored: do not change.
std::string source_key(const event::Source& source) {
    return source.connector + ":" + source.db;
}

std::string display_name(const event::Source& source) {
    return (source.schema.empty() ? source.db : source.schema) + "." + source.table;
}

bool of_snapshot(const event::Source& source) {
    return source.raw.find(R"("snapshot":"true")") != std::string_view::npos;
}

std::string transaction_of(const event::Source& source) {
    event::JsonCursor cursor{source.raw};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "txId" && value != "null") {
            const bool quoted = value.size() > 1 && value.front() == '"';
            return std::string{quoted ? value.substr(1, value.size() - 2) : value};
        }
    }
    return {};
}

std::string cut(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    std::string part{text.substr(0, end)};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

/// "XID ORDER,…" as transactions, and as text without those at or below `through`.
std::vector<std::string> truncates(std::string_view text, Order through, std::string& rest) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::string entry = cut(text, ',');
        std::string_view parts{entry};
        out.push_back(cut(parts, ' '));
        if (const auto order = Order::parse(parts); order && *order > through) {
            rest += (rest.empty() ? "" : ",") + entry;
        }
    }
    return out;
}

bool has_unlogged(const Facts& facts) {
    return std::any_of(facts.leaves.begin(), facts.leaves.end(), [](const auto& leaf) {
        return leaf.persistence == 'u' || leaf.kind == 'f';
    });
}

} // namespace

std::string FactsKeeper::table_name(const event::Source& source) const {
    const event::Table identity{source.db, source.schema, source.table, {}};
    return clickhouse::Target{m_options.layout, identity}.name;
}

FactsKeeper::SourceFacts& FactsKeeper::source_of(const event::Source& source) {
    const std::string key = source_key(source);
    const auto [place, added] = m_sources.try_emplace(key);
    if (added) {
        std::string answer;
        clickhouse::with_retry(m_retry, [&] {
            answer = m_transport.query(
                fmt::format("SELECT lower(leftPad(hex(min(version)), 32, '0')) FROM {} WHERE scope "
                            "= 'table' AND item = 'facts' AND position = {} HAVING count() > 0",
                            clickhouse::kStateTable, quote_string(key)),
                "TabSeparated");
        });
        place->second.first_order =
            Order::parse(answer.substr(0, answer.find('\n'))).value_or(Order{});
    }
    return place->second;
}

bool FactsKeeper::knows(const event::Source& source) {
    return source_of(source).first_order != Order{};
}

bool FactsKeeper::is_unlogged(const std::string& table) const {
    const auto found = m_tables.find(table);
    return found != m_tables.end() && found->second.unlogged;
}

/// The transaction from which on the look before this one could not see.
std::string FactsKeeper::since(const SourceFacts& source, const event::Source& line) {
    if (!source.xid_before.empty()) {
        return source.xid_before;
    }
    std::string answer;
    clickhouse::with_retry(m_retry, [&] {
        answer = m_transport.query(
            fmt::format("SELECT max(toUInt64OrZero(JSONExtractString(value, 'xid'))) FROM {} "
                        "WHERE scope = 'table' AND item = 'facts' AND position = {} AND version < "
                        "toUInt128('{}')",
                        clickhouse::kStateTable, quote_string(source_key(line)),
                        base::decimal_text(line.order.value)),
            "TabSeparated");
    });
    answer = answer.substr(0, answer.find('\n'));
    return answer == "0" ? std::string{} : answer;
}

FactsKeeper::Known& FactsKeeper::refresh(const std::string& name, clickhouse::TableState& state) {
    clickhouse::with_retry(m_retry,
                           [&] { state = clickhouse::read_table_state(m_transport, name); });
    Known& known = m_tables[name];
    const auto take = [](Item& item, Order order, std::string& value) {
        if (order >= item.order) {
            item = {order, std::move(value)};
        }
    };
    take(known.facts, state.facts_order, state.facts);
    take(known.truncated, state.truncated_order, state.truncated);
    std::string stale = state.stale;
    take(known.stale, state.stale_order, stale);
    std::string unproven = state.unproven;
    take(known.unproven, state.unproven_order, unproven);
    return known;
}

void FactsKeeper::put(Outcome& outcome, const std::string& name, const char* item, Item& known,
                      Order order, std::string value, std::string_view position) {
    clickhouse::StateRow row = clickhouse::table_row(name, item, order, value);
    row.position = position;
    outcome.rows.push_back(std::move(row));
    known = {order, std::move(value)};
}

void FactsKeeper::mark(Outcome& outcome, const std::string& name, const event::Source& source,
                       const event::Mark& mark) {
    const bool stale = mark.kind == event::Mark::Kind::stale;
    Known& known = m_tables[name];
    Item& item = stale ? known.stale : known.unproven;
    if (source.order <= item.order && item.order != Order{}) {
        return; // a repeat, or the table was read whole behind it
    }
    put(outcome, name, stale ? "stale" : "unproven", item, source.order, mark.why);
    const std::string words =
        fmt::format("table {} is {}: {}; {} until it is read again (cdc-snapshot --tables '{}')",
                    in_quotes(name), stale ? "stale" : "unproven", mark.why,
                    stale ? "some of its rows differ from the source's"
                          : "nothing proves that its rows are the source's",
                    display_name(source));
    if (of_snapshot(source)) { // whose end line takes the mark away
        base::log::info("{}", words);
    } else {
        base::log::warning("{}", words);
    }
    if (stale) {
        m_marks.set_stale(name, true);
    } else {
        m_marks.set_unproven(name, true);
    }
}

/// The rows that were marked have ended.
void FactsKeeper::clear(Outcome& outcome, const std::string& name, Order order) {
    Known& known = m_tables[name];
    if (!known.stale.value.empty() && known.stale.order < order) { // not by this line
        put(outcome, name, "stale", known.stale, order, "");
        m_marks.set_stale(name, false);
    }
    if (!known.unproven.value.empty() && known.unproven.order < order) {
        put(outcome, name, "unproven", known.unproven, order, "");
        m_marks.set_unproven(name, false);
    }
}

FactsKeeper::Outcome FactsKeeper::take_facts(const event::DecodedLine& line) {
    Outcome outcome;
    Facts after = event::parse_facts(line.payload);
    const Order order = line.source.order;
    const std::string name = table_name(line.source);
    SourceFacts& source = source_of(line.source);
    const bool unheard = source.first_order == Order{};
    const bool first_look = unheard || order <= source.first_order;
    source.fresh |= unheard;
    if (first_look) {
        source.first_order = order;
    }
    if (order > source.order) {
        source.xid_before = source.xid;
        source.xid = after.xid;
        source.order = order;
    }
    clickhouse::TableState state;
    // Nothing is stored of a source whose facts are the first ones.
    Known& known = source.fresh && first_look ? m_tables[name] : refresh(name, state);
    known.unlogged = has_unlogged(after);
    if (order <= known.facts.order) {
        return outcome;
    }
    const bool held = !known.facts.value.empty();
    if (!held && after.gone) {
        return outcome;
    }
    std::string rest;
    std::string value{line.payload};
    std::optional<event::Mark> mark;
    bool another = false;
    if (held) {
        const Facts before = event::parse_facts(known.facts.value);
        mark = event::judge(before, after, truncates(known.truncated.value, order, rest),
                            {m_options.keep_dropped_partitions});
        another = before.oid != after.oid && !after.gone;
        if (event::keep_missing(after, before)) {
            value.clear();
            event::append_facts(value, after);
        }
    } else if (has_unlogged(after)) {
        mark = event::judge_new(after, "0");
    } else if (!first_look && !of_snapshot(line.source)) {
        const std::string seen = since(source, line.source);
        mark = event::judge_new(after, seen.empty() ? after.xid : seen);
    }
    if (!first_look && !after.gone) {
        // The log had the table under another name, where its rows are.
        std::string other;
        if ((another || !held) && !of_snapshot(line.source)) {
            clickhouse::with_retry(
                m_retry, [&] { other = clickhouse::table_of_oid(m_transport, after.oid, name); });
        }
        if (!other.empty() && !after.empty) {
            mark = event::Mark{event::Mark::Kind::stale,
                               fmt::format("it was called {} here", in_quotes(other))};
        }
        std::string ignored;
        if (!state.shape.empty() && state.shape_order < order) {
            const std::uint32_t shape_oid = event::parse_table(state.shape, ignored).oid;
            if (shape_oid != 0 && shape_oid != after.oid) {
                outcome.barrier = order;
                outcome.rows.push_back(clickhouse::barrier_row(name, order));
            }
        }
    }
    if (mark) {
        FactsKeeper::mark(outcome, name, line.source, *mark);
    }
    if (another) {
        clear(outcome, name, order);
    }
    put(outcome, name, "facts", known.facts, order, std::move(value), source_key(line.source));
    outcome.rows.push_back(clickhouse::table_row(name, clickhouse::oid_item(after.oid), order, ""));
    if (!known.truncated.value.empty()) {
        put(outcome, name, "truncated", known.truncated, order, std::move(rest));
    }
    return outcome;
}

FactsKeeper::Outcome FactsKeeper::take_mark(const event::DecodedLine& line) {
    Outcome outcome;
    clickhouse::TableState state;
    const std::string name = table_name(line.source);
    refresh(name, state);
    mark(outcome, name, line.source, event::parse_mark(line.payload));
    return outcome;
}

FactsKeeper::Outcome FactsKeeper::take_truncate(const event::DecodedLine& line) {
    Outcome outcome;
    const std::string xid = transaction_of(line.source);
    if (xid.empty() || !knows(line.source)) {
        return outcome;
    }
    const std::string name = table_name(line.source);
    const bool loaded = m_tables.contains(name);
    clickhouse::TableState state;
    Known& known = loaded ? m_tables[name] : refresh(name, state);
    if (line.source.order <= known.facts.order || line.source.order <= known.truncated.order) {
        return outcome; // a repeat
    }
    std::string value = known.truncated.value;
    value += (value.empty() ? "" : ",") + xid + ' ' + line.source.order.text();
    while (static_cast<std::size_t>(std::count(value.begin(), value.end(), ',')) >= kTruncates) {
        value.erase(0, value.find(',') + 1);
    }
    put(outcome, name, "truncated", known.truncated, line.source.order, std::move(value));
    return outcome;
}

} // namespace cdc::load
