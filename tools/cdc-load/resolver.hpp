#ifndef CDC_LOAD_RESOLVER_HPP
#define CDC_LOAD_RESOLVER_HPP

#include "cdc-load/table_loader.hpp"
#include "cdc-load/work.hpp"
#include "clickhouse/transport.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::load {

/// Completes updates with unchanged columns from the target's highest whole row of lower order.
/// Where none is there the line goes to the table's pending table, and is
/// completed when a flush brings such a row. Lines of one key are completed in their order, each
/// from the one before it; those below a whole row are superseded and dropped. In a history each
/// line is completed from the row below it, and dropped only when it is stored already.
class Resolver {
public:
    using Insert = std::function<void(const TableLoader& table, const clickhouse::RowBatch& rows)>;

    Resolver(clickhouse::Transport& transport, std::size_t batch_bytes)
        : m_transport{transport}, m_batch_bytes{batch_bytes} {}

    /// Call after the batch's own rows were inserted. Completed rows are given to `insert` in
    /// portions; then the pending table is brought up to date. May be repeated after a failure.
    void resolve(TableLoader& table, const TableWork& work, const Insert& insert);

    /// The same for lines that wait in the target only, of `limit` keys at most.
    void resolve_stored(TableLoader& table, event::Order barrier, std::size_t limit,
                        const Insert& insert);

    /// Takes the lines that wait in the target for keys of `work` out of it: each is given to
    /// `take`, in the order of its key; they are done with after `keep` has made them durable
    /// elsewhere.
    void give_up(TableLoader& table, const TableWork& work,
                 const std::function<void(event::Order order, std::string_view line)>& take,
                 const std::function<void()>& keep);

private:
    struct Line {
        event::Order order;
        std::string_view text;
        bool stored; ///< comes from the pending table
    };
    using Chains = std::map<std::string, std::vector<Line>, std::less<>>;
    /// A part of Chains that came in portions: those of one key whose lines do not fit into one.
    struct Portion {
        bool first = true;
        bool last = true;
        event::Order through; ///< all lines of the key up to here were given; not of the last one
    };
    /// Lines of a key that are completed together, in their order.
    struct Slice {
        std::string_view key;
        std::span<const Line> lines;
        event::Order waiting_from; ///< in a history: the last line before them that waits
    };

    void add_stored(Chains& chains, std::string_view rows);
    using Take = std::function<void(Chains& chains, const Portion& portion)>;
    /// Lines that wait in the target for keys of `work`.
    void fetch_stored(TableLoader& table, const TableWork& work, const Take& take);
    /// Gives the lines of the keys in an answer of sizes in portions: of `m_batch_bytes` at most,
    /// or of one line.
    void fetch_portions(TableLoader& table, std::string_view sizes, const Take& take);
    void fetch_key(TableLoader& table, std::string_view key, const Take& take);
    /// A row of the target that a line may be completed from.
    struct Base {
        std::string_view row;     ///< empty: none
        bool stored = false;      ///< the line itself is there already (history)
        bool asked_again = false; ///< the answer was large enough without it
    };
    /// By key and, in a history, the line's order.
    using Bases = std::map<std::pair<std::string_view, event::Order>, Base>;

    /// Rows that were completed on their way to the table: full ones go at once.
    struct Filled {
        TableLoader& table;
        const Insert& insert;
        clickhouse::RowEncoder encoder;
        clickhouse::RowBatch rows;
    };
    /// An answer of at most kAnswerBytes and a row.
    std::string fetch_bases(const TableLoader& table, std::span<const Slice> slices, Bases& bases);
    static void take_own(Chains& own, const std::string& key, const Portion& portion,
                         std::vector<Line>& lines);
    void resolve_chains(TableLoader& table, Chains& chains, const Portion& portion,
                        const Insert& insert);
    /// How many of the slice's lines are done with: up to one that is asked for again.
    std::size_t resolve_slice(const Slice& slice, const Bases& bases, Filled& filled);
    std::size_t resolve_history(Slice& slice, const Bases& bases, Filled& filled);
    static void put_in(Filled& filled);
    /// Adds the line's row to `filled`, and gives it.
    std::string complete(const Line& line, std::string_view base, Filled& filled);
    void finish_line(std::string_view key, const Line& line);
    void keep_waiting(std::string_view key, const Line& line);
    void write_pending(TableLoader& table);
    void count_pending(TableLoader& table);

    clickhouse::Transport& m_transport;
    std::size_t m_batch_bytes;
    event::Order m_barrier; ///< everything below is void
    event::LineDecoder m_decoder;
    event::Order m_waiting_from; ///< Slice::waiting_from of the next portion of a key
    std::string m_pending_rows;  ///< for the pending table: new lines, done marks
    std::uint64_t m_new = 0;
    std::uint64_t m_done = 0;
};

} // namespace cdc::load

#endif
