#include "cdc-load/resolver.hpp"

#include "base/error.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/row_format.hpp"
#include "clickhouse/schema.hpp"

#include <algorithm>
#include <cstring>

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

/// Keys as a table expression: "format(RowBinary, 'STRUCTURE', unhex('…'))".
std::string keys_sql(std::string_view structure, std::string_view bytes) {
    std::string sql = "SELECT * FROM format(RowBinary, ";
    sql += clickhouse::quote_string(structure);
    sql += ", unhex('";
    for (const char c : bytes) {
        base::append_hex(sql, static_cast<unsigned char>(c), 2);
    }
    return sql + "'))";
}

/// Walks over the answer to a question in RowBinary.
class Rows {
public:
    explicit Rows(std::string_view bytes) : m_at{bytes.data()}, m_end{m_at + bytes.size()} {}
    bool more() const { return m_at < m_end; }
    std::string_view string() {
        std::size_t size = 0;
        if (!clickhouse::read_varint(m_at, m_end, size) ||
            size > static_cast<std::size_t>(m_end - m_at)) {
            fail(ExitCode::failed, "the target's answer is cut");
        }
        m_at += size;
        return {m_at - size, size};
    }
    Order order() {
        Order order;
        if (static_cast<std::size_t>(m_end - m_at) < sizeof(order.value)) {
            fail(ExitCode::failed, "the target's answer is cut");
        }
        std::memcpy(&order.value, m_at, sizeof(order.value));
        m_at += sizeof(order.value);
        return order;
    }
    std::string_view row(const RowEncoder& encoder) {
        const char* end = encoder.row_end(m_at, m_end);
        if (end == nullptr) {
            fail(ExitCode::failed, "the target's answer is cut");
        }
        const std::string_view row{m_at, static_cast<std::size_t>(end - m_at)};
        m_at = end;
        return row;
    }

private:
    const char* m_at;
    const char* m_end;
};

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

/// The highest whole row of each key, in the layout of the encoder, not below the barrier.
std::string bases_sql(const TableLoader& table, const clickhouse::TargetShape& shape,
                      std::string_view key_bytes, Order barrier) {
    std::string keys;
    std::string structure;
    for (const std::size_t index : shape.key) {
        const clickhouse::TargetColumn& column = shape.columns[index];
        keys += (keys.empty() ? "" : ", ") + quote_identifier(column.name);
        structure += (structure.empty() ? "" : ", ") + quote_identifier(column.name) + " " +
                     clickhouse::type_text(column.mapping.type);
    }
    std::string others;
    std::string picked;
    std::size_t place = 0;
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        if (std::find(shape.key.begin(), shape.key.end(), i) == shape.key.end()) {
            others += quote_identifier(shape.columns[i].name) + ", ";
            picked += fmt::format("tupleElement(_picked, {}), ", ++place);
        }
    }
    const std::string raw = quote_identifier(clickhouse::raw_name(table.target()));
    // argMax passes over NULLs, but not over tuples that hold them.
    return fmt::format(
        "SELECT {0}, {1}_highest, tupleElement(_picked, {2}), toInt64(0) FROM (SELECT {0}, "
        "argMax(tuple({3}_deleted), _version) AS _picked, max(_version) AS _highest FROM {4} WHERE "
        "({0}) IN ({5}) AND _version >= {6} AND _version >= toUInt128('{7}') GROUP BY {0})",
        keys, picked, place + 1, others, raw, keys_sql(structure, key_bytes),
        clickhouse::barrier_sql(table.target()), base::decimal_text(barrier.value));
}

} // namespace

void Resolver::add_stored(Chains& chains, std::string_view rows) {
    for (Rows walk{rows}; walk.more();) {
        std::string key{walk.string()};
        const Order order = walk.order();
        chains[std::move(key)].push_back({order, walk.string(), true});
    }
}

void Resolver::fetch_stored(TableLoader& table, const TableWork& work, Chains& chains) {
    std::string keys;
    std::size_t count = 0;
    const auto ask = [&] {
        if (count == 0) {
            return;
        }
        m_stored_answers.push_back(m_transport.query(
            fmt::format("SELECT _key, _version, _line FROM {} FINAL WHERE _done = 0 AND _key IN "
                        "({})",
                        quote_identifier(clickhouse::pending_name(table.target())),
                        keys_sql("k String", keys)),
            "RowBinary"));
        add_stored(chains, m_stored_answers.back());
        keys.clear();
        count = 0;
    };
    const auto add = [&](std::string_view key) {
        const std::size_t before = keys.size();
        keys.resize(before + key.size() + 10);
        char* at = keys.data() + before;
        clickhouse::append_string(at, key);
        keys.resize(static_cast<std::size_t>(at - keys.data()));
        if (++count >= kMostKeys || keys.size() >= kKeyBytes) {
            ask();
        }
    };
    for (const RowBatch::Row& row : work.rows.rows()) {
        add(work.rows.key(row));
    }
    for (const std::string& key : work.waiting_keys) {
        add(key);
    }
    ask();
}

std::string Resolver::fetch_bases(TableLoader& table, Chains::iterator first, Chains::iterator last,
                                  std::map<std::string_view, std::string_view>& bases) {
    std::string keys;
    for (auto chain = first; chain != last; ++chain) {
        keys += chain->first;
    }
    const RowEncoder& encoder = table.encoder();
    std::string answer =
        m_transport.query(bases_sql(table, encoder.shape(), keys, m_barrier), "RowBinary");
    for (Rows walk{answer}; walk.more();) {
        const std::string_view row = walk.row(encoder);
        bases[row.substr(0, encoder.key_size(row))] = row;
    }
    return answer;
}

void Resolver::resolve_chain(RowEncoder& encoder, const std::string& key, std::vector<Line>& lines,
                             std::string_view base, RowBatch& filled) {
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line& a, const Line& b) { return a.order < b.order; });
    bool complete = !base.empty() && !RowEncoder::is_deleted(base);
    Order highest = base.empty() ? Order{} : RowEncoder::order_of(base);
    const auto done = [&](const Line& line) {
        if (line.stored) {
            append_pending_row(m_pending_rows, key, line.order, "", true);
            ++m_done;
        }
    };
    std::string kept{base};
    for (const Line& line : lines) {
        if (line.order < m_barrier || (!base.empty() && line.order <= highest)) {
            done(line);
        } else if (!complete) {
            if (!line.stored) {
                append_pending_row(m_pending_rows, key, line.order, line.text, false);
                ++m_new;
            }
        } else {
            const event::DecodedLine& decoded = m_decoder.decode(line.text);
            encoder.take(decoded.after);
            encoder.write_filled(filled, line.text.size(), line.order, decoded.source.ts_ms, kept);
            kept = filled.bytes(*filled.find(key));
            highest = line.order;
            done(line);
        }
    }
}

void Resolver::resolve_chains(TableLoader& table, Chains& chains, const Insert& insert) {
    RowBatch filled;
    // The table's own encoder is at work in the reading thread meanwhile.
    RowEncoder encoder{table.encoder().shape()};
    std::size_t keys_at_once = kFirstKeys;
    const std::string into = clickhouse::insert_sql(table.target(), table.encoder().shape());
    for (auto first = chains.begin(); first != chains.end();) {
        auto last = first;
        std::size_t key_bytes = 0;
        for (std::size_t n = 0; n < keys_at_once && key_bytes < kKeyBytes && last != chains.end();
             ++n, ++last) {
            key_bytes += last->first.size();
        }
        std::map<std::string_view, std::string_view> bases;
        const std::string answer = fetch_bases(table, first, last, bases);
        for (; first != last; ++first) {
            const auto found = bases.find(first->first);
            const std::string_view base = found == bases.end() ? std::string_view{} : found->second;
            resolve_chain(encoder, first->first, first->second, base, filled);
            if (filled.memory() >= m_batch_bytes / 2) {
                insert(into, filled);
                filled.clear();
            }
        }
        keys_at_once = answer.size() > kAnswerBytes ? std::max<std::size_t>(keys_at_once / 2, 1)
                                                    : std::min(keys_at_once * 2, kMostKeys);
    }
    if (!filled.empty()) {
        insert(into, filled);
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
                                   quote_identifier(clickhouse::pending_name(table.target()))),
                       "RowBinary", {&piece, 1});
    table.pending += m_new;
    table.pending -= std::min<std::uint64_t>(m_done, table.pending);
}

void Resolver::resolve(TableLoader& table, const TableWork& work, const Insert& insert) {
    m_pending_rows.clear();
    m_stored_answers.clear();
    m_new = m_done = 0;
    m_barrier = work.known_barrier;
    Chains chains;
    for (const WaitingLine& line : work.waiting) {
        chains[line.key].push_back({line.order, line.line, false});
    }
    if (table.pending > 0) {
        fetch_stored(table, work, chains);
    }
    resolve_chains(table, chains, insert);
    write_pending(table);
}

void Resolver::resolve_stored(TableLoader& table, Order barrier, std::size_t limit,
                              const Insert& insert) {
    m_pending_rows.clear();
    m_stored_answers.clear();
    m_new = m_done = 0;
    m_barrier = barrier;
    Chains chains;
    m_stored_answers.push_back(m_transport.query(
        fmt::format("SELECT _key, _version, _line FROM {} FINAL WHERE _done = 0 LIMIT {}",
                    quote_identifier(clickhouse::pending_name(table.target())), limit),
        "RowBinary"));
    add_stored(chains, m_stored_answers.back());
    resolve_chains(table, chains, insert);
    write_pending(table);
}

} // namespace cdc::load
