#ifndef CDC_LOAD_FLUSHER_HPP
#define CDC_LOAD_FLUSHER_HPP

#include "base/mutex.hpp"
#include "cdc-load/careful_loader.hpp"
#include "cdc-load/dead_letters.hpp"
#include "cdc-load/figures.hpp"
#include "cdc-load/marks.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/table_loader.hpp"
#include "cdc-load/table_writers.hpp"
#include "cdc-load/work.hpp"
#include "checkpoints/by_input.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/transport.hpp"

#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace cdc::load {

/// Makes one Work durable at a time, on a thread of its own: rows of all tables, several tables at
/// once (TableWriters), then dead letters, then parked keys, barriers and the checkpoint's row in
/// `_cdc_state`, then the checkpoint files. Each step is repeated while the target is busy or away;
/// a repeat of what was stored changes nothing.
class Flusher {
public:
    /// `tables` is read while busy() only; the caller adds to it while idle.
    Flusher(clickhouse::Transport& transport, const Options& options, Figures& figures,
            const std::vector<std::unique_ptr<TableLoader>>& tables, Marks& marks);
    ~Flusher();
    Flusher(const Flusher&) = delete;
    Flusher& operator=(const Flusher&) = delete;

    /// Hands `work` over; it must be idle. It is the caller's again when idle.
    void submit(Work& work);
    bool busy();
    /// A flush threw; wait_idle() throws it again.
    bool failed();
    /// Waits up to `timeout_ms` until idle; true when it is. Throws what a flush threw.
    bool wait_idle(std::int64_t timeout_ms);

    clickhouse::RetryPolicy& retry_policy() { return m_retry; }
    /// Durable ones. Call while idle.
    std::uint64_t dead_letters() const { return m_letters.count(); }
    /// Checkpoints whose rows in `_cdc_state` wait for their second to be over. Call while idle.
    bool owes_state() const { return !m_unwritten.empty(); }

private:
    void run();
    /// What is to be done next, waiting for it; nothing: to stop.
    Work* next();
    void flush(Work& work);
    void count(const Work& work, std::int64_t took_ms);
    void time_merges(const Work& work);
    void store_tables(const Work& work);
    bool insert_in_shares(const Work& work);
    static void resolve_rest(TableWriter& writer, TableLoader& table, const TableWork& work,
                             bool last);
    void append_checkpoints(std::string& rows, const Work& work, std::int64_t now_ms);
    void insert_state(const Work& work);
    void remove_void_rows(const Work& work);
    void count_parked();
    void look_at_marks(const Work& work);
    void count_marks();

    clickhouse::Transport& m_transport;
    const Options& m_options;
    checkpoints::Writer m_checkpoints;
    Figures& m_figures;
    const std::vector<std::unique_ptr<TableLoader>>& m_tables;
    Marks& m_marks;
    clickhouse::RetryPolicy m_retry;
    TableWriters m_writers;
    DeadLetters m_letters;
    CarefulLoader m_careful;
    std::map<std::string, std::int64_t>
        m_state_ms; ///< when a checkpoint's row was written, by input

    checkpoints::LastLines m_unwritten; ///< whose rows are still to be written

    std::size_t m_unmerged = 0; ///< batches that were stored without merges

    base::Mutex m_mutex;
    std::condition_variable m_changed;
    /// Handed over, with all that it points to and the tables; nothing: idle.
    Work* m_work CDC_GUARDED_BY(m_mutex) = nullptr;
    std::exception_ptr m_error CDC_GUARDED_BY(m_mutex);
    bool m_stop CDC_GUARDED_BY(m_mutex) = false;
    std::thread m_thread;
};

} // namespace cdc::load

#endif
