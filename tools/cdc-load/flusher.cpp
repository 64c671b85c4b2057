#include "cdc-load/flusher.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/schema.hpp"
#include "event/checkpoint.hpp"

#include <algorithm>
#include <chrono>

namespace cdc::load {

using clickhouse::ServerError;

namespace {
constexpr std::int64_t kStateEveryMs = 1000;
constexpr std::size_t kLeastShare = 50'000; ///< rows
constexpr std::size_t kMostShares = 2;
/// Each makes a part of a table: far fewer than those that inserts are slowed down for.
constexpr std::size_t kMostUnmerged = 32;

clickhouse::RetryPolicy make_retry_policy(const Options& options, Figures& figures) {
    clickhouse::RetryPolicy policy;
    policy.limit_ms = options.retry_ms;
    policy.on_retry = [&figures] {
        figures.retries.add();
    };
    return policy;
}
} // namespace

Flusher::Flusher(clickhouse::Transport& transport, const Options& options, Figures& figures,
                 const std::vector<std::unique_ptr<TableLoader>>& tables, Marks& marks)
    : m_transport{transport}, m_options{options},
      m_checkpoints{options.checkpoints}, m_figures{figures}, m_tables{tables}, m_marks{marks},
      m_retry{make_retry_policy(options, figures)}, m_writers{transport, options, m_retry},
      m_letters{options, figures}, m_careful{transport, options, m_writers.first().resolver(),
                                             m_letters, m_retry} {
    m_thread = std::thread{[this] {
        run();
    }};
}

Flusher::~Flusher() {
    {
        const base::MutexLock lock{m_mutex};
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void Flusher::submit(Work& work) {
    {
        const base::MutexLock lock{m_mutex};
        m_work = &work;
    }
    m_changed.notify_all();
}

bool Flusher::busy() {
    const base::MutexLock lock{m_mutex};
    return m_work != nullptr && m_error == nullptr;
}

bool Flusher::failed() {
    const base::MutexLock lock{m_mutex};
    return m_error != nullptr;
}

bool Flusher::wait_idle(std::int64_t timeout_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{timeout_ms};
    base::MutexLock lock{m_mutex};
    while (m_work != nullptr && m_error == nullptr && lock.wait_until(m_changed, deadline)) {
    }
    if (m_error != nullptr) {
        std::rethrow_exception(m_error);
    }
    return m_work == nullptr;
}

Work* Flusher::next() {
    base::MutexLock lock{m_mutex};
    while (!m_stop && (m_work == nullptr || m_error != nullptr)) {
        lock.wait(m_changed);
    }
    return m_stop ? nullptr : m_work;
}

void Flusher::run() {
    while (Work* const work = next()) {
        std::exception_ptr error;
        try {
            flush(*work);
        } catch (...) {
            error = std::current_exception();
        }
        {
            const base::MutexLock lock{m_mutex};
            m_error = error;
            m_work = error == nullptr ? nullptr : m_work;
        }
        m_changed.notify_all();
    }
}

void Flusher::flush(Work& work) {
    const std::int64_t started = base::steady_ms();
    time_merges(work);
    store_tables(work);
    for (const BrokenLine& broken : work.broken) {
        m_letters.add(nullptr, broken.line_number, broken.line, broken.error);
    }
    m_letters.write();
    insert_state(work);
    count_parked();
    remove_void_rows(work);
    m_checkpoints.write(work.checkpoints);
    count(work, base::steady_ms() - started);
}

/// While a run begins with one full batch after the other, merges would only take the processors
/// from them. Not later in a run: what is merged then would be stopped half-way, again and again.
void Flusher::time_merges(const Work& work) {
    if (m_unmerged > kMostUnmerged || work.last) {
        return;
    }
    m_unmerged = work.full ? m_unmerged + 1 : kMostUnmerged + 1;
    clickhouse::with_retry(m_retry, [&] {
        if (m_unmerged > kMostUnmerged) {
            m_transport.release_merges();
        } else if (m_unmerged == 1) {
            m_transport.hold_merges();
        }
    });
}

void Flusher::count(const Work& work, std::int64_t took_ms) {
    for (const std::string& line : work.checkpoints.lines()) {
        const event::Checkpoint checkpoint = event::parse_checkpoint(line, "line");
        m_figures.checkpoint_time.set(checkpoint.ts_ms);
        m_figures.behind.set(checkpoint.ts_ms);
        if (checkpoint.order != event::Order{}) {
            m_figures.position.set(static_cast<std::int64_t>(checkpoint.order.position()));
        }
    }
    const auto rows = static_cast<std::int64_t>(work.rows);
    m_figures.rows.add(rows);
    m_figures.written.add(static_cast<std::int64_t>(work.bytes));
    m_figures.batches.add();
    m_figures.batch_rows.observe(rows);
    m_figures.batch_seconds.observe(took_ms);
    if (m_options.metrics.tables) {
        for (const std::size_t number : work.touched) {
            const TableWork& table = *work.tables[number];
            m_figures.table_rows.of({m_tables[number]->source().display_name()})
                .add(static_cast<std::int64_t>(table.rows.rows().size() + table.waiting.size()));
        }
    }
    base::log::debug("{} rows, {} bytes stored in {} ms", work.rows, work.bytes, took_ms);
}

/// Rows of each table. Those of tables that need a look at each line come last, one after the
/// other, and write to the dead-letter file in the order of the tables.
void Flusher::store_tables(const Work& work) {
    const bool inserted = insert_in_shares(work);
    std::vector<char> careful(work.touched.size(), 0); // not of bool: threads set their own ones
    m_writers.run(work.touched.size(), [&](TableWriter& writer, std::size_t i) {
        TableLoader& table = *m_tables[work.touched[i]];
        const TableWork& part = *work.tables[work.touched[i]];
        if (m_options.keeps_lines() && m_careful.wanted(table, part)) {
            careful[i] = 1;
            return;
        }
        try {
            if (inserted) {
                writer.resolve(table, part);
            } else {
                writer.store(table, part);
            }
        } catch (const ServerError& error) {
            if (!m_options.keeps_lines() || !clickhouse::is_row_fault(error.server_code())) {
                throw;
            }
            careful[i] = 1;
            return;
        }
        resolve_rest(writer, table, part, work.last);
    });
    for (std::size_t i = 0; i < careful.size(); ++i) {
        if (careful[i] == 0) {
            continue;
        }
        TableLoader& table = *m_tables[work.touched[i]];
        const TableWork& part = *work.tables[work.touched[i]];
        m_careful.load(table, part, [this](TableLoader& to, const TableWork& from) {
            m_writers.first().store(to, from);
        });
        resolve_rest(m_writers.first(), table, part, work.last);
    }
}

/// The rows of the last batch: nothing is read any more, so that several writers insert those of
/// one table at once. False: there are too few for it.
bool Flusher::insert_in_shares(const Work& work) {
    struct Share {
        std::size_t table;
        std::size_t from;
        std::size_t to;
    };
    // Each makes a part in the target.
    const std::size_t shares_at_most = std::min<std::size_t>(m_writers.count(), kMostShares);
    std::vector<Share> shares;
    if (work.last && !m_options.keeps_lines()) {
        for (const std::size_t number : work.touched) {
            const std::size_t rows = work.tables[number]->rows.rows().size();
            const std::size_t parts =
                std::clamp<std::size_t>(rows / kLeastShare, 1, shares_at_most);
            for (std::size_t i = 0; i < parts; ++i) {
                shares.push_back({number, rows * i / parts, rows * (i + 1) / parts});
            }
        }
    }
    if (shares.size() <= work.touched.size()) {
        return false;
    }
    m_writers.run(shares.size(), [&](TableWriter& writer, std::size_t i) {
        const Share& share = shares[i];
        writer.insert_rows(*m_tables[share.table], work.tables[share.table]->rows, share.from,
                           share.to);
    });
    return true;
}

/// Another loader may have brought the rows that were missing.
void Flusher::resolve_rest(TableWriter& writer, TableLoader& table, const TableWork& work,
                           bool last) {
    if ((last || work.complete_waiting) && table.pending > 0) {
        writer.resolve_stored(table, work.known_barrier);
    }
}

/// Of each source at most once a second: the others wait for the next batch, or the last one.
void Flusher::append_checkpoints(std::string& rows, const Work& work, std::int64_t now_ms) {
    const std::int64_t tick = base::steady_ms();
    for (const std::string& line : work.checkpoints.lines()) {
        m_unwritten.add(line);
    }
    checkpoints::LastLines left;
    for (const std::string& line : m_unwritten.lines()) {
        std::int64_t& written_ms = m_state_ms[event::input_of_checkpoint(line)];
        if (!work.last && written_ms != 0 && tick - written_ms < kStateEveryMs) {
            left.add(line);
            continue;
        }
        const event::Checkpoint checkpoint = event::parse_checkpoint(line, "checkpoint line");
        if (!checkpoint.beside_stream()) {
            clickhouse::append_state_row(rows, clickhouse::checkpoint_row(checkpoint, line),
                                         now_ms);
        }
        written_ms = tick;
    }
    m_unwritten = std::move(left);
}

void Flusher::insert_state(const Work& work) {
    std::string rows = m_careful.take_state_rows();
    bool reread = false;
    const std::int64_t now = base::now_ms();
    // A snapshot's own facts have its order, and so has its end, which clears their marks.
    for (const clickhouse::StateRow& row : work.state_rows) {
        clickhouse::append_state_row(rows, row, now);
    }
    for (const std::size_t number : work.touched) {
        const TableWork& table = *work.tables[number];
        for (const auto& [key, parked] : table.freed) {
            clickhouse::append_state_row(
                rows, clickhouse::parked_row(m_tables[number]->target().name, key, parked), now);
        }
        if (table.barrier != event::Order{}) {
            clickhouse::append_state_row(
                rows, clickhouse::barrier_row(m_tables[number]->target().name, table.barrier), now);
        }
        if (table.snapshot != event::Order{}) {
            clickhouse::append_state_row(rows,
                                         clickhouse::reading_row(m_tables[number]->target().name,
                                                                 table.snapshot,
                                                                 table.snapshot_begins),
                                         now);
        }
        if (table.read_whole != event::Order{} && !table.proof.unlogged) {
            // Below a DDL of higher order it says nothing.
            const std::string& name = m_tables[number]->target().name;
            for (const auto& row : end_marks(name, {}, table.read_whole, {}, {})) {
                clickhouse::append_state_row(rows, row, now);
            }
            reread = true;
        }
    }
    append_checkpoints(rows, work, now);
    if (!rows.empty()) {
        const std::string_view piece = rows;
        clickhouse::with_retry(m_retry, [&] {
            m_transport.insert(clickhouse::insert_state_sql(), "RowBinary", {&piece, 1});
        });
    }
    if (reread) {
        look_at_marks(work);
    }
    count_marks();
}

/// Of tables that were read whole: another loader may have marked them meanwhile.
void Flusher::look_at_marks(const Work& work) {
    for (const std::size_t number : work.touched) {
        const TableWork& table = *work.tables[number];
        if (table.read_whole == event::Order{} || table.proof.unlogged) {
            continue;
        }
        const std::string& name = m_tables[number]->target().name;
        clickhouse::TableState state;
        const auto look = [&] {
            state = clickhouse::read_table_state(m_transport, name);
        };
        clickhouse::with_retry(m_retry, look);
        if (!state.stale.empty() || !state.unproven.empty()) {
            const auto rows = end_marks(name, state, table.read_whole, table.proof,
                                        m_options.keep_dropped_partitions);
            clickhouse::with_retry(m_retry, [&] {
                clickhouse::insert_state(m_transport, rows);
                look();
            });
        }
        m_tables[number]->stale = !state.stale.empty();
        m_tables[number]->unproven = !state.unproven.empty();
    }
}

void Flusher::count_marks() {
    for (const auto& table : m_tables) {
        if (!table->version().empty() && !table->is_aside()) {
            m_marks.set_stale(table->target().name, table->stale);
            m_marks.set_unproven(table->target().name, table->unproven);
        }
    }
    m_figures.stale.set(static_cast<std::int64_t>(m_marks.stale()));
    m_figures.unproven.set(static_cast<std::int64_t>(m_marks.unproven()));
}

void Flusher::count_parked() {
    std::size_t count = 0;
    if (m_options.keeps_lines()) {
        for (const auto& table : m_tables) {
            count += table->parked_keys();
        }
    }
    m_figures.parked.set(static_cast<std::int64_t>(count));
}

void Flusher::remove_void_rows(const Work& work) {
    for (const std::size_t number : work.touched) {
        const event::Order barrier = work.tables[number]->barrier;
        if (barrier == event::Order{} || m_options.layout.history()) {
            continue;
        }
        try {
            // Only to free the space: the view has left these rows out since the barrier.
            m_transport.execute(fmt::format(
                "ALTER TABLE {}{} DELETE WHERE {} < toUInt128('{}') SETTINGS mutations_sync = "
                "0",
                clickhouse::quote_identifier(m_tables[number]->target().stored),
                m_options.layout.on_cluster(),
                clickhouse::quote_if_needed(m_options.layout.version),
                base::decimal_text(barrier.value)));
        } catch (const ServerError& error) {
            base::log::debug("void rows stay: {}", error.what());
        }
    }
}

} // namespace cdc::load
