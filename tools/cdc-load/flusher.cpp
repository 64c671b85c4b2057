#include "cdc-load/flusher.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-load/catalog.hpp"
#include "checkpoints/file.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/schema.hpp"
#include "event/checkpoint.hpp"

#include <algorithm>
#include <chrono>

namespace cdc::load {

using clickhouse::ServerError;

namespace {
constexpr std::int64_t kStateEveryMs = 1000;
constexpr std::size_t kStoredKeysAtOnce = 10'000;
constexpr int kTooMuchMemory = 241;
constexpr int kNoSuchColumn = 16;
constexpr int kIncorrectData = 117;
} // namespace

Flusher::Flusher(clickhouse::Transport& transport, const Options& options, Figures& figures,
                 const std::vector<std::unique_ptr<TableLoader>>& tables, Marks& marks)
    : m_transport{transport}, m_options{options}, m_figures{figures}, m_tables{tables},
      m_marks{marks}, m_resolver{transport, static_cast<std::size_t>(options.batch_bytes)},
      m_letters{options, figures}, m_careful{transport, options, m_resolver, m_letters, m_retry} {
    m_retry.limit_ms = options.retry_ms;
    m_retry.on_retry = [this] {
        m_figures.retries.add();
    };
    m_thread = std::thread{[this] {
        run();
    }};
}

Flusher::~Flusher() {
    {
        const std::lock_guard lock{m_mutex};
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void Flusher::submit(Work& work) {
    {
        const std::lock_guard lock{m_mutex};
        m_work = &work;
    }
    m_changed.notify_all();
}

bool Flusher::busy() {
    const std::lock_guard lock{m_mutex};
    return m_work != nullptr && m_error == nullptr;
}

bool Flusher::failed() {
    const std::lock_guard lock{m_mutex};
    return m_error != nullptr;
}

bool Flusher::wait_idle(std::int64_t timeout_ms) {
    std::unique_lock lock{m_mutex};
    m_changed.wait_for(lock, std::chrono::milliseconds{timeout_ms},
                       [this] { return m_work == nullptr || m_error != nullptr; });
    if (m_error != nullptr) {
        std::rethrow_exception(m_error);
    }
    return m_work == nullptr;
}

void Flusher::run() {
    while (true) {
        Work* work = nullptr;
        {
            std::unique_lock lock{m_mutex};
            m_changed.wait(lock, [this] { return m_stop || (m_work && !m_error); });
            if (m_stop) {
                return;
            }
            work = m_work;
        }
        std::exception_ptr error;
        try {
            flush(*work);
        } catch (...) {
            error = std::current_exception();
        }
        {
            const std::lock_guard lock{m_mutex};
            m_error = error;
            m_work = error == nullptr ? nullptr : m_work;
        }
        m_changed.notify_all();
    }
}

void Flusher::flush(Work& work) {
    const std::int64_t started = base::steady_ms();
    for (const std::size_t number : work.touched) {
        flush_table(*m_tables[number], *work.tables[number], work.last);
    }
    for (const BrokenLine& broken : work.broken) {
        m_letters.add(nullptr, broken.line_number, broken.line, broken.error);
    }
    m_letters.write();
    insert_state(work);
    count_parked();
    remove_void_rows(work);
    if (!work.checkpoint.empty()) {
        checkpoints::write(m_options.checkpoints, work.checkpoint);
    }
    count(work, base::steady_ms() - started);
}

void Flusher::count(const Work& work, std::int64_t took_ms) {
    if (!work.checkpoint.empty()) {
        const event::Checkpoint checkpoint = event::parse_checkpoint(work.checkpoint, "line");
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

Resolver::Insert Flusher::inserter() {
    return [this](const TableLoader& table, const clickhouse::RowBatch& rows) {
        insert_rows(table, rows);
    };
}

void Flusher::store(TableLoader& table, const TableWork& work) {
    if (!work.rows.empty()) {
        insert_rows(table, work.rows);
    }
    if (!work.waiting.empty() || table.pending > 0) {
        clickhouse::with_retry(m_retry, [&] { m_resolver.resolve(table, work, inserter()); });
    }
}

void Flusher::flush_table(TableLoader& table, TableWork& work, bool last) {
    const CarefulLoader::Store careful = [this](TableLoader& to, const TableWork& from) {
        store(to, from);
    };
    if (m_options.keeps_lines() && m_careful.wanted(table, work)) {
        m_careful.load(table, work, careful);
    } else {
        try {
            store(table, work);
        } catch (const ServerError& error) {
            if (!m_options.keeps_lines() || !clickhouse::is_row_fault(error.server_code())) {
                throw;
            }
            m_careful.load(table, work, careful);
        }
    }
    if ((last || work.complete_waiting) && table.pending > 0) {
        // Another loader may have brought the rows that were missing.
        clickhouse::with_retry(m_retry, [&] {
            m_resolver.resolve_stored(table, work.known_barrier, kStoredKeysAtOnce, inserter());
        });
    }
}

void Flusher::insert_rows(const TableLoader& table, const clickhouse::RowBatch& rows) {
    for (std::size_t from = 0; from < rows.rows().size();) {
        const std::size_t count = std::min(rows.rows().size() - from, m_insert_rows);
        try {
            insert_range(table, rows, from, count);
            from += count;
        } catch (const ServerError& error) {
            if (error.server_code() != kTooMuchMemory || count == 1) {
                throw;
            }
            m_insert_rows = std::max<std::size_t>(count / 2, 1);
            base::log::warning("{}; inserting {} rows at once from now on", error.what(),
                               m_insert_rows);
        }
    }
}

void Flusher::insert_range(const TableLoader& table, const clickhouse::RowBatch& rows,
                           std::size_t from, std::size_t count) {
    const clickhouse::TargetShape& shape = table.encoder().shape();
    const std::string into = clickhouse::insert_sql(table.target(), shape);
    const std::string header = clickhouse::rows_header(table.target(), shape);
    clickhouse::with_retry(m_retry, [&] {
        try {
            rows.pieces(m_pieces, from, count);
            m_pieces.insert(m_pieces.begin(), header);
            m_transport.insert(into, clickhouse::kRowsFormat, m_pieces);
        } catch (const ServerError& error) {
            if (error.server_code() == kTooMuchMemory && count > 1) {
                throw ServerError{error.code(), error.what(), error.hint(), error.server_code(),
                                  false};
            }
            check_columns(table, error);
            throw;
        }
    });
}

/// Another loader may have altered the table, or have put another one in its place.
void Flusher::check_columns(const TableLoader& table, const ServerError& error) {
    if (error.server_code() != kNoSuchColumn && error.server_code() != kIncorrectData) {
        return;
    }
    const auto existing = find_columns(m_transport, table.target().raw);
    for (const auto& column : clickhouse::row_columns(table.target(), table.encoder().shape())) {
        const auto found =
            std::find_if(existing.begin(), existing.end(),
                         [&](const auto& candidate) { return candidate.name == column.name; });
        if (found == existing.end() || found->type != column.type) {
            throw base::Error{base::ExitCode::failed,
                              fmt::format("column {} of {} was altered while rows were on their "
                                          "way to it: {}",
                                          base::in_quotes(column.name),
                                          base::in_quotes(table.target().raw), error.what()),
                              "Start again: the table is looked at anew."};
        }
    }
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
    const std::int64_t tick = base::steady_ms();
    if (!work.checkpoint.empty() && (work.last || tick - m_state_ms >= kStateEveryMs)) {
        const event::Checkpoint checkpoint = event::parse_checkpoint(
            work.checkpoint, fmt::format("line {}", work.checkpoint_line_number));
        if (!checkpoint.beside_stream()) {
            clickhouse::append_state_row(
                rows, clickhouse::checkpoint_row(checkpoint, work.checkpoint), now);
        }
        m_state_ms = tick;
    }
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
            std::string rows;
            for (const auto& row : end_marks(name, state, table.read_whole, table.proof,
                                             m_options.keep_dropped_partitions)) {
                clickhouse::append_state_row(rows, row, base::now_ms());
            }
            const std::string_view piece = rows;
            clickhouse::with_retry(m_retry, [&] {
                m_transport.insert(clickhouse::insert_state_sql(), "RowBinary", {&piece, 1});
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
