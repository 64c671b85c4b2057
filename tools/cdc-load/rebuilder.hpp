#ifndef CDC_LOAD_REBUILDER_HPP
#define CDC_LOAD_REBUILDER_HPP

#include "cdc-load/catalog.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/table_loader.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/transport.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cdc::load {

/// Tables that the rows of a whole snapshot fill beside the old ones (clickhouse/rebuild.hpp). Call
/// while the flusher is idle. Every step may be repeated, and each function first looks how far an
/// earlier one came, in this process or one that was killed:
///
///     begin    the new table is made with a mark, then the mark is remembered in `_cdc_state`
///     filling  the snapshot's rows go to the new table, all else to the old one
///     end      rows of the old table that are later than the snapshot are copied; the exchange
///     after    the barrier; what loaders stored in the old table up to the exchange is copied, at
///              last when no query uses it any more; the old one is dropped, the mark forgotten
///
/// Nothing is copied twice in effect, for the highest version of a row counts, and a row of a table
/// without key has a number.
class Rebuilder {
public:
    Rebuilder(clickhouse::Transport& transport, const Options& options,
              clickhouse::RetryPolicy& retry)
        : m_transport{transport}, m_options{options}, m_retry{retry} {}

    /// Throws Error (refused) when the target's database cannot exchange tables.
    void check_database();

    /// The begin line of a whole snapshot: `side` becomes able to take its rows. False: this
    /// snapshot, or a later one, is in the table already; its rows go there. Throws Error: refused
    /// when a table that is not ours has the name, or the half that was filled is gone.
    bool begin(TableLoader& table, TableLoader& side, event::Order order);

    /// The same for a stream of lines that begins inside of a snapshot: true when the table is
    /// being filled.
    bool resume(TableLoader& table, TableLoader& side);

    /// The end line of the snapshot that began with table.rebuild_order.
    void finish(TableLoader& table, TableLoader& side, const Proof& proof);

    /// A begin or end line of a whole snapshot, without --rebuild: finishes what was exchanged, and
    /// removes what an earlier snapshot left. Throws Error (refused) when this snapshot's first
    /// rows are in the new table.
    void leave(TableLoader& table, event::Order order, bool begin);

private:
    struct Standing {
        clickhouse::TableState state;
        FoundTable raw;
        FoundTable side;
        bool filling() const { return !state.rebuild.empty() && side.comment == state.rebuild; }
        bool exchanged() const { return !state.rebuild.empty() && raw.comment == state.rebuild; }
    };

    Standing look(const TableLoader& table);
    void alter(const TableLoader& table, const TableLoader& side, clickhouse::TargetShape& shape);
    void fill(TableLoader& table, TableLoader& side, bool exists);
    void make(TableLoader& table, TableLoader& side, event::Order order);
    void take_latest_shape(const TableLoader& table, TableLoader& side,
                           const clickhouse::TableState& state);
    bool same_key(const TableLoader& table);
    void check_key(const TableLoader& table, event::Order order);
    void drop_waiting(TableLoader& table, event::Order order);
    void prepare_readers(const TableLoader& table, const TableLoader& side);
    void exchange(const TableLoader& table, const std::string& mark);
    void after_exchange(TableLoader& table, event::Order order, const std::string& mark,
                        const std::vector<std::string>& copied, const Proof& proof = {});
    bool attach(const std::string& name);
    void reattach(const std::string& name);
    void wait_until_unused(const std::string& name);
    /// `copied`: parts that were copied before; afterwards the ones that were there at its start.
    void copy(const TableLoader& table, const std::string& from, const std::string& to,
              event::Order order, std::vector<std::string>& copied);
    std::vector<clickhouse::ExistingColumn> columns_of(const TableLoader& table,
                                                       const std::string& name);
    void insert_state(const std::vector<clickhouse::StateRow>& rows);
    void forget(TableLoader& table, event::Order order);
    void retry(const std::function<void()>& request) { clickhouse::with_retry(m_retry, request); }
    void execute(const std::string& sql);
    std::uint64_t count(const std::string& sql);

    clickhouse::Transport& m_transport;
    const Options& m_options;
    clickhouse::RetryPolicy& m_retry;
};

} // namespace cdc::load

#endif
