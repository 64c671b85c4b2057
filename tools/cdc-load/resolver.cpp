#include "cdc-load/resolver.hpp"

#include "base/error.hpp"
#include "cdc-load/catalog.hpp"
#include "cdc-load/resolver_sql.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/row_format.hpp"
#include "clickhouse/schema.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace cdc::load {

using clickhouse::quote_identifier;
using clickhouse::RowBatch;
using clickhouse::RowEncoder;
using event::Order;

namespace {

constexpr std::size_t kFirstKeys = 64; ///< asked for at once
constexpr std::size_t kMostKeys = 16384;
constexpr std::size_t kLinesAtOnce = 65536;
constexpr std::size_t kKeyBytes = std::size_t{1} << 20;
constexpr std::size_t kAnswerBytes = std::size_t{8} << 20; ///< that a question may bring

void append_pending_row(std::string& out, std::string_view key, Order order, std::string_view line,
                        bool done) {
    const std::size_t before = out.size();
    out.resize(before + key.size() + line.size() + 48);
    char* at = out.data() + before;
    clickhouse::append_string(at, key);
    clickhouse::append_number(at, order.value);
    clickhouse::append_string(at, line);
    *at++ = done ? 1 : 0;
    out.resize(static_cast<std::size_t>(at - out.data()));
}

void append_key(std::string& out, std::string_view key) {
    const std::size_t before = out.size();
    out.resize(before + key.size() + 10);
    char* at = out.data() + before;
    clickhouse::append_string(at, key);
    out.resize(static_cast<std::size_t>(at - out.data()));
}

} // namespace

void Resolver::add_stored(Chains& chains, std::string_view rows) {
    for (Rows walk{rows}; walk.more();) {
        std::string key{walk.string()};
        const Order order = walk.order();
        chains[std::move(key)].push_back({order, walk.string(), true});
    }
}

void Resolver::fetch_key(TableLoader& table, std::string_view key, const Take& take) {
    std::string asked;
    append_key(asked, key);
    Portion portion;
    for (Order after; !portion.last || portion.first; portion.first = false) {
        const std::string sizes = m_transport.query(
            line_sizes_sql(table.target(), asked, after, kLinesAtOnce), "RowBinary");
        std::size_t bytes = 0;
        std::size_t count = 0;
        portion.last = true;
        portion.through = after;
        for (Rows walk{sizes}; walk.more(); ++count) {
            const Order order = walk.order();
            const std::uint64_t size = walk.number();
            if (count > 0 && bytes + size > m_batch_bytes) {
                portion.last = false;
                break;
            }
            portion.through = order;
            bytes += size;
        }
        portion.last = portion.last && count < kLinesAtOnce;
        const std::string answer = m_transport.query(
            lines_sql(table.target(), asked, after, portion.through), "RowBinary");
        Chains chains;
        chains[std::string{key}]; // also if there are no more: lines of its own may be left
        add_stored(chains, answer);
        take(chains, portion);
        after = portion.through;
    }
}

void Resolver::fetch_portions(TableLoader& table, std::string_view sizes, const Take& take) {
    std::string keys;
    std::size_t bytes = 0;
    const auto fetch = [&] {
        if (keys.empty()) {
            return;
        }
        const std::string answer =
            m_transport.query(waiting_sql(table.target(), keys), "RowBinary");
        Chains chains;
        add_stored(chains, answer);
        take(chains, {});
        keys.clear();
        bytes = 0;
    };
    for (Rows walk{sizes}; walk.more();) {
        const std::string_view key = walk.string();
        const std::uint64_t size = walk.number();
        if (size > m_batch_bytes) {
            fetch_key(table, key, take);
            continue;
        }
        if (bytes + size > m_batch_bytes || keys.size() + key.size() > kKeyBytes) {
            fetch();
        }
        append_key(keys, key);
        bytes += size;
    }
    fetch();
}

void Resolver::fetch_stored(TableLoader& table, const TableWork& work, const Take& take) {
    std::string keys;
    std::size_t count = 0;
    std::unordered_set<std::string_view> seen;
    const auto ask = [&] {
        if (count > 0) {
            const std::string sizes =
                m_transport.query(waiting_sizes_sql(table.target(), keys), "RowBinary");
            fetch_portions(table, sizes, take);
        }
        keys.clear();
        count = 0;
    };
    const auto add = [&](std::string_view key) {
        if (!seen.insert(key).second) {
            return;
        }
        append_key(keys, key);
        if (++count >= kMostKeys || keys.size() >= kKeyBytes) {
            ask();
        }
    };
    for (const RowBatch::Row& row : work.rows.rows()) {
        // In a history the version ends the key of a row.
        const std::string_view key = work.rows.key(row);
        add(key.substr(0, key.size() - (table.encoder().shape().history ? sizeof(Order) : 0)));
    }
    for (const std::string& key : work.waiting_keys) {
        add(key);
    }
    ask();
}

std::string Resolver::fetch_bases(const TableLoader& table, std::span<const Slice> slices,
                                  Bases& bases) {
    const RowEncoder& encoder = table.encoder();
    const bool history = encoder.shape().history;
    std::string asked;
    for (const Slice& slice : slices) {
        if (!history) {
            asked += slice.key;
            continue;
        }
        for (const Line& line : slice.lines) {
            asked += slice.key;
            asked.append(reinterpret_cast<const char*>(&line.order.value), sizeof(Order));
        }
    }
    std::string answer = m_transport.query(
        history ? history_bases_sql(table.target(), encoder.shape(), asked, kAnswerBytes)
                : bases_sql(table.target(), encoder.shape(), asked, m_barrier, kAnswerBytes),
        clickhouse::kRowsFormat);
    Rows walk{answer};
    walk.take_types(table.target(), encoder.shape(), history ? 3 : 1);
    while (walk.more()) {
        Base base;
        base.asked_again = walk.byte() == 0;
        const Order at = history ? walk.order() : Order{};
        base.stored = history && walk.byte() != 0;
        base.row = walk.row(encoder);
        const std::string_view key = base.row.substr(0, encoder.key_size(base.row));
        if (encoder.order_of(base.row) == Order{}) {
            base.row = {};
        }
        bases.emplace(std::pair{key, at}, base);
    }
    return answer;
}

void Resolver::finish_line(std::string_view key, const Line& line) {
    if (line.stored) {
        append_pending_row(m_pending_rows, key, line.order, "", true);
        ++m_done;
    }
}

void Resolver::keep_waiting(std::string_view key, const Line& line) {
    if (!line.stored) {
        append_pending_row(m_pending_rows, key, line.order, line.text, false);
        ++m_new;
    }
}

std::string Resolver::complete(const Line& line, std::string_view base, Filled& filled) {
    const event::DecodedLine& decoded = m_decoder.decode(line.text);
    filled.encoder.take(decoded.after, true); // some may have been dropped while it waited
    RowBatch one;
    filled.encoder.write_filled(one, line.text.size(), line.order, decoded.source.ts_ms, base,
                                decoded.op);
    std::string row{one.bytes(one.rows().front())};
    if (filled.rows.memory() + row.size() > m_batch_bytes / 2) {
        put_in(filled);
    }
    char* at = filled.rows.begin_row(row.size());
    std::memcpy(at, row.data(), row.size());
    filled.rows.end_row(at + row.size(), one.rows().front().key_size, line.order);
    return row;
}

void Resolver::put_in(Filled& filled) {
    if (!filled.rows.empty()) {
        filled.insert(filled.table, filled.rows);
        filled.rows.release();
    }
}

std::size_t Resolver::resolve_slice(const Slice& slice, const Bases& bases, Filled& filled) {
    const RowEncoder& encoder = filled.encoder;
    const auto found = bases.find(std::pair{slice.key, Order{}});
    if (found != bases.end() && found->second.asked_again) {
        return 0;
    }
    std::string kept{found == bases.end() ? std::string_view{} : found->second.row};
    const bool complete_base = !kept.empty() && !encoder.is_deleted(kept);
    for (const Line& line : slice.lines) {
        if (line.order < m_barrier || (!kept.empty() && line.order <= encoder.order_of(kept))) {
            finish_line(slice.key, line);
        } else if (!complete_base) {
            keep_waiting(slice.key, line);
        } else {
            kept = complete(line, kept, filled);
            finish_line(slice.key, line);
        }
    }
    return slice.lines.size();
}

std::size_t Resolver::resolve_history(Slice& slice, const Bases& bases, Filled& filled) {
    const RowEncoder& encoder = filled.encoder;
    std::string last; // the row that the line before became
    std::size_t done = 0;
    for (const Line& line : slice.lines) {
        const auto found = bases.find(std::pair{slice.key, line.order});
        const Base base = found == bases.end() ? Base{} : found->second;
        if (base.asked_again) {
            break;
        }
        ++done;
        if (base.stored) {
            finish_line(slice.key, line);
            continue;
        }
        std::string_view from = base.row;
        if (!last.empty() && (from.empty() || encoder.order_of(from) < encoder.order_of(last))) {
            from = last;
        }
        // A row below a line that waits itself is not the one before this line.
        const bool usable = !from.empty() && !encoder.is_deleted(from) &&
                            encoder.order_of(from) >= slice.waiting_from;
        if (usable) {
            last = complete(line, from, filled);
            finish_line(slice.key, line);
        } else {
            slice.waiting_from = line.order;
            keep_waiting(slice.key, line);
        }
    }
    return done;
}

void Resolver::resolve_chains(TableLoader& table, Chains& chains, const Portion& portion,
                              const Insert& insert) {
    // The table's own encoder is at work in the reading thread meanwhile.
    Filled filled{table, insert, RowEncoder{table.encoder().shape(), table.encoder().policy()}, {}};
    const bool history = table.encoder().shape().history;
    std::vector<Slice> slices;
    for (auto& [key, lines] : chains) {
        std::stable_sort(lines.begin(), lines.end(),
                         [](const Line& a, const Line& b) { return a.order < b.order; });
        slices.push_back({key, lines, portion.first ? Order{} : m_waiting_from});
    }
    std::size_t at_once = kFirstKeys;
    while (!slices.empty()) {
        std::size_t count = 0;
        for (std::size_t bytes = 0; count < at_once && bytes < kKeyBytes && count < slices.size();
             ++count) {
            const Slice& slice = slices[slices.size() - 1 - count];
            bytes += (slice.key.size() + sizeof(Order)) * (history ? slice.lines.size() : 1);
        }
        const std::span<Slice> asked = std::span{slices}.last(count);
        Bases bases;
        const std::string answer = fetch_bases(table, asked, bases);
        bool again = false;
        for (Slice& slice : asked) {
            const std::size_t done = history ? resolve_history(slice, bases, filled)
                                             : resolve_slice(slice, bases, filled);
            slice.lines = slice.lines.subspan(done);
            again |= !slice.lines.empty();
            m_waiting_from = slice.waiting_from;
        }
        std::erase_if(slices, [](const Slice& slice) { return slice.lines.empty(); });
        at_once = again ? std::max<std::size_t>(at_once / 2, 1) : std::min(at_once * 2, kMostKeys);
        if (again) { // what is left of a key is completed from what was
            put_in(filled);
        }
    }
    put_in(filled);
}

void Resolver::write_pending(TableLoader& table) {
    if (m_pending_rows.empty()) {
        return;
    }
    if (!table.pending_table) {
        m_transport.execute(clickhouse::create_pending_sql(table.target()));
        table.pending_table = true;
    }
    const std::string_view piece = m_pending_rows;
    m_transport.insert(fmt::format("INSERT INTO {} (_key, _version, _line, _done)",
                                   quote_identifier(table.target().pending)),
                       "RowBinary", {&piece, 1});
    table.pending = table.pending + m_new - std::min<std::uint64_t>(m_done, table.pending);
    // A line may have been there already: it came again, or twice, or another loader had it. That
    // too many are thought to wait does no harm while some do.
    table.pending_guessed = true;
    if (m_done > 0) {
        count_pending(table);
    }
}

void Resolver::count_pending(TableLoader& table) {
    if (table.pending_guessed) {
        table.pending = waiting_lines(m_transport, table.target()).value_or(table.pending);
        table.pending_guessed = false;
    }
}

/// Lines of the batch itself, to be completed with the portion.
void Resolver::take_own(Chains& own, const std::string& key, const Portion& portion,
                        std::vector<Line>& lines) {
    const auto found = own.find(key);
    if (found == own.end()) {
        return;
    }
    std::vector<Line>& left = found->second;
    const auto later = std::stable_partition(left.begin(), left.end(), [&](const Line& line) {
        return portion.last || line.order <= portion.through;
    });
    lines.insert(lines.end(), left.begin(), later);
    left.erase(left.begin(), later);
    if (left.empty()) {
        own.erase(found);
    }
}

void Resolver::resolve(TableLoader& table, const TableWork& work, const Insert& insert) {
    m_pending_rows.clear();
    m_new = m_done = 0;
    m_barrier = work.known_barrier;
    Chains chains;
    for (const WaitingLine& line : work.waiting) {
        chains[line.key].push_back({line.order, line.line, false});
    }
    if (table.pending > 0) {
        fetch_stored(table, work, [&](Chains& stored, const Portion& portion) {
            for (auto& [key, lines] : stored) {
                take_own(chains, key, portion, lines);
            }
            resolve_chains(table, stored, portion, insert);
        });
    }
    resolve_chains(table, chains, {}, insert);
    write_pending(table);
}

void Resolver::give_up(TableLoader& table, const TableWork& work,
                       const std::function<void(Order, std::string_view)>& take,
                       const std::function<void()>& keep) {
    m_pending_rows.clear();
    m_new = m_done = 0;
    const auto all = [&](Chains& chains, const Portion&) {
        for (auto& [key, lines] : chains) {
            std::stable_sort(lines.begin(), lines.end(),
                             [](const Line& a, const Line& b) { return a.order < b.order; });
            for (const Line& line : lines) {
                take(line.order, line.text);
                finish_line(key, line);
            }
        }
    };
    if (table.pending > 0) {
        fetch_stored(table, work, all);
    }
    keep();
    write_pending(table);
}

void Resolver::resolve_stored(TableLoader& table, Order barrier, std::size_t limit,
                              const Insert& insert) {
    m_pending_rows.clear();
    m_new = m_done = 0;
    m_barrier = barrier;
    const std::string sizes =
        m_transport.query(stored_sizes_sql(table.target(), limit), "RowBinary");
    fetch_portions(table, sizes, [&](Chains& chains, const Portion& portion) {
        resolve_chains(table, chains, portion, insert);
    });
    write_pending(table);
    count_pending(table);
}

} // namespace cdc::load
