#include "cdc-load/table_loader.hpp"

#include "base/error.hpp"
#include "clickhouse/rebuild.hpp"
#include "clickhouse/remake.hpp"

#include <algorithm>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using clickhouse::RowBatch;
using clickhouse::RowEncoder;

TableLoader::TableLoader(event::Table identity, clickhouse::Target target,
                         const clickhouse::ValuePolicy& policy)
    : m_source{std::move(identity)}, m_target{std::move(target)}, m_policy{policy} {}

std::unique_ptr<TableLoader> TableLoader::aside(const TableLoader& table) {
    auto side = std::make_unique<TableLoader>(
        table.m_source, clickhouse::rebuild_target(table.m_target), table.m_policy);
    side->m_aside = true;
    return side;
}

void TableLoader::set_shape(std::string version, clickhouse::TargetShape shape) {
    m_version = std::move(version);
    const clickhouse::ValueCounts counts = replaced();
    m_encoder = std::make_unique<RowEncoder>(std::move(shape), m_policy);
    m_encoder->counts() = counts;
}

clickhouse::ValueCounts TableLoader::replaced() const {
    return m_encoder != nullptr ? m_encoder->counts() : clickhouse::ValueCounts{};
}

void TableLoader::count_replaced(const clickhouse::ValueCounts& more) {
    clickhouse::ValueCounts& counts = m_encoder->counts();
    counts.dates += more.dates;
    counts.numbers += more.numbers;
    counts.nulls += more.nulls;
}

std::size_t TableLoader::parked_keys() const {
    return static_cast<std::size_t>(std::count_if(
        parked.begin(), parked.end(), [](const auto& entry) { return entry.second.parked(); }));
}

void TableLoader::raise_barrier(event::Order order) {
    m_barrier = std::max(m_barrier, order);
    if (order != clickhouse::remake_barrier(m_remade)) {
        m_replaced = std::max(m_replaced, order);
    }
}

bool TableLoader::is_void(event::Order order) const {
    return order < m_remade || (order < m_barrier && !m_target.own().history());
}

void TableLoader::pass_over(event::Order order, char op) {
    const event::Order gone = std::max(m_remade, shape_order);
    const bool gone_by = op != 'r' && order >= m_replaced && order < gone;
    passed |= gone_by;
    late |= gone_by && m_highest >= gone;
}

void TableLoader::set_barrier(event::Order order, TableWork& work) {
    raise_barrier(order);
    work.barrier = std::max(work.barrier, order);
}

void TableLoader::truncate(const event::DecodedLine& line, TableWork& work) {
    if (line.source.order < m_remade) {
        return;
    }
    set_barrier(line.source.order, work);
    if (m_encoder->shape().history) {
        m_encoder->write_truncate(work.rows, line.source.order, line.source.ts_ms);
    }
}

void TableLoader::snapshot(bool begin, bool whole, event::Order order, TableWork& work) {
    const bool keyed = m_encoder->shape().keyed();
    if (!keyed) {
        if (begin && !whole) {
            throw Error{ExitCode::refused,
                        "a snapshot of a part of a table without key cannot be told from the rows "
                        "that are there",
                        "Take a snapshot of the whole table."};
        }
        m_counting = begin;
        m_snapshot_rows = 0;
    }
    work.snapshot = order;
    work.snapshot_begins = begin;
    if (m_aside) {
        return; // the exchange replaces the old rows
    }
    if (whole && !begin) {
        work.read_whole = order;
    }
    // A keyed table keeps its old rows until the new ones are there; without a key nothing tells
    // old from new, so that it is emptied first.
    if (whole && begin != keyed) {
        set_barrier(order, work);
    }
}

void TableLoader::set_snapshot_row(std::uint64_t row) {
    m_counting = row != KeptLines::kNoRow;
    m_snapshot_rows = m_counting ? row : 0;
}

void TableLoader::require_columns(const event::DecodedLine& line, const event::Image& image) {
    if (image.fields.size() == m_encoder->shape().columns.size()) {
        return; // take() has found each of them in the table line
    }
    const std::string_view missing = m_encoder->first_missing(line.source.gone);
    if (!missing.empty()) {
        fail(ExitCode::bad_data, "column {} has no value", in_quotes(missing));
    }
}

void TableLoader::require_full(const event::Image& image, const char* what) {
    if (!image.fields.empty() || m_encoder->shape().columns.empty()) {
        m_encoder->take(image);
        if (m_encoder->first_missing({}).empty()) {
            return;
        }
    }
    throw Error{
        ExitCode::refused,
        fmt::format("the table has no key, and the change does not carry the whole row in "
                    "{}",
                    in_quotes(what)),
        "PostgreSQL: ALTER TABLE … REPLICA IDENTITY FULL, or give the table a primary key."};
}

std::optional<std::size_t> TableLoader::misplaced_null(const event::DecodedLine& line) {
    if (is_void(line.source.order)) {
        return std::nullopt;
    }
    if (line.op != 'd') {
        if (const auto column = m_encoder->misplaced_null(line.after)) {
            return column;
        }
    }
    const clickhouse::TargetShape& shape = m_encoder->shape();
    const bool before = line.op == 'd' ? !shape.keyed() || shape.history : !shape.keyed();
    return before ? m_encoder->misplaced_null(line.before) : std::nullopt;
}

void TableLoader::add(const event::DecodedLine& line, TableWork& work) {
    if (is_void(line.source.order)) {
        pass_over(line.source.order, line.op);
        return; // a truncate, a snapshot or another key that is later in the log came first
    }
    m_highest = std::max(m_highest, line.source.order);
    try {
        if (m_encoder->shape().keyed()) {
            add_keyed(line, work);
        } else {
            add_keyless(line, work);
        }
    } catch (const clickhouse::NullValue& error) {
        throw clickhouse::NullValue{
            fmt::format("table {}: {}", in_quotes(m_source.display_name()), error.what()),
            error.column()};
    } catch (const Error& error) {
        throw Error{error.code(),
                    fmt::format("table {}: {}", in_quotes(m_source.display_name()), error.what()),
                    error.hint()};
    }
}

void TableLoader::add_keyed(const event::DecodedLine& line, TableWork& work) {
    const event::Order order = line.source.order;
    if (line.op == 'd') {
        const bool all = m_encoder->shape().history && !line.before.fields.empty();
        m_encoder->take(all || line.key.fields.empty() ? line.before : line.key);
        // Another row would be deleted, whose key has the type's default there.
        if (const auto missing = m_encoder->first_missing_of_key(); !missing.empty()) {
            fail(ExitCode::bad_data, "column {} of the key has no value", in_quotes(missing));
        }
        m_encoder->write_deleted(work.rows, line.raw.size(), order, line.source.ts_ms);
        return;
    }
    m_encoder->take(line.after);
    if (!line.unchanged.empty()) {
        add_unchanged(line, work);
        return;
    }
    require_columns(line, line.after);
    m_encoder->write_row(work.rows, line.raw.size(), order, line.source.ts_ms, line.op);
}

void TableLoader::add_unchanged(const event::DecodedLine& line, TableWork& work) {
    if (const auto unknown = m_encoder->first_unknown(line.unchanged); !unknown.empty()) {
        fail(ExitCode::bad_data, "column {} is not in the table line before it",
             in_quotes(unknown));
    }
    std::vector<std::string_view> excused = line.unchanged;
    excused.insert(excused.end(), line.source.gone.begin(), line.source.gone.end());
    if (const auto missing = m_encoder->first_missing(excused); !missing.empty()) {
        fail(ExitCode::bad_data, "column {} has no value", in_quotes(missing));
    }
    const event::Order order = line.source.order;
    m_encoder->write_key(m_key);
    // In a history the row below this line is wanted, not the highest: the target knows it.
    const RowBatch::Row* base = m_encoder->shape().history ? nullptr : work.rows.find(m_key);
    if (base != nullptr && base->order >= order) {
        return; // a later whole row is there
    }
    // A snapshot's row may come after later changes that are stored already; the target knows.
    const bool usable = base != nullptr && base->order >= m_barrier && base->order.index() != 0 &&
                        pending == 0 && !m_encoder->is_deleted(work.rows.bytes(*base)) &&
                        !work.waiting_keys.contains(m_key);
    if (usable) {
        m_encoder->write_filled(work.rows, line.raw.size(), order, line.source.ts_ms,
                                work.rows.bytes(*base));
        return;
    }
    // Its values are proved now, while the line's number is known; the row is made at the flush.
    RowBatch proof;
    m_encoder->write_row(proof, line.raw.size(), order, line.source.ts_ms);
    work.waiting_bytes += line.raw.size() + m_key.size() + sizeof(WaitingLine);
    work.waiting_keys.insert(m_key);
    work.waiting.push_back({m_key, order, std::string{line.raw}});
}

void TableLoader::add_keyless(const event::DecodedLine& line, TableWork& work) {
    const event::Order order = line.source.order;
    const std::int64_t ts_ms = line.source.ts_ms;
    const std::size_t size = line.raw.size();
    if (line.op == 'd') {
        require_full(line.before, "before");
        m_encoder->write_signed(work.rows, size, order, ts_ms, 0, -1, 'd');
        return;
    }
    if (line.op == 'u') {
        require_full(line.before, "before");
        RowBatch proof;
        const clickhouse::ValueCounts counts = m_encoder->counts();
        m_encoder->write_signed(proof, size, order, ts_ms, 0, -1);
        m_encoder->counts() = counts;
        require_full(line.after, "after");
        m_encoder->write_signed(work.rows, size, order, ts_ms, 1, 1);
        m_encoder->take(line.before);
        m_encoder->write_signed(work.rows, size, order, ts_ms, 0, -1);
        return;
    }
    m_encoder->take(line.after);
    require_columns(line, line.after);
    if (line.op == 'c') {
        m_encoder->write_signed(work.rows, size, order, ts_ms, 1, 1, 'c');
        return;
    }
    if (!m_counting) {
        throw Error{ExitCode::refused,
                    "a row of a snapshot of a table without key, without that snapshot's begin "
                    "line before it",
                    "Such a snapshot cannot be taken up in its middle: take it again."};
    }
    m_encoder->write_signed(work.rows, size, order, ts_ms, m_snapshot_rows++, 1, 'r');
}

} // namespace cdc::load
