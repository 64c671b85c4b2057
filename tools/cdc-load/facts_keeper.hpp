#ifndef CDC_LOAD_FACTS_KEEPER_HPP
#define CDC_LOAD_FACTS_KEEPER_HPP

#include "cdc-load/marks.hpp"
#include "cdc-load/options.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/transport.hpp"
#include "event/facts_change.hpp"
#include "event/line_decoder.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cdc::load {

/// Takes lines of facts and marks, and says what becomes of `_cdc_state`: the items 'facts',
/// 'truncated', 'stale' and 'unproven' of a table. What one line brings goes into one insert, so
/// that a loader that is killed has taken the whole line, or none of it; lines at or below the
/// stored facts' order are repeats.
///
/// What is returned is not stored yet, so that it is also kept here. Otherwise `_cdc_state` is
/// asked: a snapshot's loader may have stored other facts meanwhile. Call while the flusher is
/// idle.
class FactsKeeper {
public:
    FactsKeeper(clickhouse::Transport& transport, const Options& options,
                const clickhouse::RetryPolicy& retry, Marks& marks)
        : m_transport{transport}, m_options{options}, m_retry{retry}, m_marks{marks} {}

    /// The rows, and the barrier where another table has the name: its old rows end there.
    struct Outcome {
        std::vector<clickhouse::StateRow> rows;
        event::Order barrier;
    };
    Outcome take_facts(const event::DecodedLine& line);
    Outcome take_mark(const event::DecodedLine& line);
    /// A truncate that goes by.
    Outcome take_truncate(const event::DecodedLine& line);
    /// Whether a checkpoint line says that tables left the capture which take_left() does not know.
    bool has_left(std::string_view line) const;
    /// Marks those that have facts of the checkpoint's stream, and none at or above its order.
    Outcome take_left(std::string_view line);

    /// Whether facts of any table of the line's source are known: marks come from them then.
    bool knows(const event::Source& source);
    /// Of the snapshot of this order.
    Proof proof(const std::string& table, event::Order order) const;

private:
    struct Item {
        event::Order order;
        std::string value;
        bool by_facts = false; ///< of a mark: no line of a mark has said so
    };
    struct Known {
        Item facts;
        Item truncated; ///< "XID ORDER,…"
        Item stale;
        Item unproven;
        bool unlogged = false; ///< changes are not in the log (unlogged, foreign)
        Item read;             ///< the last facts of a snapshot
        std::string owner;     ///< the source's table that the items are about, as in the state
    };
    /// One database of a connector.
    struct SourceFacts {
        bool stored = false; ///< facts of it were stored before this program
        bool known = false;  ///< facts of it are stored, or will be
    };

    std::string table_name(const event::Source& source) const;
    /// Whether the target's table of this name is another source table's; said once.
    bool is_others(const std::string& name, const event::Source& source,
                   clickhouse::TableState& state);
    SourceFacts& source_of(const event::Source& source);
    std::optional<event::Mark> judge_first(const event::Facts& after, const event::Source& source,
                                           const clickhouse::TableState& state,
                                           const std::vector<std::string>& truncates) const;
    /// The items as they are stored, or will be.
    Known& refresh(const std::string& name, clickhouse::TableState& state);
    void mark(Outcome& outcome, const std::string& name, const event::Source& source,
              const event::Mark& mark, bool by_facts);
    void clear(Outcome& outcome, const std::string& name, event::Order order);
    void put(Outcome& outcome, const std::string& name, const char* item, Item& known,
             event::Order order, std::string value, std::string_view position = {});

    clickhouse::Transport& m_transport;
    const Options& m_options;
    const clickhouse::RetryPolicy& m_retry;
    Marks& m_marks;
    std::map<std::string, Known> m_tables; ///< by the target's name
    std::map<std::string, SourceFacts> m_sources;
    std::set<std::string> m_others;            ///< source tables that is_others() has said so of
    std::set<std::string, std::less<>> m_left; ///< orders that take_left() was given
};

} // namespace cdc::load

#endif
