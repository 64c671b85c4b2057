#include "cdc-load/loader.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-load/careful_loader.hpp"
#include "cdc-load/dry_run.hpp"
#include "cdc-load/table_checks.hpp"
#include "cdc-load/table_setup.hpp"
#include "event/input_hint.hpp"
#include "event/json_cursor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

#include <unistd.h>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::DecodedLine;
using event::LineKind;

namespace {

constexpr std::int64_t kAskEveryMs = 100;
constexpr std::int64_t kLastWaitMs = 700;
// Of the first batches.
constexpr std::uint64_t kShortestRows = 100'000;
constexpr std::uint64_t kShortestBytes = 8U << 20;

/// Lines that others depend on: a broken one is no dead letter.
bool is_not_of_one_row(std::string_view line) {
    for (const std::string_view start :
         {R"({"table")", R"({"snapshot")", R"({"checkpoint")", R"({"facts")", R"({"mark")"}) {
        if (line.substr(0, start.size()) == start) {
            return true;
        }
    }
    return false;
}

std::string hint_for(std::string_view line, ExitCode code) {
    if (code == ExitCode::bad_data && line.substr(0, 6) == R"({"key")") {
        return "Mend the line, or go on without its row: --on-error dead-letter --dead-letter FILE";
    }
    return event::input_hint(line);
}

/// The line in a dead letter.
std::string letter_bytes(std::string_view payload) {
    std::string bytes;
    event::JsonCursor cursor{payload};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "bytes" &&
            (value.size() < 2 ||
             !base::append_base64_decoded(bytes, value.substr(1, value.size() - 2)))) {
            bytes.clear();
        }
    }
    if (cursor.failed() || bytes.empty()) {
        fail(ExitCode::bad_data, "dead letter without a line in its bytes");
    }
    if (bytes.back() == '\n') {
        bytes.pop_back();
    }
    return bytes;
}

} // namespace

Loader::Loader(clickhouse::Transport& transport, const Options& options, Figures& figures)
    : m_transport{transport}, m_options{options}, m_flusher{transport, options, figures, m_tables,
                                                            m_marks},
      m_rebuilder{transport, options, m_flusher.retry_policy()}, m_facts{transport, options,
                                                                         m_flusher.retry_policy(),
                                                                         m_marks},
      m_history{transport, options, m_flusher.retry_policy(), m_marks} {
    bound_batch();
    clickhouse::RetryPolicy first = m_flusher.retry_policy();
    first.unreached_ms = clickhouse::kFirstContactMs;
    clickhouse::with_retry(first, [&] { set_up_target(m_transport, m_options.layout); });
    clickhouse::with_retry(m_flusher.retry_policy(), [&] { m_marks.load(m_transport); });
    m_history.load();
    figures.stale.set(static_cast<std::int64_t>(m_marks.stale()));
    figures.unproven.set(static_cast<std::int64_t>(m_marks.unproven()));
    if (m_options.rebuild) {
        m_rebuilder.check_database();
    }
}

const DecodedLine* Loader::decode(std::string_view line) {
    try {
        return &check_order(m_predictor.decode(line));
    } catch (const Error& error) {
        if (!m_options.dead_letters || is_not_of_one_row(line)) {
            throw;
        }
        if (!m_held.empty()) {
            take_held_delete(true);
        }
        begin_work();
        m_work->bytes += line.size();
        m_work->broken.push_back({m_line_number, std::string{line}, error});
        return nullptr;
    }
}

void Loader::take(std::string_view line, std::uint64_t line_number) {
    m_line_number = line_number;
    try {
        const DecodedLine* decoded = decode(line);
        if (decoded != nullptr && decoded->kind == LineKind::dead_letter && m_options.replaying()) {
            take_letter(*decoded);
        } else if (decoded != nullptr) {
            take_decoded(*decoded);
        }
    } catch (const Error& error) {
        if (error.code() != ExitCode::bad_data && error.code() != ExitCode::refused) {
            throw;
        }
        throw Error{error.code(), fmt::format("line {}: {}", line_number, error.what()),
                    error.hint().empty() ? hint_for(line, error.code()) : error.hint()};
    }
    if (m_held.empty() && batch_is_full()) {
        m_work->full = true;
        submit();
    }
}

bool Loader::batch_is_full() const {
    return m_work->rows >= m_most_rows || m_work->bytes >= m_most_bytes;
}

/// A batch has half of what was handed over before it, within bounds.
void Loader::bound_batch() {
    const auto bound = [](std::uint64_t before, std::uint64_t shortest, std::uint64_t most) {
        return std::clamp(before / 2, std::min(std::max(most / 4, shortest), most), most);
    };
    m_most_rows = bound(m_rows_before, kShortestRows, m_options.batch_rows);
    m_most_bytes = bound(m_bytes_before, kShortestBytes, m_options.batch_bytes);
}

void Loader::take_letter(const DecodedLine& letter) {
    m_letter = letter_bytes(letter.payload);
    const std::size_t size = m_letter.size();
    m_letter.append(event::LinePredictor::kPadding, '\0');
    if (const DecodedLine* decoded = decode({m_letter.data(), size}); decoded != nullptr) {
        take_decoded(*decoded);
    }
}

void Loader::take_decoded(const DecodedLine& decoded) {
    if (!m_held.empty() &&
        (decoded.kind != LineKind::change || decoded.op != 'c' || decoded.key_before.empty())) {
        take_held_delete(); // through Kafka its create may stand in another partition
    }
    switch (decoded.kind) {
    case LineKind::change:
        take_change(decoded);
        break;
    case LineKind::table:
        take_table(decoded);
        break;
    case LineKind::snapshot:
        take_snapshot(decoded);
        break;
    case LineKind::checkpoint:
        if (!m_options.replaying()) {
            take_left(decoded.raw);
            tell_passed(decoded.raw);
            begin_work();
            if (const auto row = m_history.take_checkpoint(decoded.raw, m_tables)) {
                m_work->state_rows.push_back(*row);
            }
            m_work->checkpoints.add(decoded.raw);
        }
        break;
    case LineKind::dead_letter:
        ++m_passed_over;
        break;
    case LineKind::facts:
    case LineKind::mark:
        take_facts(decoded);
        break;
    case LineKind::transaction:
    case LineKind::tombstone:
        break; // the changes themselves say it all
    }
}

void Loader::take_change(const DecodedLine& line) {
    ++m_changes;
    m_history.take_change();
    if (line.op == 'm') {
        return;
    }
    TableLoader& table = find_table(line.source, line.op == 't' ? "truncate" : "change");
    if (table.late) {
        tell_late(table);
    }
    const bool aside = line.op == 'r' && table.side;
    if (table.misfit && !aside && !settle_shape(table, line.source.order, line.op)) {
        m_held.clear();
        return;
    }
    switch (line.op) {
    case 't': {
        if (!m_options.dry_run && !m_options.replaying()) {
            wait_for_flusher();
            apply(line.source, m_facts.take_truncate(line));
        }
        if (m_options.ignore_truncates) {
            ++m_ignored_truncates;
            return;
        }
        begin_work();
        TableWork& work = m_work->table(m_last_number);
        const std::size_t rows = work.rows.rows().size();
        if (m_options.keeps_lines() && m_options.layout.history()) {
            keep(table, line.raw, {}, m_line_number);
        }
        table.truncate(line, work);
        m_work->rows += work.rows.rows().size() - rows;
        return;
    }
    case 'd':
        if (!line.key_after.empty()) {
            m_held = line.raw;
            m_held_number = m_line_number;
            return;
        }
        break;
    default:
        if (!m_held.empty()) {
            take_key_change(line.raw);
            return;
        }
    }
    const std::size_t number = aside ? *table.side : m_last_number;
    if (m_options.keeps_lines()) {
        allow_nulls(number, line);
        begin_work();
        keep(table, line.raw, {}, m_line_number);
    }
    begin_work();
    add(number, line);
}

/// Once a table. Through Kafka, lines of one partition may come behind later ones of another.
void Loader::tell_late(TableLoader& table) {
    table.late = false;
    if (table.late_told) {
        return;
    }
    table.late_told = true;
    wait_for_flusher();
    const char* const reason = "changes of a shape that is gone came late, and are missing";
    clickhouse::with_retry(m_flusher.retry_policy(),
                           [&] { mark_stale(m_transport, table, table.highest(), reason); });
}

/// Where the source's catalog is stricter than its rows are (NOT NULL that came later, and a NULL
/// in the log), the table gets wider, and nothing stops.
bool Loader::allow_nulls(std::size_t number, const DecodedLine& line) {
    TableLoader& table = *m_tables[number];
    std::optional<std::size_t> column;
    try {
        column = table.misplaced_null(line);
    } catch (const Error&) {
        return false; // add() has the words
    }
    const bool found_one = column.has_value();
    for (; column; column = table.misplaced_null(line)) {
        make_durable(); // rows of the narrower type first
        const std::string name = table.encoder().shape().columns[*column].name;
        clickhouse::with_retry(m_flusher.retry_policy(),
                               [&] { allow_null(m_transport, table, *column); });
        if (!table.side) {
            continue;
        }
        TableLoader& side = *m_tables[*table.side]; // whose rows the table's are copied to
        const auto& columns = side.encoder().shape().columns;
        const auto found = std::find_if(columns.begin(), columns.end(),
                                        [&](const auto& c) { return c.name == name; });
        if (found != columns.end() && !found->mapping.type.nullable) {
            const auto index = static_cast<std::size_t>(found - columns.begin());
            clickhouse::with_retry(m_flusher.retry_policy(),
                                   [&] { allow_null(m_transport, side, index); });
        }
    }
    return found_one;
}

void Loader::take_key_change(std::string_view created) {
    find_table(m_decoder.decode(m_held).source, "change");
    allow_nulls(m_last_number, m_decoder.decode(m_held));
    allow_nulls(m_last_number, m_decoder.decode(created));
    // Both or none: the create is the one that can fail, so it goes first; their keys differ.
    begin_work();
    const DecodedLine& create = m_decoder.decode(created);
    TableLoader& table = find_table(create.source, "change");
    if (m_options.keeps_lines()) {
        keep(table, m_held, created, m_held_number);
    }
    add(m_last_number, create);
    m_scratch.swap(m_held);
    m_held.clear();
    add(m_last_number, m_decoder.decode(m_scratch));
}

void Loader::take_held_delete(bool half) {
    m_scratch.swap(m_held);
    m_held.clear();
    begin_work();
    const DecodedLine& remove = m_decoder.decode(m_scratch);
    TableLoader& table = find_table(remove.source, "change");
    if (m_options.keeps_lines()) {
        keep(table, m_scratch, {}, m_held_number, half);
    }
    if (!half) {
        add(m_last_number, remove);
    }
}

void Loader::keep(TableLoader& table, std::string_view first, std::string_view second,
                  std::uint64_t line_number, bool half) {
    TableWork& work = m_work->table(m_last_number);
    work.kept.add(first, second, line_number, table.snapshot_row(), half);
    work.suspect |= half;
    m_work->bytes += first.size() + second.size() + sizeof(KeptLines::Unit);
}

/// What comes behind a hole is not loaded over it, also by a run that keeps no dead letters.
void Loader::check_parked(TableLoader& table, const DecodedLine& line, TableWork& work) {
    const std::string key = key_text(table.encoder().shape(), line);
    const auto found = table.parked.find(key);
    if (found == table.parked.end() || !found->second.parked()) {
        return;
    }
    clickhouse::ParkedKey& parked = found->second;
    if ((line.op == 'r' && line.source.order > parked.through) ||
        parked.through < table.barrier()) {
        parked.reason.clear();
        parked.through = std::max(parked.through, line.source.order);
        work.freed[key] = parked;
    } else if (line.source.order >= parked.from) {
        throw Error{ExitCode::bad_data,
                    fmt::format("table {}: its key {} is parked, because an earlier line of it "
                                "could not be loaded: {}",
                                in_quotes(table.source().display_name()), key, parked.reason),
                    "Load its dead letters with --replay FILE, or go on with --on-error "
                    "dead-letter."};
    }
}

void Loader::add(std::size_t number, const DecodedLine& line) {
    TableLoader& table = *m_tables[number];
    TableWork& work = m_work->table(number);
    const std::size_t before = work.rows.memory() + work.waiting_bytes;
    const std::size_t rows = work.rows.rows().size() + work.waiting.size();
    if (!m_options.keeps_lines() && !table.parked.empty()) {
        check_parked(table, line, work);
    }
    try {
        table.add(line, work);
    } catch (const clickhouse::NullValue&) {
        if (!allow_nulls(number, line)) {
            throw;
        }
        begin_work();
        add(number, line);
        return;
    } catch (const Error& error) {
        if (!m_options.keeps_lines() || error.code() != ExitCode::bad_data) {
            throw;
        }
        work.suspect = true; // the flush looks at each line
    }
    m_work->bytes += work.rows.memory() + work.waiting_bytes - before;
    m_work->rows += work.rows.rows().size() + work.waiting.size() - rows;
}

void Loader::begin_work() {
    if (m_work->started_ms == 0) {
        m_work->started_ms = base::steady_ms();
    }
}

clickhouse::ValueCounts Loader::replaced() const {
    clickhouse::ValueCounts sum;
    for (const auto& table : m_tables) {
        const clickhouse::ValueCounts counts = table->replaced();
        sum.dates += counts.dates;
        sum.numbers += counts.numbers;
        sum.nulls += counts.nulls;
    }
    return sum;
}

std::size_t Loader::tables() const {
    return static_cast<std::size_t>(std::count_if(
        m_tables.begin(), m_tables.end(), [](const auto& table) { return !table->is_aside(); }));
}

std::size_t Loader::parked_keys() const {
    std::size_t count = 0;
    for (const auto& table : m_tables) {
        count += table->parked_keys();
    }
    return count;
}

std::int64_t Loader::due_in_ms() const {
    if (m_work->empty()) {
        return -1;
    }
    return std::max<std::int64_t>(
        m_work->started_ms + m_options.flush_interval_ms - base::steady_ms(), 0);
}

void Loader::flush_if_idle() {
    if (!m_flusher.busy() && m_held.empty() && !m_work->empty()) {
        submit();
    }
}

void Loader::submit() {
    if (m_options.dry_run) {
        print_work(*m_work, m_tables);
        m_work->clear(0);
        m_done = true;
        return;
    }
    wait_for_flusher();
    for (const std::size_t number : m_work->touched) {
        m_work->tables[number]->known_barrier = m_tables[number]->barrier();
    }
    m_rows_before += m_work->rows;
    m_bytes_before += m_work->bytes;
    bound_batch();
    m_flusher.submit(*m_work);
    m_work = m_work == &m_works[0] ? &m_works[1] : &m_works[0];
    m_work->clear(static_cast<std::size_t>(m_options.batch_bytes) * 2);
}

void Loader::wait_for_flusher() {
    while (!m_flusher.wait_idle(kAskEveryMs)) {
        // The flushing thread's own waits end by themselves, with better words.
        if (io::stop_signal::give_up() && !m_flusher.wait_idle(kLastWaitMs)) {
            base::log::write_last_error("stopped while rows were being stored; what was not "
                                        "acknowledged comes again");
            ::_exit(static_cast<int>(ExitCode::failed));
        }
    }
}

void Loader::end_input() {
    if (!m_held.empty()) {
        base::log::warning("line {}: the input ends between the two lines of a key change, of "
                           "which neither is taken; both come again from the last checkpoint",
                           m_held_number);
    }
}

void Loader::finish() {
    m_held.clear();
    wait_for_flusher();
    // Tables with waiting updates get a last chance, even when this batch has nothing for them.
    for (std::size_t number = 0; number < m_tables.size(); ++number) {
        if (m_tables[number]->pending > 0) {
            m_work->table(number);
        }
    }
    if (!m_work->empty() || m_flusher.owes_state()) {
        m_work->last = true;
        submit();
    }
    wait_for_flusher();
    for (const auto& table : m_tables) {
        if (table->late) {
            tell_late(*table);
        }
        if (table->pending > 0) {
            base::log::warning("table {}: {} updates wait in {} for rows to be completed from",
                               in_quotes(table->target().name), table->pending.load(),
                               in_quotes(table->target().pending));
        }
    }
}

} // namespace cdc::load
