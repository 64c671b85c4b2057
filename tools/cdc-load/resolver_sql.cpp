#include "cdc-load/resolver_sql.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/row_format.hpp"

#include <algorithm>
#include <cstring>

namespace cdc::load {

using base::ExitCode;
using base::fail;
using clickhouse::quote_identifier;
using clickhouse::quote_if_needed;
using clickhouse::Target;
using clickhouse::TargetShape;
using event::Order;

namespace {

constexpr const char* kCut = "the target's answer is cut";

/// The parts of a SELECT that gives rows in the encoder's layout.
struct Parts {
    std::string keys;
    std::string structure;
    std::string others;   ///< columns behind the key, each with ", "
    std::string picked;   ///< the same out of the tuple _picked
    std::size_t last = 0; ///< place of the column behind them in that tuple
};

Parts parts_of(const TargetShape& shape) {
    Parts parts;
    for (const std::size_t index : shape.key) {
        const clickhouse::TargetColumn& column = shape.columns[index];
        parts.keys += (parts.keys.empty() ? "" : ", ") + quote_identifier(column.stored);
        parts.structure += (parts.structure.empty() ? "" : ", ") + quote_identifier(column.stored) +
                           " " + clickhouse::type_text(column.mapping.type);
    }
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        if (std::find(shape.key.begin(), shape.key.end(), i) == shape.key.end()) {
            parts.others += quote_identifier(shape.columns[i].stored) + ", ";
            parts.picked += fmt::format("tupleElement(_picked, {}), ", ++parts.last);
        }
    }
    ++parts.last;
    return parts;
}

/// `rows` in their order, with the tuple `_all` as `_picked`: whole in those that begin before
/// `bytes`, of nothing in the others.
std::string fitting(const std::string& rows, std::string_view columns, std::string_view order,
                    std::size_t bytes) {
    return fmt::format(
        "SELECT {0}, toUInt8(_begin < {1}) AS _fits, if(_fits, _all, "
        "defaultValueOfArgumentType(_all)) AS _picked FROM (SELECT {0}, _all, sum(byteSize(_all)) "
        "OVER (ORDER BY {2} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - byteSize(_all) AS "
        "_begin FROM ({3}))",
        columns, bytes, order, rows);
}

/// What the engine computes of a column loses its LowCardinality.
bool same_type(std::string_view a, std::string_view b) {
    auto first = clickhouse::parse_type(a);
    auto second = clickhouse::parse_type(b);
    if (!first || !second) {
        return a == b;
    }
    first->low_cardinality = second->low_cardinality = false;
    return *first == *second;
}

} // namespace

std::string keys_sql(std::string_view structure, std::string_view bytes) {
    std::string sql = "SELECT * FROM format(RowBinary, ";
    sql += clickhouse::quote_string(structure);
    sql += ", unhex('";
    for (const char c : bytes) {
        base::append_hex(sql, static_cast<unsigned char>(c), 2);
    }
    return sql + "'))";
}

std::string waiting_sql(const Target& target, std::string_view key_bytes) {
    return fmt::format("SELECT _key, _version, _line FROM {} FINAL WHERE _done = 0 AND _key IN "
                       "({})",
                       quote_identifier(target.pending), keys_sql("k String", key_bytes));
}

std::string line_sizes_sql(const Target& target, std::string_view key_bytes, Order after,
                           std::size_t limit) {
    return fmt::format("SELECT _version, toUInt64(length(_line)) FROM {} FINAL WHERE _done = 0 AND "
                       "_key IN ({}) AND _version > toUInt128('{}') ORDER BY _version LIMIT {}",
                       quote_identifier(target.pending), keys_sql("k String", key_bytes),
                       base::decimal_text(after.value), limit);
}

std::string lines_sql(const Target& target, std::string_view key_bytes, Order after,
                      Order through) {
    return fmt::format("{} AND _version > toUInt128('{}') AND _version <= toUInt128('{}')",
                       waiting_sql(target, key_bytes), base::decimal_text(after.value),
                       base::decimal_text(through.value));
}

std::string waiting_sizes_sql(const Target& target, std::string_view key_bytes) {
    return fmt::format(
        "SELECT _key, toUInt64(sum(length(_line))) FROM {} FINAL WHERE _done = 0 AND "
        "_key IN ({}) GROUP BY _key",
        quote_identifier(target.pending), keys_sql("k String", key_bytes));
}

std::string stored_sizes_sql(const Target& target, std::size_t limit) {
    return fmt::format("SELECT _key, toUInt64(sum(length(_line))) FROM {} FINAL WHERE _done = 0 "
                       "GROUP BY _key LIMIT {}",
                       quote_identifier(target.pending), limit);
}

std::string bases_sql(const Target& target, const TargetShape& shape, std::string_view key_bytes,
                      Order barrier, std::size_t bytes) {
    const Parts parts = parts_of(shape);
    // argMax passes over NULLs, but not over tuples that hold them.
    const std::string rows = fmt::format(
        "SELECT {0}, argMax(tuple({1}{2}), {3}) AS _all, max({3}) AS _highest FROM {4} WHERE "
        "({0}) IN ({5}) AND {3} >= {6} AND {3} >= toUInt128('{7}') GROUP BY {0}",
        parts.keys, parts.others, quote_if_needed(target.own().deleted),
        quote_if_needed(target.own().version), quote_identifier(target.raw),
        keys_sql(parts.structure, key_bytes), clickhouse::barrier_sql(target.name),
        base::decimal_text(barrier.value));
    return fmt::format(
        "SELECT _fits, {0}, {1}_highest, tupleElement(_picked, {2}), toInt64(0) FROM ({3})",
        parts.keys, parts.picked, parts.last,
        fitting(rows, parts.keys + ", _highest", parts.keys, bytes));
}

std::string history_bases_sql(const Target& target, const TargetShape& shape,
                              std::string_view key_and_version_bytes, std::size_t bytes) {
    const Parts parts = parts_of(shape);
    const std::string asked = keys_sql(parts.structure + ", `_at` UInt128", key_and_version_bytes);
    const std::string version = quote_if_needed(target.own().version);
    const std::string operation = quote_if_needed(target.own().operation);
    const std::string rows = fmt::format(
        "SELECT {0}, _at, toUInt8(countIf({2} = _at) > 0) AS _there, maxIf({2}, {2} < _at) AS "
        "_highest, argMaxIf(tuple({1}toString({3})), {2}, {2} < _at) AS _all FROM {4} ALL INNER "
        "JOIN ({5}) AS _asked USING ({0}) WHERE ({0}) IN (SELECT {0} FROM ({5})) AND {3} != 't' "
        "AND {2} <= _at GROUP BY {0}, _at",
        parts.keys, parts.others, version, operation, quote_identifier(target.raw), asked);
    return fmt::format(
        "SELECT _fits, _at, _there, {0}, _highest, {1}if(_fits, tupleElement(_picked, {2}), 'u'), "
        "toInt64(0) FROM ({3}) ORDER BY {0}, _at",
        parts.keys, parts.picked, parts.last,
        fitting(rows, parts.keys + ", _at, _there, _highest", parts.keys + ", _at", bytes));
}

void Rows::take_types(const Target& target, const TargetShape& shape, std::size_t before) {
    if (!more()) {
        return;
    }
    const std::vector<clickhouse::RowColumn> wanted = clickhouse::row_columns(target, shape);
    std::size_t count = 0;
    if (!clickhouse::read_varint(m_at, m_end, count) || count != before + wanted.size()) {
        fail(ExitCode::failed, "{}", kCut);
    }
    for (std::size_t i = 0; i < count; ++i) {
        string(); // names
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view type = string();
        if (i >= before && !same_type(type, wanted[i - before].type)) {
            throw base::Error{ExitCode::failed,
                              fmt::format("column {} of {} was altered from {} to {} while rows "
                                          "were on their way",
                                          base::in_quotes(wanted[i - before].name),
                                          base::in_quotes(target.raw), wanted[i - before].type,
                                          type),
                              "Start again: the table is looked at anew."};
        }
    }
}

std::string_view Rows::string() {
    std::size_t size = 0;
    if (!clickhouse::read_varint(m_at, m_end, size) ||
        size > static_cast<std::size_t>(m_end - m_at)) {
        fail(ExitCode::failed, "{}", kCut);
    }
    m_at += size;
    return {m_at - size, size};
}

Order Rows::order() {
    Order order;
    if (static_cast<std::size_t>(m_end - m_at) < sizeof(order.value)) {
        fail(ExitCode::failed, "{}", kCut);
    }
    std::memcpy(&order.value, m_at, sizeof(order.value));
    m_at += sizeof(order.value);
    return order;
}

std::uint8_t Rows::byte() {
    if (m_at == m_end) {
        fail(ExitCode::failed, "{}", kCut);
    }
    return static_cast<std::uint8_t>(*m_at++);
}

std::uint64_t Rows::number() {
    std::uint64_t number = 0;
    if (static_cast<std::size_t>(m_end - m_at) < sizeof(number)) {
        fail(ExitCode::failed, "{}", kCut);
    }
    std::memcpy(&number, m_at, sizeof(number));
    m_at += sizeof(number);
    return number;
}

std::string_view Rows::row(const clickhouse::RowEncoder& encoder) {
    const char* end = encoder.row_end(m_at, m_end);
    if (end == nullptr) {
        fail(ExitCode::failed, "{}", kCut);
    }
    const std::string_view row{m_at, static_cast<std::size_t>(end - m_at)};
    m_at = end;
    return row;
}

} // namespace cdc::load
