#ifndef CDC_LOAD_CAREFUL_LOADER_HPP
#define CDC_LOAD_CAREFUL_LOADER_HPP

#include "cdc-load/dead_letters.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/resolver.hpp"
#include "cdc-load/table_loader.hpp"
#include "cdc-load/work.hpp"
#include "clickhouse/retry.hpp"
#include "event/line_decoder.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::load {

/// The key of a change as JSON, {"id":7}, in the order of the table's key; "": it has none.
std::string key_text(const clickhouse::TargetShape& shape, const event::DecodedLine& line);

/// Loads a batch again from its lines, when one of them cannot be loaded or may not: lines that do
/// not fit, and by bisection those that the target refuses, go to the dead-letter file, and their
/// keys are parked. Later lines of a parked key go there too, up to a row of a snapshot, which is
/// whole, or a barrier. The two lines of a key change go one way, and park both keys.
///
/// In a replay nothing is parked beforehand: a key is free when the last of its lines that went to
/// the file is loaded, and parked anew by a line that fails again.
class CarefulLoader {
public:
    /// Stores a batch of a table (rows, then waiting updates); throws what the target says.
    using Store = std::function<void(TableLoader& table, const TableWork& work)>;

    CarefulLoader(clickhouse::Transport& transport, const Options& options, Resolver& resolver,
                  DeadLetters& letters, clickhouse::RetryPolicy& retry)
        : m_transport{transport}, m_options{options},
          m_resolver{resolver}, m_letters{letters}, m_retry{retry} {}

    /// Whether the batch needs it beforehand.
    bool wanted(const TableLoader& table, const TableWork& work) const;
    /// Throws Error (bad_data), which names the line, where a line fails and there is no file.
    void load(TableLoader& table, const TableWork& work, const Store& store);
    /// Rows for `_cdc_state`, to be stored after the dead letters: what was parked and freed.
    std::string take_state_rows();

private:
    using Unit = KeptLines::Unit;

    struct Line {
        std::string_view text;
        std::string key;
        event::Order order;
        std::uint64_t number;
        char op;
    };
    /// Why a unit goes to the file.
    struct Refused {
        std::size_t unit;
        base::Error error;
        bool follower; ///< of a parked key, nothing else is wrong with it
    };
    /// What becomes of a range of units if the target takes what is sent; nothing is changed
    /// before that.
    struct Attempt {
        TableWork work;
        std::vector<std::size_t> sent;
        std::vector<Refused> refused;
        clickhouse::ParkedKeys parked;                           ///< that differ from the table's
        std::map<std::string, event::Order, std::less<>> loaded; ///< highest order, in a replay
    };

    void run(std::size_t from, std::size_t to);
    void take(Attempt& attempt, std::size_t index);
    void encode(Attempt& attempt, const Unit& unit);
    void refuse(Attempt& attempt, std::size_t index, const base::Error& error, bool follower);
    void refuse_sent(Attempt& attempt, const clickhouse::ServerError& error);
    void commit(Attempt& attempt);
    const clickhouse::ParkedKey* find(const Attempt& attempt, const std::string& key) const;
    bool is_parked(const Attempt& attempt, const Line& line) const;
    static bool heals(const Line& line, const clickhouse::ParkedKey& parked);
    void take_apart(const Unit& unit);
    void park(Attempt& attempt, const Line& line, const std::string& reason);
    void change_parked(const std::string& key, const clickhouse::ParkedKey& parked);
    void free_void_keys();

    clickhouse::Transport& m_transport;
    const Options& m_options;
    Resolver& m_resolver;
    DeadLetters& m_letters;
    clickhouse::RetryPolicy& m_retry;
    std::string m_state_rows;
    std::set<std::pair<const TableLoader*, std::string>> m_failed; ///< keys, in a replay
    int m_refused_in_turn = 0; ///< by the target, since it took something

    // Of the batch at hand.
    TableLoader* m_table = nullptr;
    const TableWork* m_work = nullptr;
    const Store* m_store = nullptr;
    std::unique_ptr<TableLoader> m_scratch; ///< the table's own is the reading thread's
    event::LineDecoder m_decoder;
    std::vector<Line> m_lines; ///< of the unit at hand: one, or two
};

} // namespace cdc::load

#endif
