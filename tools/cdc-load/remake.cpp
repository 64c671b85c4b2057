#include "cdc-load/remake.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "cdc-load/exchange.hpp"
#include "cdc-load/table_setup.hpp"
#include "cdc-load/view.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/remake.hpp"
#include "clickhouse/retry.hpp"
#include "event/table.hpp"

#include <algorithm>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using clickhouse::quote_identifier;
using clickhouse::ServerError;
using clickhouse::Target;
using clickhouse::Transport;
using event::Order;

namespace {

// Of the server, about the table beside:
constexpr int kNoTableBeside = 60;
constexpr int kIsThereAlready = 57;
constexpr int kIsDropped = 218;

// Of a text that is cast; in the answer to an INSERT the first one is no row's fault.
constexpr int kNoNumberInText = 32;
constexpr int kNoArrayInText = 130;

Error another_loader(const Target& target, const std::string& words) {
    return {ExitCode::failed,
            fmt::format("another loader made {} anew at the same time{}{}", in_quotes(target.raw),
                        words.empty() ? "" : ": ", words),
            "Start again: the table is looked at anew."};
}

/// Loaders that make one table anew at a time use one name beside it, and each drops first what it
/// finds there.
void check_ours(Transport& transport, const Target& target, const FoundTable& found,
                const Target& side, const std::string& place) {
    if (find_table(transport, side.stored).place != place ||
        find_table(transport, target.stored).place != found.place) {
        throw another_loader(target, {});
    }
}

std::uint64_t count(Transport& transport, const std::string& sql) {
    base::log::debug("{}", sql);
    const auto rows = clickhouse::parse_tsv(transport.query(sql, "TabSeparated"));
    return rows.empty() ? 0 : base::parse_integer<std::uint64_t>(rows[0][0]).value_or(0);
}

void drop(Transport& transport, const Target& side) {
    const std::string on_cluster = side.own().on_cluster();
    execute(transport,
            fmt::format("DROP TABLE IF EXISTS {}{}", quote_identifier(side.raw), on_cluster));
    if (side.own().clustered()) {
        execute(transport, fmt::format("DROP TABLE IF EXISTS {}{}", quote_identifier(side.stored),
                                       on_cluster));
    }
}

std::string current_database(Transport& transport) {
    return clickhouse::parse_tsv(transport.query("SELECT currentDatabase()", "TabSeparated"))
        .at(0)
        .at(0);
}

/// The new table's place.
std::string create(Transport& transport, const Target& side, const clickhouse::TargetShape& shape,
                   const std::vector<clickhouse::ExistingColumn>& carried,
                   const std::vector<clickhouse::ExistingColumn>& existing, Order order) {
    drop(transport, side); // of an attempt that was cut short
    for (const std::string& sql : create_remake_sql(side, shape, carried, order)) {
        execute(transport, sql);
    }
    if (const std::string sql = stand_in_sql(side, shape, existing, order); !sql.empty()) {
        execute(transport, sql);
    }
    if (side.own().clustered()) {
        execute(transport,
                clickhouse::create_distributed_sql(side, shape, current_database(transport)));
    }
    return find_table(transport, side.stored).place;
}

/// Refused whatever the values are.
bool is_no_conversion(int server_code) {
    switch (server_code) {
    case 43: // ILLEGAL_TYPE_OF_ARGUMENT
    case 44: // ILLEGAL_COLUMN
    case 48: // NOT_IMPLEMENTED
    case 53: // TYPE_MISMATCH
    case 70: // CANNOT_CONVERT_TYPE
        return true;
    default:
        return false;
    }
}

/// The columns between whose types the engine has no conversion.
std::vector<clickhouse::Conversion>
impossible_conversions(Transport& transport, const clickhouse::Layout& own,
                       const std::vector<clickhouse::ExistingColumn>& from,
                       const std::vector<clickhouse::ExistingColumn>& to) {
    auto conversions = clickhouse::remake_conversions(own, from, to);
    std::erase_if(conversions, [&](const clickhouse::Conversion& conversion) {
        try {
            transport.query(try_conversion_sql(conversion), "TabSeparated");
            return true;
        } catch (const ServerError& error) {
            if (!is_no_conversion(error.server_code())) {
                throw;
            }
            return false;
        }
    });
    return conversions;
}

/// `columns` without those.
std::vector<clickhouse::ExistingColumn>
without(std::vector<clickhouse::ExistingColumn> columns,
        const std::vector<clickhouse::Conversion>& impossible) {
    std::erase_if(columns, [&](const clickhouse::ExistingColumn& column) {
        return std::any_of(
            impossible.begin(), impossible.end(),
            [&](const clickhouse::Conversion& other) { return other.column == column.name; });
    });
    return columns;
}

/// Of a table that somebody made beforehand.
void refuse_type(const Target& target, const clickhouse::Conversion& conversion) {
    throw Error{
        ExitCode::refused,
        fmt::format("column {} of {} is {} in the target, and {} by the table line; the engine "
                    "has no conversion between the two",
                    in_quotes(conversion.column), in_quotes(target.raw), conversion.from,
                    conversion.to),
        "Drop the table, or make it as --dry-run prints it, and load a snapshot of the source's "
        "table."};
}

std::string key_names(const clickhouse::TargetShape& shape) {
    std::string names;
    for (const std::size_t index : shape.key) {
        names += (names.empty() ? "" : ", ") + shape.columns[index].name;
    }
    return names;
}

/// Copies the current rows; why it cannot be done, or "".
std::string fill(Transport& transport, const clickhouse::RemakeCopy& copy,
                 const clickhouse::TargetShape& shape) {
    try {
        if (!copy.history.empty()) {
            execute(transport, copy.history);
        }
        execute(transport, copy.rows);
        if (!shape.keyed() ||
            count(transport, copy.count_old) == count(transport, copy.count_new)) {
            return {};
        }
    } catch (const ServerError& error) {
        const int code = error.server_code();
        const bool of_a_value =
            clickhouse::is_row_fault(code) || code == kNoNumberInText || code == kNoArrayInText;
        if (error.transient() || !of_a_value) {
            throw;
        }
        base::log::debug("{}", error.what());
        return fmt::format("its shape is another one now, and its old rows do not fit: {}",
                           error.what());
    }
    return fmt::format("its key is ({}) now, which several of its old rows share",
                       key_names(shape));
}

std::uint64_t waiting_updates(Transport& transport, const Target& target) {
    return !find_table(transport, target.pending).exists
               ? 0
               : count(transport, fmt::format("SELECT count() FROM {} FINAL WHERE _done = 0",
                                              quote_identifier(target.pending)));
}

/// Only the mark says what was done.
void exchange_tables(Transport& transport, const Target& target, const Target& side, Order order) {
    const auto done = [&] {
        return clickhouse::remade_order(find_table(transport, target.stored).comment) == order;
    };
    bool in_place = false;
    try {
        in_place = exchange(transport, remake_exchange_sql(target, side), done);
    } catch (const ServerError& error) {
        if (error.server_code() != kCannotExchange) {
            throw;
        }
        throw Error{ExitCode::refused,
                    fmt::format("the key of {} changed, and the target's database cannot "
                                "exchange tables: {}",
                                in_quotes(target.raw), error.what()),
                    "It needs a database with the engine Atomic, the default."};
    }
    if (!in_place) {
        base::fail(ExitCode::failed, "{} is not in its place after {}", in_quotes(side.stored),
                   remake_exchange_sql(target, side));
    }
}

/// The view of a table without key adds up the signs of all operations above the barrier: what the
/// old operations add must not stand beside the rows before the barrier does.
bool history_later(const clickhouse::TargetShape& old, const clickhouse::TargetShape& shape) {
    return shape.history && !old.keyed() && !shape.keyed();
}

void copy_history_later(Transport& transport, const Target& target, const Target& side,
                        const clickhouse::TargetShape& made, Order order) {
    const FoundTable found = find_table(transport, side.stored);
    if (!found.exists) {
        return;
    }
    const clickhouse::OldTable old =
        clickhouse::old_table(side, find_columns(transport, side.stored), found.sorting_key);
    if (history_later(old.shape, made)) {
        auto to = find_columns(transport, target.stored);
        to = without(to, impossible_conversions(transport, target.own(), old.columns, to));
        execute(transport, clickhouse::remake_copy(side, target, old, made, to, order, 0).history);
    }
}

} // namespace

bool is_another_table(const clickhouse::TableState& state, const SourceShape& from) {
    if (state.shape.empty() || from.described.oid == 0 || from.order <= state.shape_order) {
        return false;
    }
    const std::uint32_t before = event::parse_table(state.shape).oid;
    return before != 0 && before != from.described.oid;
}

namespace {

void make_anew(Transport& transport, const TableLoader& table, const SourceShape& from) {
    const Target& target = table.target();
    const FoundTable found = find_table(transport, target.stored);
    if (clickhouse::remade_order(found.comment) == from.order) {
        return;
    }
    const clickhouse::TableState state = clickhouse::read_table_state(transport, target.name);
    const Target side = clickhouse::remake_target(target, from.order);
    const auto existing = find_columns(transport, target.stored);
    const bool another = is_another_table(state, from);
    clickhouse::TargetShape shape =
        clickhouse::make_shape(from.connector, from.described.columns, target.own());
    std::vector<clickhouse::ExistingColumn> carried;
    std::vector<clickhouse::Conversion> impossible;
    if (!another) {
        shape = clickhouse::remake_shape(target, std::move(shape), existing, carried);
        std::vector<clickhouse::ExistingColumn> wanted;
        for (const clickhouse::TargetColumn& column : shape.columns) {
            wanted.push_back({column.stored, clickhouse::type_text(column.mapping.type)});
        }
        impossible = impossible_conversions(transport, target.own(), existing, wanted);
    }
    if (!impossible.empty() && state.shape.empty()) {
        refuse_type(target, impossible.front());
    }
    std::string place = create(transport, side, shape, carried, existing, from.order);
    std::string stale;
    if (!another) {
        const clickhouse::OldTable old = clickhouse::old_table(target, existing, found.sorting_key);
        const auto to = without(find_columns(transport, side.stored), impossible);
        auto copy = clickhouse::remake_copy(target, side, old, shape, to, from.order, from.ts_ms);
        if (history_later(old.shape, shape)) {
            copy.history.clear();
        }
        if (!impossible.empty()) {
            stale = fmt::format("its shape is another one now, and its old rows do not fit: "
                                "column {} was {}, and is {}",
                                in_quotes(impossible.front().column), impossible.front().from,
                                impossible.front().to);
        } else {
            stale = clickhouse::has_key_columns(old, shape, target.own())
                        ? fill(transport, copy, shape)
                        : fmt::format("its key is ({}) now, which its old rows do not have",
                                      key_names(shape));
        }
        check_ours(transport, target, found, side, place);
        if (!stale.empty()) {
            place = create(transport, side, shape, carried, existing, from.order);
            if (!copy.history.empty()) {
                execute(transport, copy.history);
            }
        } else if (const std::uint64_t waiting = waiting_updates(transport, target); waiting > 0) {
            stale = fmt::format("its key is another one now, and {} of its updates still waited "
                                "for rows to be completed from",
                                waiting);
        } else if (!state.parked.empty() && table.parked_keys() > 0) {
            stale = "its key is another one now, and lines of it are dead letters";
        }
    }
    if (!stale.empty()) {
        clickhouse::insert_state(transport,
                                 {clickhouse::stale_row(target.name, from.order, stale)});
        warn_stale(table, stale);
    }
    narrow_view(transport, target, side.raw);
    check_ours(transport, target, found, side, place);
    exchange_tables(transport, target, side, from.order);
    base::log::info("table {}: made anew under its name, {}", in_quotes(target.name),
                    shape.keyed() ? fmt::format("ordered by ({})", key_names(shape))
                                  : "without a key");
}

} // namespace

void remake_table(Transport& transport, const TableLoader& table, const SourceShape& from) {
    try {
        make_anew(transport, table, from);
    } catch (const ServerError& error) {
        const int code = error.server_code();
        if (code != kNoTableBeside && code != kIsThereAlready && code != kIsDropped) {
            throw;
        }
        throw another_loader(table.target(), error.what());
    }
}

void finish_remake(Transport& transport, const Target& target, const FoundTable& raw,
                   const clickhouse::TableState& state) {
    const Order order = clickhouse::remade_order(raw.comment).value_or(Order{});
    const Target side = clickhouse::remake_target(target, order);
    const clickhouse::OldTable made =
        clickhouse::old_table(target, find_columns(transport, target.stored), raw.sorting_key);
    if (target.own().clustered()) {
        std::string sql =
            clickhouse::create_distributed_sql(target, made.shape, current_database(transport));
        constexpr std::string_view kCreate = "CREATE TABLE IF NOT EXISTS";
        execute(transport, "CREATE OR REPLACE TABLE" + sql.substr(kCreate.size()));
    }
    clickhouse::insert_state(
        transport, {clickhouse::barrier_row(target.name, clickhouse::remake_barrier(order))});
    std::vector<std::string> names;
    for (const clickhouse::TargetColumn& column : made.shape.columns) {
        names.push_back(column.stored);
    }
    replace_view(transport, target, names, made.shape);
    copy_history_later(transport, target, side, made.shape, order);
    if (find_table(transport, target.pending).exists) { // its lines are kept by the old key
        execute(transport,
                fmt::format("ALTER TABLE {}{} DELETE WHERE _version < toUInt128('{}') SETTINGS "
                            "mutations_sync = 2",
                            quote_identifier(target.pending), target.own().on_cluster(),
                            base::decimal_text(order.value)));
    }
    std::vector<clickhouse::StateRow> rows{clickhouse::table_row(target.name, "remade", order, "")};
    for (const auto& [key, parked] : state.parked) {
        if (parked.parked() && parked.through < order) {
            rows.push_back(
                clickhouse::parked_row(target.name, key, {parked.from, parked.through, ""}));
        }
    }
    try {
        drop(transport, side);
    } catch (const ServerError& error) {
        if (error.transient()) {
            throw;
        }
        base::log::warning("the old table of {} stays as {}: {}", in_quotes(target.raw),
                           in_quotes(side.stored), error.what());
    }
    clickhouse::insert_state(transport, rows); // last: it says that all is done
}

} // namespace cdc::load
