#include "cdc-load/facts_keeper.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/layout.hpp"
#include "clickhouse/schema.hpp"
#include "event/checkpoint.hpp"
#include "event/json_cursor.hpp"
#include "event/table.hpp"

#include <nlohmann/json.hpp>

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

event::Table identity_of(const event::Source& source) {
    return {source.db, source.schema, source.table, {}};
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

/// "XID ORDER,…" as transactions, and as text without those at or below `through` that the look of
/// `facts` could see: a commit can be in the log before a look's position and not yet visible.
std::vector<std::string> truncates(std::string_view text, Order through, const Facts& facts,
                                   std::string& rest) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::string entry = cut(text, ',');
        std::string_view parts{entry};
        out.push_back(cut(parts, ' '));
        const bool seen = facts.xid.empty() || event::precedes(out.back(), facts.xid);
        if (const auto order = Order::parse(parts); order && (*order > through || !seen)) {
            rest += (rest.empty() ? "" : ",") + entry;
        }
    }
    return out;
}

/// The shape of the table's rows, where they came below `order` from the source's table `oid`.
std::optional<event::Table> shape_of(const clickhouse::TableState& state, std::uint32_t oid,
                                     Order order) {
    if (state.shape.empty() || state.shape_order >= order) {
        return std::nullopt;
    }
    event::Table shape = event::parse_table(state.shape);
    return shape.oid == 0 || shape.oid == oid ? std::optional{std::move(shape)} : std::nullopt;
}

/// Of a table whose facts are seen for the first time: what its rows' own shape adds to `mark`.
std::optional<event::Mark> judge_rows(std::optional<event::Mark> mark,
                                      const std::optional<event::Table>& shown,
                                      const Facts& after) {
    if (shown && !after.empty && (!mark || mark->kind == event::Mark::Kind::unproven)) {
        if (auto other = event::judge_shape(*shown, after)) {
            return other;
        }
    }
    return mark;
}

/// Of a checkpoint line: its member `facts_order`; "": it has none.
std::string_view order_of_all_facts(std::string_view checkpoint) {
    const std::string member = fmt::format(R"("{}":")", event::kFactsOrderMember);
    const std::size_t found = checkpoint.find(member);
    if (found == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = checkpoint.substr(found + member.size());
    return rest.substr(0, rest.find('"'));
}

/// `stored`: what the target knows of where its table comes from; "": nothing, it had no rows.
void name_source(event::Source& source, const std::string& stored, const std::string& name) {
    source.schema.clear();
    source.table = name;
    if (!stored.empty()) {
        const auto document = nlohmann::json::parse(stored);
        source.schema = document.value("schema", "");
        source.table = document.value("table", name);
    }
}

bool has_unlogged(const Facts& facts) {
    return std::any_of(facts.leaves.begin(), facts.leaves.end(), [](const auto& leaf) {
        return leaf.persistence == 'u' || leaf.kind == 'f';
    });
}

} // namespace

std::string FactsKeeper::table_name(const event::Source& source) const {
    return clickhouse::Target{m_options.layout, identity_of(source)}.name;
}

bool FactsKeeper::is_others(const std::string& name, const event::Source& source,
                            clickhouse::TableState& state) {
    const std::string own = clickhouse::source_json(identity_of(source));
    Known& known = m_tables[name];
    const bool another = !known.owner.empty() && known.owner != own;
    if (another && state.source.empty()) {
        refresh(name, state); // its first rows may have come meanwhile
    }
    if (another && state.source.empty()) {
        known = {}; // it has no rows yet
    }
    known.owner = state.source.empty() ? own : state.source;
    if (known.owner == own) {
        return false;
    }
    if (m_others.insert(own).second) {
        base::log::warning("table {} is passed over: the target's table {} belongs to the source "
                           "table {}; tell them apart with --table-name '{{schema}}_{{table}}'",
                           display_name(source), in_quotes(name), known.owner);
    }
    return true;
}

FactsKeeper::SourceFacts& FactsKeeper::source_of(const event::Source& source) {
    const std::string key = source_key(source);
    const auto [place, added] = m_sources.try_emplace(key);
    if (added) {
        std::string answer;
        clickhouse::with_retry(m_retry, [&] {
            answer = m_transport.query(
                fmt::format("SELECT count() > 0 FROM {} WHERE scope = 'table' AND item = 'facts' "
                            "AND position = {}",
                            clickhouse::kStateTable, quote_string(key)),
                "TabSeparated");
        });
        place->second.stored = place->second.known = answer.starts_with('1');
    }
    return place->second;
}

bool FactsKeeper::knows(const event::Source& source) {
    return source_of(source).known;
}

Proof FactsKeeper::proof(const std::string& table, Order order) const {
    const auto found = m_tables.find(table);
    if (found == m_tables.end()) {
        return {};
    }
    const Known& known = found->second;
    return {known.read.order == order ? known.read.value : std::string{}, known.unlogged};
}

FactsKeeper::Known& FactsKeeper::refresh(const std::string& name, clickhouse::TableState& state) {
    clickhouse::with_retry(m_retry,
                           [&] { state = clickhouse::read_table_state(m_transport, name); });
    Known& known = m_tables[name];
    const auto take = [](Item& item, Order order, std::string value, bool by_facts) {
        if (order >= item.order) {
            item = {order, std::move(value), by_facts};
        }
    };
    take(known.facts, state.facts_order, std::move(state.facts), false);
    take(known.truncated, state.truncated_order, std::move(state.truncated), false);
    take(known.stale, state.stale_order, state.stale, state.stale_by_facts);
    take(known.unproven, state.unproven_order, state.unproven, state.unproven_by_facts);
    return known;
}

void FactsKeeper::put(Outcome& outcome, const std::string& name, const char* item, Item& known,
                      Order order, std::string value, std::string_view position) {
    clickhouse::StateRow row = clickhouse::table_row(name, item, order, value);
    row.position = position;
    const bool row_by_facts = position == clickhouse::kByFacts;
    outcome.rows.push_back(std::move(row));
    known = {order, std::move(value), row_by_facts};
}

void FactsKeeper::mark(Outcome& outcome, const std::string& name, const event::Source& source,
                       const event::Mark& mark, bool by_facts) {
    const bool stale = mark.kind == event::Mark::Kind::stale;
    Known& known = m_tables[name];
    Item& item = stale ? known.stale : known.unproven;
    if (source.order <= item.order && item.order != Order{}) {
        return; // a repeat, or the table was read whole behind it
    }
    // A snapshot may find that what the facts told was before it; of other reasons it cannot.
    by_facts = by_facts && (item.value.empty() || item.by_facts);
    put(outcome, name, stale ? "stale" : "unproven", item, source.order, mark.why,
        by_facts ? clickhouse::kByFacts : "");
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

/// Facts of a table of which none are known. Those of a stream's first look are taken as they are.
std::optional<event::Mark>
FactsKeeper::judge_first(const Facts& after, const event::Source& source,
                         const clickhouse::TableState& state,
                         const std::vector<std::string>& truncates) const {
    const auto shown = shape_of(state, after.oid, source.order);
    const event::JudgeOptions options{m_options.keep_dropped_partitions, shown.has_value()};
    if (after.gone) {
        return event::judge({}, after, {}, options);
    }
    if (of_snapshot(source) || (after.since.empty() && !has_unlogged(after))) {
        return has_unlogged(after) ? event::judge_new(after, "0", {}, options) : std::nullopt;
    }
    auto mark =
        event::judge_new(after, after.since.empty() ? "0" : after.since, truncates, options);
    return judge_rows(std::move(mark), shown, after);
}

FactsKeeper::Outcome FactsKeeper::take_facts(const event::DecodedLine& line) {
    Outcome outcome;
    Facts after = event::parse_facts(line.payload);
    const Order order = line.source.order;
    const std::string name = table_name(line.source);
    SourceFacts& source = source_of(line.source);
    source.known = true;
    clickhouse::TableState state;
    // Nothing is stored of a source whose facts are the first ones.
    if (source.stored || !after.since.empty()) {
        refresh(name, state);
    }
    if (is_others(name, line.source, state)) {
        return outcome;
    }
    Known& known = m_tables[name];
    known.unlogged = has_unlogged(after);
    if (of_snapshot(line.source)) {
        known.read = {order, std::string{line.payload}};
    }
    if (order <= known.facts.order) {
        return outcome;
    }
    const bool held = !known.facts.value.empty();
    if (!held && after.gone && !shape_of(state, after.oid, order)) {
        return outcome;
    }
    std::string rest;
    std::optional<event::Mark> mark;
    bool another = false;
    const auto passed = truncates(known.truncated.value, order, after, rest);
    if (held) {
        const Facts before = event::parse_facts(known.facts.value);
        mark = event::judge(before, after, passed, {m_options.keep_dropped_partitions});
        another = before.oid != after.oid && !after.gone;
        if (another) {
            mark = judge_rows(std::move(mark), shape_of(state, after.oid, order), after);
        }
        event::keep_missing(after, before);
        if (after.slot.empty()) { // read beside the stream
            after.slot = before.slot;
        }
    } else {
        mark = judge_first(after, line.source, state, passed);
    }
    const bool snapshot = of_snapshot(line.source);
    if ((snapshot || !after.since.empty()) && !after.gone) {
        // The log had the table under another name, where its rows are.
        std::string other;
        if ((another || !held) && !snapshot) {
            clickhouse::with_retry(
                m_retry, [&] { other = clickhouse::table_of_oid(m_transport, after.oid, name); });
        }
        if (!other.empty() && !after.empty) {
            mark = event::Mark{event::Mark::Kind::stale,
                               fmt::format("it was called {} here", in_quotes(other))};
        }
        if (!state.shape.empty() && state.shape_order < order &&
            !shape_of(state, after.oid, order)) {
            outcome.barrier = order;
            outcome.rows.push_back(clickhouse::barrier_row(name, order));
        }
    }
    if (mark) {
        FactsKeeper::mark(outcome, name, line.source, *mark, true);
    }
    if (another) {
        // Rows of the new table may have come, and marks with them, since its first table line.
        const bool begun = shape_of(state, after.oid, order).has_value();
        clear(outcome, name, begun ? std::min(order, state.barrier) : order);
    }
    std::string value;
    event::append_facts(value, after);
    put(outcome, name, "facts", known.facts, order, std::move(value), source_key(line.source));
    outcome.rows.push_back(clickhouse::table_row(name, clickhouse::oid_item(after.oid), order, ""));
    if (!known.truncated.value.empty()) {
        put(outcome, name, "truncated", known.truncated, order, std::move(rest));
    }
    return outcome;
}

bool FactsKeeper::has_left(std::string_view line) const {
    const std::string_view order = order_of_all_facts(line);
    return !order.empty() && !m_left.contains(order);
}

FactsKeeper::Outcome FactsKeeper::take_left(std::string_view line) {
    Outcome outcome;
    const std::string_view text = order_of_all_facts(line);
    const auto order = Order::parse(text);
    m_left.emplace(text);
    const event::Checkpoint checkpoint = event::parse_checkpoint(line, "checkpoint line");
    if (checkpoint.kind != "postgres" || !order) {
        return outcome;
    }
    event::Source source;
    source.connector = "postgresql";
    source.db = checkpoint.database;
    source.order = *order;
    std::string answer;
    clickhouse::with_retry(m_retry, [&] {
        answer = m_transport.query(
            fmt::format("SELECT name FROM {} FINAL WHERE scope = 'table' AND item = 'facts' AND "
                        "position = {} AND version < toUInt128('{}') AND "
                        "JSONExtractString(value, 'slot') = {} AND NOT JSONHas(value, 'gone') "
                        "ORDER BY name",
                        clickhouse::kStateTable, quote_string(source_key(source)),
                        base::decimal_text(order->value), quote_string(checkpoint.slot)),
            "TabSeparated");
    });
    for (const auto& row : clickhouse::parse_tsv(answer)) {
        clickhouse::TableState state;
        Known& known = refresh(row.at(0), state);
        const Facts before = event::parse_facts(known.facts.value);
        if (known.facts.order >= *order || before.gone) {
            continue; // told meanwhile
        }
        Facts gone;
        gone.oid = before.oid;
        gone.slot = before.slot;
        gone.gone = true;
        name_source(source, state.source, row.at(0));
        if (const auto why = event::judge(before, gone, {})) {
            mark(outcome, row.at(0), source, *why, true);
        }
        std::string value;
        event::append_facts(value, gone);
        put(outcome, row.at(0), "facts", known.facts, *order, std::move(value), source_key(source));
    }
    return outcome;
}

FactsKeeper::Outcome FactsKeeper::take_mark(const event::DecodedLine& line) {
    Outcome outcome;
    clickhouse::TableState state;
    const std::string name = table_name(line.source);
    refresh(name, state);
    if (!is_others(name, line.source, state)) {
        mark(outcome, name, line.source, event::parse_mark(line.payload), false);
    }
    return outcome;
}

FactsKeeper::Outcome FactsKeeper::take_truncate(const event::DecodedLine& line) {
    Outcome outcome;
    const std::string xid = transaction_of(line.source);
    if (xid.empty() || !knows(line.source)) {
        return outcome;
    }
    const std::string name = table_name(line.source);
    clickhouse::TableState state;
    if (!m_tables.contains(name)) {
        refresh(name, state);
    }
    if (is_others(name, line.source, state)) {
        return outcome;
    }
    Known& known = m_tables[name];
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
