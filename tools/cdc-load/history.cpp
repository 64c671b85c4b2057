#include "cdc-load/history.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "checkpoints/by_input.hpp"
#include "checkpoints/file.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/layout.hpp"
#include "clickhouse/schema.hpp"
#include "event/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::load {

using base::in_quotes;
using event::Order;

namespace {

constexpr const char* kItem = "history";

bool is_mysql(std::string_view kind) {
    return kind == "mysql" || kind == "mariadb";
}

} // namespace

void History::load() {
    std::optional<event::Checkpoint> lowest;
    for (const auto& [input, path] : checkpoints::named_files(m_options.checkpoints)) {
        const auto held = path == "-" || !input.empty() ? std::nullopt : checkpoints::read(path);
        if (!held || !is_mysql(held->kind)) {
            return; // a source that has no file begins anew
        }
        if (!lowest || held->order < lowest->order) {
            lowest = held;
        }
    }
    if (!lowest || m_options.dry_run) {
        return;
    }
    m_held = lowest->order;
    std::string answer;
    clickhouse::with_retry(m_retry, [&] {
        answer = m_transport.query(
            fmt::format("SELECT value, lower(leftPad(hex(version), 32, '0')) FROM {} FINAL WHERE "
                        "scope = 'source' AND name = {} AND item = '{}'",
                        clickhouse::kStateTable,
                        clickhouse::quote_string(clickhouse::checkpoint_row(*lowest, "").name),
                        kItem),
            "TabSeparated");
    });
    const auto rows = clickhouse::parse_tsv(answer);
    const auto above = rows.empty() ? std::nullopt : Order::parse(rows[0].at(0));
    const auto below = rows.empty() ? std::nullopt : Order::parse(rows[0].at(1));
    if (above && below && below->epoch() == m_held->epoch()) {
        m_again = Range{*above, *below};
    }
}

std::optional<clickhouse::StateRow>
History::take_checkpoint(std::string_view line,
                         const std::vector<std::unique_ptr<TableLoader>>& tables) {
    if (line.find(R"("kind":"mysql")") == std::string_view::npos &&
        line.find(R"("kind":"mariadb")") == std::string_view::npos) {
        return std::nullopt;
    }
    const event::Checkpoint checkpoint = event::parse_checkpoint(line, "checkpoint line");
    if (checkpoint.beside_stream() || !event::input_of_checkpoint(line).empty()) {
        return std::nullopt; // of several sources, tables that go on in another history are marked
    }
    const auto before = std::exchange(m_held, checkpoint.order);
    if (!before || before->epoch() >= checkpoint.order.epoch()) {
        return std::nullopt;
    }
    clickhouse::StateRow row = clickhouse::checkpoint_row(checkpoint, "");
    row.item = kItem;
    row.version = Order::make(checkpoint.order.epoch(), 0, 0);
    if (m_changed) { // the stream may have come farther than its last checkpoint line
        m_again.reset();
        for (const auto& table : tables) {
            const bool twice = !table->version().empty() && !table->is_aside() &&
                               (!table->encoder().shape().keyed() || m_options.layout.history());
            if (twice) {
                mark(*table, row.version);
            }
        }
        return row;
    }
    m_again = Range{*before, row.version};
    row.value = before->text();
    return row;
}

void History::take_table(TableLoader& table, const event::Source& source, bool keyed) {
    if (!is_mysql(source.connector) || m_options.dry_run || m_options.replaying()) {
        return;
    }
    const std::string& name = table.target().name;
    clickhouse::TableState state;
    clickhouse::with_retry(m_retry,
                           [&] { state = clickhouse::read_table_state(m_transport, name); });
    const std::uint16_t epoch = source.order.epoch();
    const std::uint16_t known = std::max(state.shape_order, state.history_order).epoch();
    if (state.shape.empty() || known >= epoch) {
        return;
    }
    if (!keyed || m_options.layout.history()) {
        if (m_again && m_again->below.epoch() == epoch) {
            remove(table, *m_again);
        } else {
            mark(table, source.order);
        }
    }
    store({clickhouse::table_row(name, kItem, Order::make(epoch, 0, 0), "")});
}

void History::remove(const TableLoader& table, const Range& range) {
    clickhouse::with_retry(m_retry, [&] {
        m_transport.execute(fmt::format(
            "ALTER TABLE {0}{1} DELETE WHERE {2} > toUInt128('{3}') AND {2} < toUInt128('{4}') "
            "SETTINGS mutations_sync = 2",
            clickhouse::quote_identifier(table.target().stored), m_options.layout.on_cluster(),
            clickhouse::quote_if_needed(m_options.layout.version),
            base::decimal_text(range.above.value), base::decimal_text(range.below.value)));
    });
    base::log::info("table {}: the stream goes on in another history; what was loaded behind its "
                    "checkpoint comes again, and was removed",
                    in_quotes(table.target().name));
}

void History::mark(TableLoader& table, Order order) {
    const std::string why =
        "the stream went on in another history, and may have brought rows again";
    store({clickhouse::unproven_row(table.target().name, order, why)});
    table.unproven = true;
    m_marks.set_unproven(table.target().name, true);
    base::log::warning("table {} is unproven: {}", in_quotes(table.target().name), why);
}

void History::store(const std::vector<clickhouse::StateRow>& rows) {
    clickhouse::with_retry(m_retry, [&] { clickhouse::insert_state(m_transport, rows); });
}

} // namespace cdc::load
