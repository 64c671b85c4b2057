#include "cdc-load/purge.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "checkpoints/by_input.hpp"
#include "checkpoints/file.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/schema.hpp"
#include "event/checkpoint.hpp"
#include "event/json_cursor.hpp"
#include "event/line_decoder.hpp"
#include "io/file_descriptor.hpp"

#include <cstring>

namespace cdc::load {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using clickhouse::quote_identifier;
using clickhouse::quote_if_needed;
using clickhouse::quote_string;
using event::Order;

namespace {

/// {"db":…,"schema":…,"table":…} of `_cdc_state`.
event::Table parse_source(const std::string& json) {
    event::Table table;
    event::JsonCursor cursor{json};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string value = event::json_string_value(cursor.value());
        (name == "db" ? table.db : name == "schema" ? table.schema : table.table) = value;
    }
    return table;
}

class Purge {
public:
    Purge(clickhouse::Transport& transport, const Options& options)
        : m_transport{transport}, m_options{options} {
        m_retry.limit_ms = options.retry_ms;
    }

    void run() {
        clickhouse::RetryPolicy first = m_retry;
        first.unreached_ms = clickhouse::kFirstContactMs;
        clickhouse::with_retry(first, [&] { m_target = read_target_state(m_transport); });
        for (const auto& file : checkpoints::named_files(m_options.checkpoints)) {
            add_checkpoint(file.path);
        }
        for (const clickhouse::LoadedTable& table : m_target.tables) {
            if (!table.source.empty()) {
                clean(table);
            }
        }
    }

private:
    /// The state in the target may be ahead of a file that a source resumes from.
    void add_checkpoint(const std::string& path) {
        const auto checkpoint = checkpoints::read(path);
        clickhouse::LoadedSource source;
        source.name = in_quotes(path);
        source.order = checkpoint ? checkpoint->order : Order{};
        m_target.sources.push_back(source);
    }

    std::vector<std::vector<std::string>> ask(const std::string& sql) {
        std::string answer;
        clickhouse::with_retry(m_retry, [&] { answer = m_transport.query(sql, "TabSeparated"); });
        return clickhouse::parse_tsv(answer);
    }
    void execute(const std::string& sql) {
        clickhouse::with_retry(m_retry, [&] { m_transport.execute(sql); });
    }
    bool has_table(const std::string& name) {
        return !ask(fmt::format("SELECT 1 FROM system.tables WHERE database = currentDatabase() "
                                "AND name = {}",
                                quote_string(name)))
                    .empty();
    }

    void clean(const clickhouse::LoadedTable& loaded) {
        const event::Table source = parse_source(loaded.source);
        clickhouse::Target target{m_options.layout, source};
        if (target.name != loaded.name) { // by an older version
            target = clickhouse::Target::with_plain_names(m_options.layout, source);
        }
        clickhouse::TableState state;
        clickhouse::with_retry(
            m_retry, [&] { state = clickhouse::read_table_state(m_transport, loaded.name); });
        if (target.name != loaded.name || clickhouse::layout_json(target) != state.layout) {
            base::log::warning("table {} is passed over: it was made with other names, or as a "
                               "history",
                               in_quotes(loaded.name));
            return;
        }
        const auto keys = ask(fmt::format(
            "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = "
            "{0} AND {1} IN (SELECT name FROM system.columns WHERE database = currentDatabase() "
            "AND table = {0})",
            quote_string(target.raw), quote_string(target.own().deleted)));
        if (m_options.layout.history() || keys.empty()) {
            return; // a history keeps what happened; without a key there are no deleted rows
        }
        const PurgeBound bound = purge_bound(m_target, state, first_pending(target));
        print(fmt::format("{}: {} deleted rows below {} ({}) removed\n", loaded.name,
                          remove(target, keys[0][0], bound.order), bound.order.text(), bound.why));
    }

    std::optional<Order> first_pending(const clickhouse::Target& target) {
        if (!has_table(target.pending)) {
            return std::nullopt;
        }
        const auto rows =
            ask(fmt::format("SELECT lower(leftPad(hex(min(_version)), 32, '0')) FROM {} FINAL "
                            "WHERE _done = 0 HAVING count() > 0",
                            quote_identifier(target.pending)));
        return rows.empty() ? std::nullopt : Order::parse(rows[0][0]);
    }

    std::string remove(const clickhouse::Target& target, const std::string& key, Order bound) {
        const std::string raw = quote_identifier(target.raw);
        const std::string version = quote_if_needed(target.own().version);
        const std::string deleted = quote_if_needed(target.own().deleted);
        const std::string below =
            fmt::format("{} < toUInt128('{}')", version, base::decimal_text(bound.value));
        const auto count =
            ask(fmt::format("SELECT count() FROM {} WHERE {} = 1 AND {}", raw, deleted, below));
        if (count.empty() || count[0][0] == "0") {
            return "0";
        }
        // First what the deleted rows hide, and only then they themselves: whoever reads between
        // the two sees no row come back.
        execute(fmt::format("ALTER TABLE {0} DELETE WHERE {1} = 0 AND {2} AND ({3}) IN (SELECT {3} "
                            "FROM {0} GROUP BY {3} HAVING argMax({1}, {4}) = 1 AND max({4}) < "
                            "toUInt128('{5}')) SETTINGS mutations_sync = 2",
                            raw, deleted, below, key, version, base::decimal_text(bound.value)));
        execute(fmt::format("ALTER TABLE {} DELETE WHERE {} = 1 AND {} SETTINGS mutations_sync = 2",
                            raw, deleted, below));
        return count[0][0];
    }

    static void print(const std::string& text) {
        if (const int error = io::write_all(1, text); error != 0) {
            fail(ExitCode::failed, "cannot write to stdout: {}", std::strerror(error));
        }
    }

    clickhouse::Transport& m_transport;
    const Options& m_options;
    clickhouse::RetryPolicy m_retry;
    clickhouse::TargetState m_target;
};

} // namespace

PurgeBound purge_bound(const clickhouse::TargetState& target, const clickhouse::TableState& table,
                       std::optional<Order> pending) {
    PurgeBound bound{{}, "no source has a checkpoint here"};
    bool first = true;
    const auto lower = [&](Order order, const std::string& why) {
        if (first || order < bound.order) {
            bound = {order, why};
        }
        first = false;
    };
    for (const clickhouse::LoadedSource& source : target.sources) {
        lower(source.order, "the checkpoint of " + source.name);
    }
    if (!target.sources.empty()) {
        for (const auto& [key, parked] : table.parked) {
            if (parked.parked()) {
                lower(parked.from, "the parked key " + key);
            }
        }
        if (pending) {
            lower(*pending, "an update that waits");
        }
        if (table.reading != Order{}) {
            lower(table.reading, "a snapshot that has not ended");
        }
    }
    if (table.barrier > bound.order) {
        bound = {table.barrier, "the table's barrier"};
    }
    return bound;
}

int purge(clickhouse::Transport& transport, const Options& options) {
    Purge{transport, options}.run();
    return static_cast<int>(ExitCode::ok);
}

} // namespace cdc::load
