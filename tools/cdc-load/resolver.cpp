#include "cdc-load/resolver.hpp"

#include "base/error.hpp"
#include "cdc-load/resolver_sql.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/row_format.hpp"
#include "clickhouse/schema.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace cdc::load {

using base::ExitCode;
using base::fail;
using clickhouse::quote_identifier;
using clickhouse::RowBatch;
using clickhouse::RowEncoder;
using event::Order;

namespace {

constexpr std::size_t kFirstKeys = 64; ///< asked for at once
constexpr std::size_t kMostKeys = 16384;
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
        take(chains);
        keys.clear();
        bytes = 0;
    };
    for (Rows walk{sizes}; walk.more();) {
        const std::string_view key = walk.string();
        const std::uint64_t size = walk.number();
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

std::string Resolver::fetch_bases(TableLoader& table, Chains::iterator first, Chains::iterator last,
                                  Bases& bases) {
    const RowEncoder& encoder = table.encoder();
    const bool history = encoder.shape().history;
    std::string asked;
    for (auto chain = first; chain != last; ++chain) {
        if (!history) {
            asked += chain->first;
            continue;
        }
        for (const Line& line : chain->second) {
            asked += chain->first;
            asked.append(reinterpret_cast<const char*>(&line.order.value), sizeof(Order));
        }
    }
    std::string answer =
        m_transport.query(history ? history_bases_sql(table.target(), encoder.shape(), asked)
                                  : bases_sql(table.target(), encoder.shape(), asked, m_barrier),
                          "RowBinary");
    for (Rows walk{answer}; walk.more();) {
        Base base;
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

void Resolver::finish_line(const std::string& key, const Line& line) {
    if (line.stored) {
        append_pending_row(m_pending_rows, key, line.order, "", true);
        ++m_done;
    }
}

void Resolver::keep_waiting(const std::string& key, const Line& line) {
    if (!line.stored) {
        append_pending_row(m_pending_rows, key, line.order, line.text, false);
        ++m_new;
    }
}

std::string Resolver::complete(RowEncoder& encoder, const Line& line, std::string_view base,
                               RowBatch& filled) {
    const event::DecodedLine& decoded = m_decoder.decode(line.text);
    encoder.take(decoded.after);
    RowBatch one;
    encoder.write_filled(one, line.text.size(), line.order, decoded.source.ts_ms, base, decoded.op);
    const std::string_view row = one.bytes(one.rows().front());
    char* at = filled.begin_row(row.size());
    std::memcpy(at, row.data(), row.size());
    filled.end_row(at + row.size(), one.rows().front().key_size, line.order);
    return std::string{row};
}

void Resolver::resolve_chain(RowEncoder& encoder, const std::string& key,
                             const std::vector<Line>& lines, const Bases& bases, RowBatch& filled) {
    const auto found = bases.find(std::pair{std::string_view{key}, Order{}});
    std::string kept{found == bases.end() ? std::string_view{} : found->second.row};
    const bool complete_base = !kept.empty() && !encoder.is_deleted(kept);
    for (const Line& line : lines) {
        if (line.order < m_barrier || (!kept.empty() && line.order <= encoder.order_of(kept))) {
            finish_line(key, line);
        } else if (!complete_base) {
            keep_waiting(key, line);
        } else {
            kept = complete(encoder, line, kept, filled);
            finish_line(key, line);
        }
    }
}

void Resolver::resolve_history(RowEncoder& encoder, const std::string& key,
                               const std::vector<Line>& lines, const Bases& bases,
                               RowBatch& filled) {
    std::string last; // the row that the line before became
    Order waiting_from;
    for (const Line& line : lines) {
        const auto found = bases.find(std::pair{std::string_view{key}, line.order});
        const Base base = found == bases.end() ? Base{} : found->second;
        if (base.stored) {
            finish_line(key, line);
            continue;
        }
        std::string_view from = base.row;
        if (!last.empty() && (from.empty() || encoder.order_of(from) < encoder.order_of(last))) {
            from = last;
        }
        // A row below a line that waits itself is not the one before this line.
        const bool usable =
            !from.empty() && !encoder.is_deleted(from) && encoder.order_of(from) >= waiting_from;
        if (usable) {
            last = complete(encoder, line, from, filled);
            finish_line(key, line);
        } else {
            waiting_from = line.order;
            keep_waiting(key, line);
        }
    }
}

void Resolver::resolve_chains(TableLoader& table, Chains& chains, const Insert& insert) {
    RowBatch filled;
    // The table's own encoder is at work in the reading thread meanwhile.
    RowEncoder encoder{table.encoder().shape(), table.encoder().policy()};
    const bool history = encoder.shape().history;
    std::size_t keys_at_once = kFirstKeys;
    for (auto first = chains.begin(); first != chains.end();) {
        auto last = first;
        std::size_t key_bytes = 0;
        for (std::size_t n = 0; n < keys_at_once && key_bytes < kKeyBytes && last != chains.end();
             ++n, ++last) {
            std::vector<Line>& lines = last->second;
            std::stable_sort(lines.begin(), lines.end(),
                             [](const Line& a, const Line& b) { return a.order < b.order; });
            key_bytes += (last->first.size() + sizeof(Order)) * (history ? lines.size() : 1);
        }
        Bases bases;
        const std::string answer = fetch_bases(table, first, last, bases);
        for (; first != last; ++first) {
            if (history) {
                resolve_history(encoder, first->first, first->second, bases, filled);
            } else {
                resolve_chain(encoder, first->first, first->second, bases, filled);
            }
            if (filled.memory() >= m_batch_bytes / 2) {
                insert(table, filled);
                filled.clear();
            }
        }
        keys_at_once = answer.size() > kAnswerBytes ? std::max<std::size_t>(keys_at_once / 2, 1)
                                                    : std::min(keys_at_once * 2, kMostKeys);
    }
    if (!filled.empty()) {
        insert(table, filled);
    }
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
    table.pending += m_new;
    table.pending -= std::min<std::uint64_t>(m_done, table.pending);
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
        fetch_stored(table, work, [&](Chains& stored) {
            for (auto& [key, lines] : stored) {
                if (auto own = chains.extract(key); !own.empty()) {
                    lines.insert(lines.end(), own.mapped().begin(), own.mapped().end());
                }
            }
            resolve_chains(table, stored, insert);
        });
    }
    resolve_chains(table, chains, insert);
    write_pending(table);
}

void Resolver::give_up(TableLoader& table, const TableWork& work,
                       const std::function<void(Order, std::string_view)>& take,
                       const std::function<void()>& keep) {
    m_pending_rows.clear();
    m_new = m_done = 0;
    const auto all = [&](Chains& chains) {
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
    fetch_portions(table, sizes, [&](Chains& chains) { resolve_chains(table, chains, insert); });
    write_pending(table);
}

} // namespace cdc::load
