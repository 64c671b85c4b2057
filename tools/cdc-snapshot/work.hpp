#ifndef CDC_SNAPSHOT_WORK_HPP
#define CDC_SNAPSHOT_WORK_HPP

#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/output.hpp"
#include "cdc-snapshot/progress.hpp"
#include "event/checkpoint.hpp"
#include "source/scan_range.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

/// Why a table may be read at several positions.
///
/// A snapshot that was killed has rows of position P1 in the target, and goes on at P2 > P1; the
/// stream still starts at the first position of all, P0 <= P1, and delivers every change from there
/// on. Let a key be read at Pk (each key is read at one position that counts). Changes of that key
/// - that committed before Pk are in what was read, and lose against it: their order is lower;
/// - that committed after Pk have a higher order, come through the stream, and win;
/// - deletes need no row of ours: a key deleted before Pk was not read, and if the target has it
///   from an earlier chunk or position (the row moved through the key space, or the table began
///   anew), then it was there at some P < Pk with order P, and its delete, after P >= P0, is in the
///   stream with a higher order.
/// What the target holds from before P0 has no stream that would delete it: the end line does, by
/// voiding rows below its order. That order must not exceed the position of any chunk of the table,
/// else it would void rows that were read rightly: it is that of the first one, said in the begin
/// line and kept in the progress. Rows between P0 and there are the stream's.
///
/// A table without key is emptied at its begin line, below that line's order, and is read at that
/// one position only: begun anew, it gets a new begin line with a higher order, which voids the
/// rows of the attempt before; changes of the stream up to there are part of what is read, and
/// changes after it are above the line.
namespace cdc::snapshot {

/// One table on its way: what is to be known of it, and the lines around its rows. What is const
/// after Work::open() may be read without the lock.
class TableWork {
public:
    struct About {
        std::string schema; ///< of MySQL: the database
        std::string name;
        std::uint32_t oid = 0; ///< 0: the source has no such number
        std::string shape; ///< another one means that rows may have come or gone without changes
        double rows = 0;   ///< estimate; 0: unknown
        std::uint64_t bytes = 0;
        std::vector<std::string> paging_key; ///< columns; empty: it cannot be read by key
        bool partitioned = false;
        bool clustered = false; ///< the key's order is that of the rows: reading by it costs little
        double correlation = 1; ///< else: of the rows with the first key column, 0 to 1
        bool whole = true;      ///< no condition of the user's

        std::string display_name() const { return schema + "." + name; }
        /// By the statistics.
        double bytes_per_row() const;
    };
    explicit TableWork(About description) : about{std::move(description)} {}
    virtual ~TableWork() = default;
    TableWork(const TableWork&) = delete;
    TableWork& operator=(const TableWork&) = delete;

    /// The table line.
    virtual void append_shape(std::string& out, std::int64_t now_ms) const = 0;
    /// What stands in front of the begin line, beside the table line.
    virtual void append_facts(std::string& /*out*/, std::int64_t /*now_ms*/) const {}
    virtual void append_begin(std::string& out, std::int64_t now_ms) const = 0;
    virtual void append_end(std::string& out, std::int64_t now_ms) const = 0;

    const About about;
    source::ScanRange::Kind mode = source::ScanRange::Kind::whole;
    event::Order order; ///< of begin and end line
    std::atomic<std::uint64_t> rows{0};

    // Under the lock of Work.
    enum class State { waiting, opening, open, complete, gone } state = State::waiting;
    std::string why_gone;
    std::uint64_t next_page = 0;
    std::uint64_t end_page = 0;
    std::vector<std::string> cut_after; ///< where the next range by key begins
    bool cutting = false;
    bool all_given = false; ///< no further range will be given out
    std::uint64_t next_range = 0;
    std::uint64_t running = 0;      ///< ranges given out and not finished
    std::int64_t not_before_ms = 0; ///< somebody else has it locked: tried again then
    bool told_locked = false;
    struct Finished {
        std::vector<std::string> until;
        std::uint64_t rows = 0;
    };
    std::map<std::uint64_t, Finished> finished; ///< by number, those behind a gap
    std::uint64_t first_unfinished = 0;
    std::vector<std::string> done_until; ///< everything up to this key is read
    std::uint64_t done_rows = 0;
    std::int64_t begun_ms = 0;
};

/// What the readers share: who reads what next, the lines around the rows, progress and
/// checkpoints. Safe from several threads.
class Work {
public:
    using Tables = std::vector<std::unique_ptr<TableWork>>;

    /// `checkpoint` has all but progress and time. `before` is what is done already.
    /// `order`: of the position at which this run reads.
    Work(const Options& options, Output& output, event::Checkpoint checkpoint, Progress before,
         event::Order order, Tables tables);

    struct Task {
        enum class Kind {
            open, ///< lock the table, then open() it or give_up()
            cut,  ///< find the end of `range`, then cut() and read it
            read, ///< read `range`, then finish()
            none, ///< nothing is left
        } kind = Kind::none;
        TableWork* table = nullptr;
        source::ScanRange range;
        std::uint64_t number = 0;  ///< of the range
        std::int64_t begun_ms = 0; ///< when it was given out
    };
    /// Waits for something to do. Throws Stopped.
    Task next();
    /// The table could not be locked at once: the task goes to whoever asks next, a little later.
    /// True the first time: worth a word.
    bool hand_back(const Task& task);

    /// The table is locked and has its shape: begin it. `rows`: about so many it has now; `pages`:
    /// its physical ones; 0: it cannot be read by them.
    void open(TableWork& table, double rows, std::uint64_t pages);
    /// The table was dropped, or its shape changed, before it was locked.
    void give_up(TableWork& table, const std::string& why);
    /// `until` empty: the range goes to the end of the table.
    void cut(Task& task, std::vector<std::string> until);
    void finish(const Task& task, std::uint64_t rows);

    /// Whether a reader may end the transaction that holds the table's lock.
    bool is_over(const TableWork& table);

    /// A checkpoint line when there is news and a second is over; with `now` in any case.
    void checkpoint(bool now);
    void checkpoint_done();
    /// Of schema-only runs: table lines alone.
    void append_shapes();

    /// "'public.orders' was dropped", for all tables given up.
    std::vector<std::string> given_up();
    std::uint64_t rows() const;
    /// Calls `tell` with name and rows of each table.
    template<typename Tell>
    void tell_tables(Tell&& tell) const {
        for (const auto& table : m_tables) {
            tell(table->about.display_name(), table->rows.load());
        }
    }
    /// Told of each range that was read, from any thread. Set before the readers run.
    using OnRange = std::function<void(std::uint64_t rows, std::int64_t took_ms)>;
    void set_on_range(OnRange on_range) { m_on_range = std::move(on_range); }
    std::size_t tables_over();
    std::size_t tables() const { return m_tables.size(); }
    /// For a terminal: what is read now, how far, and how long still.
    std::string progress_text(double rate);

private:
    std::optional<Task> take_handed_back();
    void complete(TableWork& table);
    void put_checkpoint(nlohmann::ordered_json snapshot);
    Progress progress() const;
    void take_up(TableWork& table);
    bool begin_keys(const TableWork& table) const;

    const Options& m_options;
    Output& m_output;
    event::Checkpoint m_checkpoint;
    Progress m_before;
    event::Order m_order;
    Tables m_tables;
    OnRange m_on_range;

    std::mutex m_mutex;
    std::vector<Task> m_handed_back; ///< ranges that were given out
    std::condition_variable m_changed;
    std::uint64_t m_seq;
    bool m_news = true;
    std::int64_t m_last_checkpoint_ms = 0;
};

} // namespace cdc::snapshot

#endif
