#include "cdc-load/table_setup.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-load/catalog.hpp"
#include "cdc-load/remake.hpp"
#include "cdc-load/stored_types.hpp"
#include "cdc-load/table_checks.hpp"
#include "cdc-load/view.hpp"
#include "clickhouse/default_value.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/remake.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/stored_name.hpp"
#include "event/facts.hpp"
#include "event/json_writer.hpp"
#include "event/shape_change.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using clickhouse::Transport;

namespace {

constexpr int kSetUps = 5; ///< at most, while other loaders set the same table up

/// What stands for the tables of all shards, on a cluster.
void set_up_distributed(Transport& transport, const clickhouse::Target& target,
                        const clickhouse::TargetShape& shape) {
    if (!target.own().clustered()) {
        return;
    }
    const FoundTable found = find_table(transport, target.raw);
    check_engine(found, target.raw, "Distributed");
    if (!found.exists) {
        const auto database =
            clickhouse::parse_tsv(transport.query("SELECT currentDatabase()", "TabSeparated"));
        transport.execute(clickhouse::create_distributed_sql(target, shape, database.at(0).at(0)));
    }
}

std::string shape_json(const event::Table& described, const std::string& version) {
    std::string out = "{\"version\":\"" + version + "\",";
    if (described.oid != 0) {
        out += fmt::format("\"oid\":{},", described.oid);
    }
    out += "\"columns\":";
    event::append_columns(out, described.columns);
    return out + '}';
}

} // namespace

void warn_stale(const TableLoader& table, std::string_view reason) {
    base::log::warning("table {} is stale: {}; some of its rows differ from the source's until "
                       "it is read again (cdc-snapshot --tables '{}')",
                       in_quotes(table.target().name), reason, table.source().display_name());
}

void mark_stale(Transport& transport, TableLoader& table, event::Order order,
                const std::string& reason) {
    clickhouse::insert_state(transport,
                             {clickhouse::stale_row(table.target().name, order, reason)});
    table.stale = true;
    warn_stale(table, reason);
}

namespace {

void mark_unproven(Transport& transport, const TableLoader& table, event::Order order,
                   clickhouse::TableState& state, const FoundTable& found, std::string reason) {
    check_unmoved(transport, table.target(), state, found);
    clickhouse::insert_state(transport,
                             {clickhouse::unproven_row(table.target().name, order, reason)});
    base::log::warning("table {} is unproven: {}; nothing proves that its rows are the source's "
                       "until it is read again (cdc-snapshot --tables '{}')",
                       in_quotes(table.target().name), reason, table.source().display_name());
    state.unproven = std::move(reason);
}

/// Of what the target's table was found to be.
void mark_found_stale(Transport& transport, TableLoader& table, event::Order order,
                      clickhouse::TableState& state, const FoundTable& found, std::string reason) {
    check_unmoved(transport, table.target(), state, found);
    state.stale = std::move(reason);
    mark_stale(transport, table, order, state.stale);
}

/// Of a table with rows of which `_cdc_state` does not know where they come from: their barrier and
/// their marks are lost with it.
void mark_unknown_rows(Transport& transport, const TableLoader& table, event::Order order,
                       clickhouse::TableState& state, const FoundTable& found) {
    if (state.source.empty() && state.shape.empty() &&
        !transport
             .query("SELECT 1 FROM " + clickhouse::quote_identifier(table.target().stored) +
                        " LIMIT 1",
                    "TabSeparated")
             .empty()) {
        mark_unproven(
            transport, table, order, state, found,
            fmt::format("it held rows of which {} knew nothing", clickhouse::kStateTable));
    }
}

/// Of a table of which somebody altered a column in the target to a type in which the engine
/// changed or cut values.
void mark_altered(Transport& transport, const TableLoader& table, const SourceShape& from,
                  clickhouse::TableState& state, const FoundTable& found,
                  const std::vector<clickhouse::ExistingColumn>& existing) {
    const bool made_anew = !state.rebuild.empty() || state.shape_order < state.remade;
    if (state.shape.empty() || made_anew || !state.unproven.empty()) {
        return;
    }
    std::string reason = altered_column(
        state, found.comment,
        clickhouse::make_shape(from.connector, event::parse_table(state.shape).columns,
                               table.target().own()),
        existing, table.target().own());
    if (!reason.empty()) {
        mark_unproven(transport, table,
                      std::max({from.order, state.shape_order, state.unproven_order}), state, found,
                      std::move(reason));
    }
}

/// What the target itself knows decides: a snapshot may have read the table in its new shape. For
/// a table that is new here, the line.
std::string why_stale(Transport& transport, const TableLoader& table,
                      const clickhouse::TableState& before, const SourceShape& from) {
    const event::Table& described = from.described;
    const event::Order order = from.order;
    // A history stores what is below it, and its view leaves that out.
    const bool below_barrier = table.is_void(order) || order < table.barrier();
    if (!before.shape.empty()) {
        if (is_another_table(before, from) && below_barrier) {
            return "rows of it came behind what ended those of the table that had its name before";
        }
        if (from.facts && is_another_table(before, from)) {
            return {};
        }
        const event::Table shape = event::parse_table(before.shape);
        if (order >= before.shape_order) {
            return event::stale_reason(shape, described, from.facts);
        }
        // Partitions of a topic are read one before the other. Where the table of now began, which
        // would end the rows of this one, is not known.
        const bool ended = shape.oid != 0 && described.oid != 0 && shape.oid != described.oid;
        return ended && !below_barrier
                   ? "rows of a table that had its name before came behind those of this one"
                   : std::string{};
    }
    if (!described.stale.empty() || described.oid == 0) {
        return described.stale;
    }
    const std::string other =
        clickhouse::table_of_oid(transport, described.oid, table.target().name);
    return other.empty() ? other : fmt::format("it was called {} here", in_quotes(other));
}

bool has_rows(Transport& transport, const clickhouse::Target& target,
              const std::vector<clickhouse::ExistingColumn>& existing,
              std::string_view sorting_key) {
    const clickhouse::OldTable now = clickhouse::old_table(target, existing, sorting_key);
    std::vector<std::string> names;
    for (const clickhouse::TargetColumn& column : now.shape.columns) {
        names.push_back(column.stored);
    }
    return !transport
                .query("SELECT 1 FROM (\n" + select_current_sql(target, names, now.shape) +
                           "\n) LIMIT 1",
                       "TabSeparated")
                .empty();
}

/// Whether rows came with this column, and somebody dropped it in the target.
bool had_column(const clickhouse::TableState& state, const SourceShape& from,
                const std::string& name) {
    if (state.shape.empty() || from.order < state.shape_order) {
        return false;
    }
    const auto columns = event::parse_table(state.shape).columns;
    return std::any_of(columns.begin(), columns.end(),
                       [&](const event::Column& column) { return column.name == name; });
}

/// Gives the columns that are added the value that old rows have in them, as the table line says or
/// an earlier look at the catalog. Those of which that is
/// not known are Nullable, and their names are the result.
std::vector<std::string> fit_defaults(Transport& transport, const TableLoader& table,
                                      const SourceShape& from, const clickhouse::TableState& state,
                                      const std::vector<clickhouse::ExistingColumn>& existing,
                                      const FoundTable& found, clickhouse::TargetShape& shape,
                                      clickhouse::ValueCounts& counts) {
    std::vector<std::string> unknown;
    std::optional<bool> filled;
    const event::Facts facts =
        state.facts.empty() ? event::Facts{} : event::parse_facts(state.facts);
    take_stored_names(shape, existing, table.target().own());
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        clickhouse::TargetColumn& column = shape.columns[i];
        if (std::any_of(existing.begin(), existing.end(),
                        [&](const auto& old) { return old.name == column.stored; })) {
            continue;
        }
        if (!filled) {
            filled = has_rows(transport, table.target(), existing, found.sorting_key);
        }
        const bool in_key = std::find(shape.key.begin(), shape.key.end(), i) != shape.key.end();
        if (!*filled) {
            clickhouse::leave_out_misfit(column);
            continue;
        }
        if (!in_key && had_column(state, from, column.name)) {
            clickhouse::forget_default(column);
            unknown.push_back(column.name);
            continue;
        }
        if (column.default_json.empty() && facts.oid == from.described.oid) {
            column.default_json = event::missing_value(facts, from.described.columns[i]);
        }
        try {
            if (fit_default(column, in_key, table.policy(), counts) ==
                clickhouse::DefaultFit::unknown) {
                unknown.push_back(column.name);
            }
        } catch (const Error& error) {
            throw Error{
                error.code(),
                fmt::format("table {}: {}", in_quotes(table.source().display_name()), error.what()),
                error.hint()};
        }
        // MySQL gives old rows the type's zero.
        const bool no_value = column.default_json.empty() && !column.mapping.type.nullable &&
                              !column.mapping.type.array && !in_key;
        if (no_value && from.connector == "postgresql") {
            clickhouse::forget_default(column);
            unknown.push_back(column.name);
        }
    }
    return unknown;
}

/// The columns of which the target keeps values that no line has any more, once `from` is loaded.
std::set<std::string> columns_left(const clickhouse::TableState& before, const SourceShape& from) {
    std::set<std::string> left = before.left;
    if (before.shape.empty() || from.order < before.shape_order) {
        return left;
    }
    for (const event::Column& column : event::parse_table(before.shape).columns) {
        left.insert(column.name);
    }
    for (const event::Column& column : from.described.columns) {
        left.erase(column.name);
    }
    return left;
}

void remember(Transport& transport, TableLoader& table, const clickhouse::TableState& before,
              const SourceShape& from, const std::string& types, bool read_again) {
    const event::Table& described = from.described;
    const event::Order order = from.order;
    std::vector<clickhouse::StateRow> rows;
    const auto add = [&](std::string_view item, std::string_view value) {
        rows.push_back(clickhouse::table_row(table.target().name, item, order, value));
    };
    if (before.source.empty()) {
        add("source", clickhouse::source_json(table.source()));
    }
    if (const std::string layout = clickhouse::layout_json(table.target());
        before.layout != layout) {
        add("layout", layout);
    }
    if (const std::string shape = shape_json(described, from.version); before.shape != shape) {
        add("shape", shape);
        if (described.oid != 0) {
            add(clickhouse::oid_item(described.oid), "");
        }
    }
    if (before.types != types) {
        rows.push_back(clickhouse::table_row(table.target().name, "types",
                                             std::max(order, before.types_order), types));
    }
    std::set<std::string> left = columns_left(before, from);
    if (is_another_table(before, from)) { // the old rows end here
        add("barrier", "");
        table.raise_barrier(order);
        left.clear();
    }
    if (left != before.left) {
        add("left", nlohmann::json(left).dump());
    }
    table.stale = !before.stale.empty();
    table.unproven = !before.unproven.empty();
    const std::string reason =
        read_again ? std::string{} : why_stale(transport, table, before, from);
    if (!reason.empty()) {
        add("stale", reason);
        table.stale = true;
        warn_stale(table, reason);
    }
    if (!rows.empty()) {
        clickhouse::insert_state(transport, rows);
    }
}

} // namespace

void set_up_target(Transport& transport, const clickhouse::Layout& layout) {
    const std::string answer = transport.query("SELECT version()", "TabSeparated");
    const auto version = clickhouse::parse_server_version(answer);
    if (!version || *version < clickhouse::kOldestServer) {
        throw Error{ExitCode::refused,
                    fmt::format("{} is ClickHouse {}, which is too old",
                                in_quotes(transport.name()), answer.substr(0, answer.find('\n'))),
                    fmt::format("At least {}.{} is needed.", clickhouse::kOldestServer.major,
                                clickhouse::kOldestServer.minor)};
    }
    transport.execute(clickhouse::create_state_sql(layout));
}

clickhouse::Target find_target(Transport& transport, const clickhouse::Layout& layout,
                               const event::Table& source) {
    clickhouse::Target target{layout, source};
    const auto plain = clickhouse::Target::with_plain_names(layout, source);
    if (plain.name == target.name) {
        return target;
    }
    if (clickhouse::read_table_state(transport, plain.name).source ==
        clickhouse::source_json(source)) {
        return plain;
    }
    base::log::info("table {} is stored as {}", in_quotes(source.display_name()),
                    in_quotes(target.name));
    return target;
}

namespace {

void set_up_once(Transport& transport, TableLoader& table, const SourceShape& from,
                 bool read_again) {
    const clickhouse::Target& target = table.target();
    clickhouse::TargetShape shape =
        clickhouse::make_shape(from.connector, from.described.columns, target.own());
    clickhouse::TableState state = clickhouse::read_table_state(transport, target.name);
    check_owner(table, state);
    const FoundTable found_raw = find_table(transport, target.stored);
    if (const auto remade = clickhouse::remade_order(found_raw.comment);
        remade && *remade > state.remade) {
        finish_remake(transport, target, found_raw, state);
        state = clickhouse::read_table_state(transport, target.name);
    }
    table.set_remade(state.remade);
    table.shape_order = state.shape_order;
    table.raise_barrier(state.barrier);
    table.rebuild_mark = state.rebuild;
    table.rebuild_order = state.rebuild_order;
    const FoundTable found_view = find_table(transport, target.view);
    check_engine(found_view, target.view, "View");
    check_engine(found_raw, target.stored, "ReplacingMergeTree");
    clickhouse::ValueCounts counts;
    std::vector<clickhouse::ExistingColumn> existing;
    if (!found_raw.exists) {
        check_not_detached(transport, target.stored);
        for (clickhouse::TargetColumn& column : shape.columns) {
            clickhouse::leave_out_misfit(column);
        }
        if (!state.shape.empty() && !is_another_table(state, from)) {
            mark_found_stale(transport, table, std::max(from.order, state.shape_order), state,
                             found_raw,
                             fmt::format("{} was dropped in the target", in_quotes(target.stored)));
        }
        transport.execute(clickhouse::create_raw_sql(target, shape));
        base::log::info("made table {}", in_quotes(target.stored));
    } else {
        existing = find_columns(transport, target.stored, true);
        if (!table.is_void(from.order)) {
            check_takes_values(existing, target, shape);
        }
        std::erase_if(existing, [](const auto& column) { return column.ephemeral(); });
        mark_unknown_rows(transport, table, from.order, state, found_raw);
        if (!read_again) {
            mark_altered(transport, table, from, state, found_raw, existing);
        }
        if (!table.is_void(from.order)) {
            const auto unknown =
                fit_defaults(transport, table, from, state, existing, found_raw, shape, counts);
            if (!unknown.empty() && !read_again && from.order >= state.shape_order) {
                const bool had = had_column(state, from, unknown.front());
                mark_found_stale( // before the column is there
                    transport, table, from.order, state, found_raw,
                    fmt::format("column {} was {}, and what its older rows have is not known",
                                in_quotes(unknown.front()),
                                had ? "dropped in the target" : "added"));
            }
            const std::string column = column_that_came_back(from, state, existing, shape);
            if (!column.empty() && !read_again) {
                mark_found_stale(
                    transport, table, from.order, state, found_raw,
                    fmt::format("column {} was dropped and made anew", in_quotes(column)));
            }
        }
        const clickhouse::Alteration alteration =
            clickhouse::alter_raw(target, shape, existing, found_raw.sorting_key);
        if (table.is_void(from.order) && !alteration.statements.empty()) {
            throw clickhouse::ShapeConflict{
                ExitCode::refused,
                fmt::format("the shape is older than the barrier of {}", in_quotes(target.name))};
        }
        check_arguments(found_raw, target, shape);
        check_own_columns(existing, target, shape);
        for (const std::string& statement : alteration.statements) {
            transport.execute(statement);
            base::log::info("{}", statement);
        }
    }
    set_up_distributed(transport, target, shape);
    set_up_view(transport, target, shape); // also after a crash behind the statements above
    remember(transport, table, state, from,
             stored_types_json(found_raw.comment, shape, existing, target.own()), read_again);

    if (find_table(transport, target.pending).exists) {
        table.pending_table = true;
        table.pending = waiting_lines(transport, target).value_or(0);
    }
    table.parked = state.parked;
    table.set_shape(from.version, std::move(shape));
    table.count_replaced(counts);
    table.oid = from.described.oid;
    table.misfit.reset();
}

} // namespace

void set_up_table(Transport& transport, TableLoader& table, const SourceShape& from,
                  bool read_again) {
    for (int left = kSetUps; left > 1; --left) {
        try {
            set_up_once(transport, table, from, read_again);
            return;
        } catch (const SetUpMeanwhile& moved) {
            base::log::debug("{}", moved.what());
        }
    }
    set_up_once(transport, table, from, read_again);
}

void allow_null(Transport& transport, TableLoader& table, std::size_t column) {
    clickhouse::TargetShape shape = table.encoder().shape();
    clickhouse::TargetColumn& wider = shape.columns.at(column);
    wider.mapping.type.nullable = true;
    for (const std::string& statement : clickhouse::modify_column_sql(
             table.target(), wider.stored, clickhouse::type_text(wider.mapping.type))) {
        transport.execute(statement);
        base::log::info("{}", statement);
    }
    if (!table.is_aside()) {
        set_up_view(transport, table.target(), shape);
    }
    table.set_shape(table.version(), std::move(shape));
}

void set_up_or_wait(Transport& transport, TableLoader& table, const SourceShape& from,
                    bool may_wait, bool read_again) {
    table.line_shape = from;
    try {
        set_up_table(transport, table, from, read_again);
    } catch (const clickhouse::ShapeConflict& conflict) {
        const bool old = table.is_void(from.order) || from.order < table.shape_order;
        if (!may_wait && !old) {
            base::log::info("{}", conflict.what());
            remake_table(transport, table, from);
            set_up_table(transport, table, from, read_again);
            return;
        }
        table.misfit = conflict;
        base::log::debug("{}; it waits for a line that needs it", conflict.what());
    }
}

} // namespace cdc::load
