#include "cdc-load/rebuilder.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cdc-load/catalog.hpp"
#include "cdc-load/exchange.hpp"
#include "cdc-load/table_setup.hpp"
#include "cdc-load/view.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/rebuild.hpp"
#include "clickhouse/remake.hpp"
#include "event/table.hpp"

#include <unistd.h>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using clickhouse::quote_identifier;
using clickhouse::quote_string;
using event::Order;

namespace {

constexpr int kCopies = 5;             ///< at most, before the exchange
constexpr std::int64_t kShortMs = 200; ///< a copy after which the exchange may come

std::string side_name(const TableLoader& table) {
    return clickhouse::rebuild_target(table.target()).raw;
}

} // namespace

void Rebuilder::execute(const std::string& sql) {
    base::log::debug("{}", sql);
    retry([&] { m_transport.execute(sql); });
}

std::uint64_t Rebuilder::count(const std::string& sql) {
    std::string answer;
    retry([&] { answer = m_transport.query(sql, "TabSeparated"); });
    return base::parse_integer<std::uint64_t>(answer.substr(0, answer.find('\n'))).value_or(0);
}

void Rebuilder::check_database() {
    if (m_options.dry_run) {
        return;
    }
    std::string answer;
    retry([&] {
        answer = m_transport.query(
            "SELECT engine FROM system.databases WHERE name = currentDatabase()", "TabSeparated");
    });
    const std::string engine = answer.substr(0, answer.find('\n'));
    // Overlay is the embedded engine's own, with an Atomic database below it.
    if (engine != "Atomic" && engine != "Overlay") {
        throw Error{ExitCode::refused,
                    fmt::format("--rebuild: the target's database has the engine {}, which cannot "
                                "exchange tables",
                                in_quotes(engine)),
                    "It needs a database with the engine Atomic, the default."};
    }
}

Rebuilder::Standing Rebuilder::look(const TableLoader& table) {
    Standing now;
    retry([&] {
        now.state = clickhouse::read_table_state(m_transport, table.target().name);
        now.raw = find_table(m_transport, table.target().raw);
        now.side = find_table(m_transport, side_name(table));
    });
    return now;
}

void Rebuilder::insert_state(const std::vector<clickhouse::StateRow>& rows) {
    retry([&] { clickhouse::insert_state(m_transport, rows); });
}

void Rebuilder::forget(TableLoader& table, Order order) {
    insert_state({clickhouse::rebuild_row(table.target().name, order, "")});
    table.rebuild_mark.clear();
}

/// Makes the table of `side` able to take the shape, and the shape fit for it.
void Rebuilder::alter(const TableLoader& table, const TableLoader& side,
                      clickhouse::TargetShape& shape) {
    FoundTable found;
    retry([&] { found = find_table(m_transport, side.target().raw); });
    const auto alteration = clickhouse::alter_raw(
        side.target(), shape, columns_of(table, side.target().raw), found.sorting_key);
    for (const std::string& statement : alteration.statements) {
        execute(statement);
    }
}

/// Gives `side` the shape of the table line, which its table takes.
void Rebuilder::fill(TableLoader& table, TableLoader& side, bool exists) {
    const SourceShape& from = table.line_shape;
    clickhouse::TargetShape shape =
        clickhouse::make_shape(from.connector, from.described.columns, m_options.layout);
    if (exists) {
        alter(table, side, shape);
    }
    side.set_shape(from.version, std::move(shape));
}

void Rebuilder::make(TableLoader& table, TableLoader& side, Order order) {
    fill(table, side, false);
    const std::string mark = clickhouse::rebuild_mark(
        order, m_options.dry_run ? "…" : fmt::format("{}-{}", base::now_ms(), ::getpid()));
    // The table first: a mark without its table means that somebody removed a half-filled one.
    execute(clickhouse::create_rebuild_sql(side.target(), side.encoder().shape(), mark));
    insert_state({clickhouse::rebuild_row(table.target().name, order, mark)});
    table.rebuild_mark = mark;
    table.rebuild_order = order;
}

bool Rebuilder::begin(TableLoader& table, TableLoader& side, Order order) {
    Standing now = look(table);
    if (now.exchanged()) {
        after_exchange(table, now.state.rebuild_order, now.state.rebuild, {});
        now = look(table);
    }
    table.raise_barrier(now.state.barrier);
    const std::string& name = side.target().raw;
    if (order <= now.state.barrier) {
        base::log::info("table {}: this snapshot, or a later one, is in it already",
                        in_quotes(table.target().name));
        return false;
    }
    if (now.side.exists && !clickhouse::is_rebuild_mark(now.side.comment)) {
        throw Error{
            ExitCode::refused,
            fmt::format("--rebuild needs the name {}, which another table has", in_quotes(name)),
            "Choose other names with --raw-name, or rename that table."};
    }
    if (!now.state.rebuild.empty() && now.state.rebuild_order == order) {
        if (!now.filling()) {
            throw Error{ExitCode::refused,
                        fmt::format("the first rows of this snapshot are in {}, which is gone, or "
                                    "is another one",
                                    in_quotes(name)),
                        "Take the snapshot from its start: move its checkpoint file away."};
        }
        fill(table, side, true);
        table.rebuild_mark = now.state.rebuild;
        table.rebuild_order = order;
        base::log::info("table {}: going on to fill {}", in_quotes(table.target().name),
                        in_quotes(name));
        return true;
    }
    if (now.side.exists) {
        execute(fmt::format("DROP TABLE IF EXISTS {}", quote_identifier(name)));
    }
    make(table, side, order);
    base::log::info("table {}: its snapshot fills {}, which takes the place of {} at the end",
                    in_quotes(table.target().name), in_quotes(name), in_quotes(table.target().raw));
    return true;
}

bool Rebuilder::resume(TableLoader& table, TableLoader& side) {
    const Standing now = look(table);
    if (!now.filling()) {
        return false;
    }
    try {
        fill(table, side, true);
    } catch (const clickhouse::ShapeConflict&) {
        return false; // a later shape: its snapshot begins anew
    }
    table.rebuild_mark = now.state.rebuild;
    table.rebuild_order = now.state.rebuild_order;
    return true;
}

void Rebuilder::leave(TableLoader& table, Order order, bool begin) {
    const Standing now = look(table);
    table.rebuild_mark = now.state.rebuild;
    if (now.exchanged()) {
        after_exchange(table, now.state.rebuild_order, now.state.rebuild, {});
    } else if (now.filling() && now.state.rebuild_order == order) {
        throw Error{ExitCode::refused,
                    fmt::format("the first rows of this snapshot of {} are in {}, which is not in "
                                "its place yet",
                                in_quotes(table.target().name), in_quotes(side_name(table))),
                    "Go on with --rebuild, or take the snapshot from its start: move its "
                    "checkpoint file away."};
    } else if (!begin && !now.state.rebuild.empty() && order > now.state.rebuild_order) {
        if (now.filling()) {
            execute(fmt::format("DROP TABLE IF EXISTS {}", quote_identifier(side_name(table))));
        }
        forget(table, now.state.rebuild_order);
    }
}

/// A loader of the stream may have taken a later shape meanwhile, and rows of it.
void Rebuilder::take_latest_shape(const TableLoader& table, TableLoader& side,
                                  const clickhouse::TableState& state) {
    if (state.shape.empty() || state.shape_order <= table.rebuild_order) {
        return;
    }
    const event::Table described = event::parse_table(state.shape);
    clickhouse::TargetShape shape =
        clickhouse::make_shape(table.line_shape.connector, described.columns, m_options.layout);
    alter(table, side, shape);
}

bool Rebuilder::same_key(const TableLoader& table) {
    const auto key = [&](const std::string& name) {
        std::string answer;
        retry([&] {
            answer = m_transport.query(
                fmt::format("SELECT groupArray((name, type)), any(k) FROM (SELECT name, type, "
                            "(SELECT sorting_key FROM system.tables WHERE database = "
                            "currentDatabase() AND name = {0}) AS k FROM system.columns WHERE "
                            "database = currentDatabase() AND table = {0} AND is_in_sorting_key "
                            "ORDER BY name)",
                            quote_string(name)),
                "TabSeparated");
        });
        return answer;
    };
    return key(table.target().raw) == key(side_name(table));
}

/// Rows of another key cannot be taken over; there are none where the key changed before the
/// snapshot.
void Rebuilder::check_key(const TableLoader& table, Order order) {
    const std::string later = fmt::format("{} >= toUInt128('{}')",
                                          clickhouse::quote_if_needed(table.target().own().version),
                                          base::decimal_text(order.value));
    FoundTable raw;
    FoundTable side;
    retry([&] {
        raw = find_table(m_transport, table.target().raw);
        side = find_table(m_transport, side_name(table));
    });
    const bool other_rows = raw.sorting_key != side.sorting_key &&
                            count(fmt::format("SELECT count() FROM {} WHERE {}",
                                              quote_identifier(table.target().raw), later)) > 0;
    FoundTable pending;
    retry([&] { pending = find_table(m_transport, table.target().pending); });
    const bool waiting =
        pending.exists &&
        count(fmt::format("SELECT count() FROM {} FINAL WHERE _done = 0 AND _version >= "
                          "toUInt128('{}')",
                          quote_identifier(table.target().pending),
                          base::decimal_text(order.value))) > 0;
    if (other_rows || waiting) {
        throw Error{ExitCode::refused,
                    fmt::format("the key of {} is another one than that of {}, which has changes "
                                "that are later than the snapshot",
                                in_quotes(side_name(table)), in_quotes(table.target().raw)),
                    "Take a new snapshot."};
    }
}

/// Waiting lines are kept by the old key. They are all older than the snapshot, as check_key() saw.
void Rebuilder::drop_waiting(TableLoader& table, Order order) {
    FoundTable pending;
    retry([&] { pending = find_table(m_transport, table.target().pending); });
    if (!pending.exists) {
        return;
    }
    const std::string name = quote_identifier(table.target().pending);
    execute(fmt::format("ALTER TABLE {} DELETE WHERE _version < toUInt128('{}') SETTINGS "
                        "mutations_sync = 2",
                        name, base::decimal_text(order.value)));
    retry([&] { table.pending = waiting_lines(m_transport, table.target()).value_or(0); });
}

std::vector<clickhouse::ExistingColumn> Rebuilder::columns_of(const TableLoader& table,
                                                              const std::string& name) {
    std::vector<clickhouse::ExistingColumn> columns;
    retry([&] { columns = find_columns(m_transport, name); });
    if (columns.empty() && m_options.dry_run) {
        const clickhouse::TargetShape shape = clickhouse::make_shape(
            table.line_shape.connector, table.line_shape.described.columns, m_options.layout);
        for (const auto& column : clickhouse::row_columns(table.target(), shape)) {
            columns.push_back({column.name, column.type});
        }
        columns.push_back({m_options.layout.synced_at, "DateTime64(3, 'UTC')"});
    }
    return columns;
}

void Rebuilder::exchange(const TableLoader& table, const std::string& mark) {
    const std::string sql = clickhouse::exchange_sql(table.target());
    if (m_options.dry_run) {
        execute(sql);
        return;
    }
    bool in_place = false;
    retry([&] {
        in_place = load::exchange(m_transport, sql, [&] { // only the mark says what was done
            return find_table(m_transport, table.target().raw).comment == mark;
        });
    });
    if (!in_place) {
        base::fail(ExitCode::failed, "{} is not in its place after {}", in_quotes(side_name(table)),
                   sql);
    }
}

/// The view can be read over the old table and over the new one until it is made anew.
void Rebuilder::prepare_readers(const TableLoader& table, const TableLoader& side) {
    if (m_options.dry_run) {
        return;
    }
    const std::string& name = side.target().raw;
    const std::string sql =
        clickhouse::stand_in_sql(side.target(), side.encoder().shape(),
                                 columns_of(table, table.target().raw), table.rebuild_order);
    if (!sql.empty()) {
        execute(sql);
    }
    retry([&] { narrow_view(m_transport, table.target(), name); });
}

void Rebuilder::finish(TableLoader& table, TableLoader& side, const Proof& proof) {
    const std::int64_t started = base::steady_ms();
    const Order order = table.rebuild_order;
    const std::string mark = table.rebuild_mark;
    Standing now = look(table);
    if (!m_options.dry_run && !now.exchanged() && (!now.filling() || now.state.rebuild != mark)) {
        throw Error{ExitCode::failed,
                    fmt::format("{} is not the table that this snapshot filled: another loader "
                                "took its place",
                                in_quotes(side.target().raw)),
                    "Start again, with one --rebuild of a table at a time."};
    }
    const std::string& raw = table.target().raw;
    std::vector<std::string> copied;
    if (!now.exchanged()) {
        take_latest_shape(table, side, now.state);
        if (!same_key(table)) {
            check_key(table, order);
        }
        for (int i = 0; i < kCopies; ++i) {
            const std::int64_t before = base::steady_ms();
            copy(table, raw, side.target().raw, order, copied);
            if (base::steady_ms() - before < kShortMs || m_options.dry_run) {
                break;
            }
        }
        prepare_readers(table, side);
        exchange(table, mark);
        if (!m_options.dry_run) {
            // The view first: it may have fewer columns than the new table.
            retry([&] { set_up_or_wait(m_transport, table, table.line_shape, true, true); });
        }
    }
    after_exchange(table, order, mark, copied, proof);
    base::log::info(
        "table {}: filled anew from the snapshot at {} and exchanged, in {:.1f} s after "
        "its last row",
        in_quotes(table.target().name), order.text(),
        static_cast<double>(base::steady_ms() - started) / 1000);
}

void Rebuilder::after_exchange(TableLoader& table, Order order, const std::string& mark,
                               const std::vector<std::string>& already_copied, const Proof& proof) {
    const std::string& name = table.target().name;
    const std::string& raw = table.target().raw;
    const std::string old = side_name(table);
    // Not before the exchange: the view would leave the old rows out.
    Standing now = look(table);
    auto ends = end_marks(name, now.state, order, proof, m_options.keep_dropped_partitions);
    ends.push_back(clickhouse::barrier_row(name, order));
    ends.push_back(clickhouse::reading_row(name, order, false));
    insert_state(ends);
    table.raise_barrier(order);
    now = look(table);
    // A loader that was killed may have left it detached.
    const bool there = m_options.dry_run || now.side.exists || attach(old);
    if (there) {
        if (!m_options.dry_run) {
            now = look(table);
            if (now.raw.comment != mark || now.side.comment == mark) {
                base::fail(ExitCode::failed, "{} and {} were exchanged by somebody else",
                           in_quotes(raw), in_quotes(old));
            }
        }
        const bool rows = m_options.dry_run || now.raw.sorting_key == now.side.sorting_key;
        std::vector<std::string> copied = already_copied;
        if (rows) {
            copy(table, old, raw, order, copied);
        }
        // An INSERT that found the old table before the exchange may end after that copy.
        wait_until_unused(old);
        if (rows) {
            copy(table, old, raw, order, copied);
        }
        if (!same_key(table)) {
            drop_waiting(table, order);
        }
        execute(fmt::format("DROP TABLE IF EXISTS {}", quote_identifier(old)));
    }
    forget(table, order);
    retry([&] {
        const clickhouse::TableState state = clickhouse::read_table_state(m_transport, name);
        table.stale = !state.stale.empty();
        table.unproven = !state.unproven.empty();
    });
}

} // namespace cdc::load
