#include "cdc-load/loader.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-load/table_setup.hpp"
#include "event/checkpoint.hpp"
#include "event/json_cursor.hpp"
#include "event/line_encoding.hpp"

#include <algorithm>
#include <optional>

/// What a Loader does with the lines that are about a whole table.
namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::DecodedLine;

namespace {

/// "status" and "whole" of a snapshot line.
void parse_snapshot(std::string_view payload, bool& begin, bool& whole) {
    std::string_view status;
    whole = false;
    event::JsonCursor cursor{payload};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "status") {
            status = value;
        } else if (name == "whole") {
            whole = value == "true";
        }
    }
    if (cursor.failed() || (status != "\"begin\"" && status != "\"end\"")) {
        fail(ExitCode::bad_data, "snapshot line without status begin or end: {}",
             in_quotes(payload));
    }
    begin = status == "\"begin\"";
}

} // namespace

void Loader::take_table(const DecodedLine& line) {
    if (event::encoding_of(line.source.raw) == event::Encoding::debezium) {
        throw Error{ExitCode::refused,
                    fmt::format("the values of {} are in Debezium's encodings, which lose what the "
                                "target needs",
                                base::in_quotes(line.source.schema + "." + line.source.table)),
                    "capture without --types debezium"};
    }
    std::string version;
    const event::Table described = event::parse_table(line.payload, version);
    TableLoader& table = add_table(line.source);
    if (table.version() == version && table.oid == described.oid) {
        table.misfit.reset();
        return;
    }
    if (table.misfit && table.line_shape.version == version) {
        return;
    }
    if (!m_work->empty() && !table.version().empty()) {
        submit(); // rows of the old shape first
    }
    wait_for_flusher();
    const bool first = table.version().empty();
    const std::size_t number = m_last_number;
    const bool facts = !m_options.dry_run && m_facts.knows(line.source);
    if (first) {
        const bool keyed = std::any_of(described.columns.begin(), described.columns.end(),
                                       [](const auto& column) { return column.key != 0; });
        m_history.take_table(table, line.source, keyed);
    }
    clickhouse::with_retry(m_flusher.retry_policy(), [&] {
        set_up_or_wait(m_transport, table,
                       {line.source.connector, described, version, line.source.order,
                        line.source.ts_ms, facts},
                       m_options.rebuild);
    });
    if (m_options.rebuild && first && !table.rebuild_mark.empty() && !table.side) {
        auto side = TableLoader::aside(table);
        if (m_rebuilder.resume(table, *side)) {
            put_aside(number, std::move(side));
        }
    }
    if (m_options.keeps_lines()) {
        table.table_line = line.raw;
    } else { // only who refuses a line needs to know of those that were replayed
        std::erase_if(table.parked, [](const auto& entry) { return !entry.second.parked(); });
    }
}

void Loader::take_facts(const DecodedLine& line) {
    if (m_options.dry_run || m_options.replaying()) {
        return; // a replay brings what was missing, and moves nothing on
    }
    wait_for_flusher();
    apply(line.source,
          line.kind == event::LineKind::facts ? m_facts.take_facts(line) : m_facts.take_mark(line));
}

/// Before a checkpoint line is taken.
void Loader::take_left(std::string_view checkpoint) {
    if (m_options.dry_run || !m_facts.has_left(checkpoint)) {
        return;
    }
    wait_for_flusher();
    const FactsKeeper::Outcome outcome = m_facts.take_left(checkpoint);
    for (const auto& table : m_tables) {
        for (const clickhouse::StateRow& row : outcome.rows) {
            if (row.item == "stale" && row.name == table->target().name) {
                table->stale = true;
            }
        }
    }
    keep_rows(outcome);
}

/// One that reads all partitions has stored, before the table was made anew, what it passes over
/// when it reads it again. Where others read the rest, one of them may have made it anew.
void Loader::tell_passed(std::string_view checkpoint) {
    if (checkpoint.find(R"("kind":"kafka")") == std::string_view::npos) {
        return;
    }
    for (const auto& table : m_tables) {
        if (!table->passed || table->late_told || m_options.dry_run ||
            !event::has_some_partitions(event::parse_checkpoint(checkpoint, "checkpoint line"))) {
            continue;
        }
        table->late_told = table->unproven = true;
        const char* const reason = "another reader of the group made it anew, and changes of the "
                                   "shape that is gone came behind that";
        wait_for_flusher();
        clickhouse::with_retry(m_flusher.retry_policy(), [&] {
            clickhouse::insert_state(
                m_transport,
                {clickhouse::unproven_row(table->target().name, table->shape_order, reason)});
        });
        base::log::warning("table {} is unproven: {}; nothing proves that its rows are the "
                           "source's until it is read again (cdc-snapshot --tables '{}')",
                           in_quotes(table->target().name), reason, table->source().display_name());
    }
}

void Loader::apply(const event::Source& source, const FactsKeeper::Outcome& outcome) {
    if (outcome.rows.empty()) {
        return;
    }
    begin_work();
    const auto found = m_numbers.find(source.db + '\0' + source.schema + '\0' + source.table);
    TableLoader* table = found == m_numbers.end() ? nullptr : m_tables[found->second].get();
    if (table != nullptr && outcome.barrier != event::Order{}) {
        table->raise_barrier(outcome.barrier);
        TableWork& work = m_work->table(found->second);
        work.barrier = std::max(work.barrier, outcome.barrier);
    }
    for (const clickhouse::StateRow& row : outcome.rows) {
        if (table != nullptr && row.item == "stale") {
            table->stale = !row.value.empty();
        } else if (table != nullptr && row.item == "unproven") {
            table->unproven = !row.value.empty();
        }
    }
    keep_rows(outcome);
}

void Loader::keep_rows(const FactsKeeper::Outcome& outcome) {
    if (!outcome.rows.empty()) {
        begin_work();
    }
    for (const clickhouse::StateRow& row : outcome.rows) {
        m_work->bytes += row.value.size() + row.name.size() + sizeof(row);
        m_work->state_rows.push_back(row);
    }
}

TableLoader& Loader::know_table(const event::Source& source) {
    TableLoader& table = add_table(source);
    wait_for_flusher();
    clickhouse::with_retry(m_flusher.retry_policy(), [&] {
        const auto state = clickhouse::read_table_state(m_transport, table.target().name);
        if (state.shape.empty()) {
            fail(ExitCode::bad_data, "no table line of {}, and the target does not know it",
                 in_quotes(table.source().display_name()));
        }
        std::string version;
        const event::Table described = event::parse_table(state.shape, version);
        set_up_table(m_transport, table, {source.connector, described, version, state.shape_order});
    });
    return table;
}

/// False: the line is void, as all lines of the shape so far.
bool Loader::settle_shape(TableLoader& table, event::Order order, char op) {
    if (table.is_void(order)) {
        table.pass_over(order, op);
        return false;
    }
    if (!m_work->empty()) {
        submit();
    }
    wait_for_flusher();
    SourceShape shape = table.line_shape;
    shape.order = std::max(shape.order, order);
    clickhouse::with_retry(m_flusher.retry_policy(),
                           [&] { set_up_or_wait(m_transport, table, shape, false); });
    if (table.misfit) {
        table.pass_over(order, op);
    }
    return !table.misfit;
}

void Loader::take_snapshot(const DecodedLine& line) {
    bool begin = false;
    bool whole = false;
    parse_snapshot(line.payload, begin, whole);
    TableLoader& table = find_table(line.source, "snapshot line");
    const std::size_t number = m_last_number;
    const event::Order order = line.source.order;
    if (whole && m_options.rebuild) {
        if (begin ? begin_rebuild(number, order) : end_rebuild(number, order)) {
            return;
        }
    } else if (whole && !table.rebuild_mark.empty()) {
        make_durable();
        m_rebuilder.leave(table, order, begin);
    }
    if (table.misfit && !settle_shape(table, order, 'r')) {
        return;
    }
    begin_work();
    TableWork& work = m_work->table(number);
    table.snapshot(begin, whole, order, work);
    work.proof = m_facts.proof(table.target().name, order);
}

void Loader::make_durable() {
    if (!m_work->empty()) {
        submit();
    }
    wait_for_flusher();
}

/// From here on the table's snapshot goes to another one.
void Loader::put_aside(std::size_t number, std::unique_ptr<TableLoader> side) {
    TableLoader& table = *m_tables[number];
    if (table.side) {
        m_tables[*table.side] = std::move(side);
    } else {
        table.side = m_tables.size();
        m_tables.push_back(std::move(side));
    }
}

bool Loader::begin_rebuild(std::size_t number, event::Order order) {
    make_durable();
    TableLoader& table = *m_tables[number];
    auto side = TableLoader::aside(table);
    if (!m_rebuilder.begin(table, *side, order)) {
        table.side.reset();
        return false;
    }
    put_aside(number, std::move(side));
    begin_work();
    m_tables[*table.side]->snapshot(true, true, order, m_work->table(*table.side));
    return true;
}

bool Loader::end_rebuild(std::size_t number, event::Order order) {
    TableLoader& table = *m_tables[number];
    if (!table.side || table.rebuild_order != order) {
        return false;
    }
    make_durable();
    m_rebuilder.finish(table, *m_tables[*table.side], m_facts.proof(table.target().name, order));
    table.side.reset();
    // Updates that waited for rows of the snapshot have them now.
    begin_work();
    m_work->table(number).complete_waiting = true;
    return true;
}

TableLoader& Loader::find_table(const event::Source& source, const char* what) {
    if (m_last_number < m_tables.size()) {
        const event::Table& last = m_tables[m_last_number]->source();
        if (last.table == source.table && last.schema == source.schema && last.db == source.db) {
            return *m_tables[m_last_number];
        }
    }
    const auto found = m_numbers.find(source.db + '\0' + source.schema + '\0' + source.table);
    if (found == m_numbers.end() && m_options.replaying()) {
        return know_table(source);
    }
    if (found == m_numbers.end()) {
        throw Error{
            ExitCode::bad_data,
            fmt::format("{} of table {} before its table line", what,
                        in_quotes((source.schema.empty() ? source.db : source.schema) + "." +
                                  source.table)),
            "Each stream begins with the table lines: is there a filter that lets none pass?"};
    }
    m_last_number = found->second;
    return *m_tables[m_last_number];
}

TableLoader& Loader::add_table(const event::Source& source) {
    const std::string name = source.db + '\0' + source.schema + '\0' + source.table;
    const auto known = m_numbers.find(name);
    if (known != m_numbers.end()) {
        m_last_number = known->second;
    } else {
        wait_for_flusher(); // which reads m_tables
        event::Table identity{source.db, source.schema, source.table, {}};
        std::optional<clickhouse::Target> target;
        clickhouse::with_retry(m_flusher.retry_policy(), [&] {
            target = load::find_target(m_transport, m_options.layout, identity);
        });
        m_last_number = m_tables.size();
        m_numbers.emplace(name, m_last_number);
        m_tables.push_back(
            std::make_unique<TableLoader>(std::move(identity), *target, m_options.policy));
    }
    return *m_tables[m_last_number];
}

} // namespace cdc::load
