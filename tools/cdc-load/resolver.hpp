#ifndef CDC_LOAD_RESOLVER_HPP
#define CDC_LOAD_RESOLVER_HPP

#include "cdc-load/table_loader.hpp"
#include "cdc-load/work.hpp"
#include "clickhouse/transport.hpp"

#include <functional>
#include <map>
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

    void add_stored(Chains& chains, std::string_view rows);
    using Take = std::function<void(Chains& chains)>;
    /// Lines that wait in the target for keys of `work`.
    void fetch_stored(TableLoader& table, const TableWork& work, const Take& take);
    /// Gives the lines of the keys in an answer of sizes in portions: of `m_batch_bytes` at most,
    /// or of one key.
    void fetch_portions(TableLoader& table, std::string_view sizes, const Take& take);
    /// A row of the target that a line may be completed from.
    struct Base {
        std::string_view row; ///< empty: none
        bool stored = false;  ///< the line itself is there already (history)
    };
    /// By key and, in a history, the line's order.
    using Bases = std::map<std::pair<std::string_view, event::Order>, Base>;

    std::string fetch_bases(TableLoader& table, Chains::iterator first, Chains::iterator last,
                            Bases& bases);
    void resolve_chains(TableLoader& table, Chains& chains, const Insert& insert);
    void resolve_chain(clickhouse::RowEncoder& encoder, const std::string& key,
                       const std::vector<Line>& lines, const Bases& bases,
                       clickhouse::RowBatch& filled);
    void resolve_history(clickhouse::RowEncoder& encoder, const std::string& key,
                         const std::vector<Line>& lines, const Bases& bases,
                         clickhouse::RowBatch& filled);
    /// Adds the line's row to `filled`, and gives it.
    std::string complete(clickhouse::RowEncoder& encoder, const Line& line, std::string_view base,
                         clickhouse::RowBatch& filled);
    void finish_line(const std::string& key, const Line& line);
    void keep_waiting(const std::string& key, const Line& line);
    void write_pending(TableLoader& table);

    clickhouse::Transport& m_transport;
    std::size_t m_batch_bytes;
    event::Order m_barrier; ///< everything below is void
    event::LineDecoder m_decoder;
    std::string m_pending_rows; ///< for the pending table: new lines, done marks
    std::uint64_t m_new = 0;
    std::uint64_t m_done = 0;
};

} // namespace cdc::load

#endif
