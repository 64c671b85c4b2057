#include "cdc-verify/target.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cdc-verify/source.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/schema.hpp"

#include <algorithm>
#include <cstring>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using clickhouse::quote_identifier;
using clickhouse::quote_string;

namespace {

/// The sum as a balanced tree: ClickHouse takes a depth of 1000, and a table may have 1600 columns.
std::string sum_sql(const std::vector<std::string>& terms, std::size_t first, std::size_t last) {
    if (last - first == 1) {
        return terms[first];
    }
    const std::size_t middle = first + (last - first) / 2;
    return "(" + sum_sql(terms, first, middle) + " + " + sum_sql(terms, middle, last) + ")";
}

std::string hash_sql(const Table& table, bool key_only) {
    std::vector<std::string> terms;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const Column& column = table.columns[i];
        if (key_only && !column.key) {
            continue;
        }
        std::string hash = "xxHash64(" + column.target_select + ")";
        if (column.type.nullable) {
            hash = fmt::format("if(isNull({0}), toUInt64({1}), xxHash64(assumeNotNull({0})))",
                               column.target_select, kNullHash);
        }
        terms.push_back(fmt::format("{} * toUInt64({})", hash, column_weight(i)));
    }
    return "xxHash64(toUInt64(" + sum_sql(terms, 0, terms.size()) + "))";
}

template<typename T>
T take(const char*& at, const char* end) {
    T value{};
    if (static_cast<std::size_t>(end - at) < sizeof(T)) {
        fail(ExitCode::failed, "the target's answer is cut");
    }
    std::memcpy(&value, at, sizeof(T));
    at += sizeof(T);
    return value;
}

std::string version(const Table& table) {
    return clickhouse::quote_if_needed(table.layout->version);
}

/// Rows below the table's barrier in `_cdc_state` are void.
std::string valid_rows(const Table& table) {
    return fmt::format("{} >= {}", version(table), clickhouse::barrier_sql(table.target));
}

std::string raw(const Table& table) {
    return quote_identifier(table.names.raw);
}

/// Whether the target's type has a form for the value: no row of it can have another.
bool can_be_there(const Column& column, const Value& value) {
    if (value.odd) {
        return false;
    }
    const bool date = column.type.kind == clickhouse::Kind::date32;
    if (value.null || (!date && column.type.kind != clickhouse::Kind::datetime64)) {
        return true;
    }
    const std::string text = text_of(column.type, value);
    return text.find(" BC") == std::string::npos && text.find('-') == 4 && text >= "1900" &&
           text < "2300";
}

std::string keys_sql(const Table& table, const std::vector<std::string>& keys) {
    std::vector<std::string> possible;
    for (const std::string& key : keys) {
        const auto values = split_image(key, table.key.size());
        bool all = true;
        for (std::size_t i = 0; i < values.size(); ++i) {
            all = all && can_be_there(table.columns[table.key[i]], values[i]);
        }
        if (all) {
            possible.push_back(key);
        }
    }
    return possible.empty()
               ? "0"
               : key_condition(
                     table, possible, [](const Column& column) { return column.target_select; },
                     target_literal);
}

/// The view, with its columns by their names in the raw table too, and the raw table with the
/// source's names, which a condition has.
std::string with_both_names(const Table& table, const std::string& relation, bool raw_names) {
    std::string more;
    for (const Column& column : table.columns) {
        if (column.target_name != column.name &&
            (raw_names || !table.layout->is_own(column.name))) {
            more += fmt::format(", _t.{} AS {}",
                                quote_identifier(raw_names ? column.name : column.target_name),
                                quote_identifier(raw_names ? column.target_name : column.name));
        }
    }
    return more.empty() ? std::string{} : fmt::format("(SELECT *{} FROM {}) AS _t", more, relation);
}

std::string float_literal(clickhouse::Kind kind, const Value& value) {
    const bool single = kind == clickhouse::Kind::float32;
    std::uint64_t bits = 0;
    std::memcpy(&bits, value.bytes.data(), std::min(value.bytes.size(), sizeof(bits)));
    return fmt::format("reinterpretAsFloat{0}(toUInt{0}({1}))", single ? 32 : 64, bits);
}

std::string version_list(const std::vector<event::Order>& versions) {
    std::string list;
    for (const event::Order version : versions) {
        list += fmt::format("{}toUInt128('{}')", list.empty() ? "" : ", ",
                            base::decimal_text(version.value));
    }
    return list;
}

} // namespace

std::string row_hash_sql(const Table& table) {
    return hash_sql(table, false);
}

std::string key_hash_sql(const Table& table) {
    return table.keyed() ? hash_sql(table, true) : row_hash_sql(table);
}

std::string target_literal(const Column& column, const Value& value) {
    clickhouse::Type type = column.type;
    type.nullable = false;
    if (column.is_float()) { // CAST does not read every float back
        return float_literal(type.kind, value);
    }
    std::string text = text_of(type, value);
    if (type.kind >= clickhouse::Kind::int8 && type.kind <= clickhouse::Kind::uint64) {
        return text;
    }
    text = quote_string(text);
    return type.kind == clickhouse::Kind::string
               ? text
               : "CAST(" + text + ", " + quote_string(clickhouse::type_text(type)) + ")";
}

Target::Target(const std::string& url, const std::string& chdb_library)
    : m_transport{clickhouse::open_existing(url, chdb_library)} {}

Target::ExistingTable Target::existing(const std::string& database, const std::string& table) {
    const std::string which = fmt::format(
        "database = {} AND ", database.empty() ? "currentDatabase()" : quote_string(database));
    ExistingTable found;
    for (const auto& row : clickhouse::parse_tsv(
             m_transport->query("SELECT name, type, is_in_sorting_key FROM system.columns WHERE " +
                                    which + "table = " + quote_string(table) + " ORDER BY position",
                                "TabSeparated"))) {
        if (row.size() == 3) {
            found.columns.push_back({row[0], row[1], row[2] == "1", row[0]});
        }
    }
    for (const auto& row : clickhouse::parse_tsv(m_transport->query(
             "SELECT engine FROM system.tables WHERE " + which + "name = " + quote_string(table),
             "TabSeparated"))) {
        found.engine = row[0];
    }
    return found;
}

/// What stands behind FROM, with rows as they are now.
std::string Target::from(const Table& table, const std::string& more,
                         const Selection& selection) const {
    std::string condition = more;
    if (!table.where.empty()) {
        condition = "(" + table.where + ")" + (condition.empty() ? "" : " AND " + condition);
    }
    if (!table.any_table.empty()) {
        return table.any_table + (condition.empty() ? "" : " WHERE " + condition);
    }
    if (!table.has_view && table.keyed() && !table.layout->history()) {
        if (const std::string both =
                table.where.empty()
                    ? ""
                    : with_both_names(
                          table, raw(table) + " AS _t FINAL WHERE _t." + valid_rows(table), false);
            !both.empty()) {
            return both + " WHERE " + condition;
        }
        return raw(table) + " FINAL WHERE " + valid_rows(table) +
               (condition.empty() ? "" : " AND " + condition);
    }
    if (!table.keyed() && selection.up_to) {
        // What the view does, up to an order.
        std::string list;
        for (const Column& column : table.columns) {
            list += (list.empty() ? "" : ", ") + quote_identifier(column.target_name);
        }
        std::string valid = fmt::format("{} <= toUInt128('{}')", version(table),
                                        base::decimal_text(selection.up_to->value));
        if (!selection.impossible.empty()) {
            valid = "(" + valid + " OR " + version(table) + " IN (" +
                    version_list(selection.impossible) + "))";
        }
        const std::string both =
            table.where.empty() ? "" : with_both_names(table, raw(table) + " AS _t FINAL", false);
        return fmt::format("(SELECT {0}, sum({6}) AS `_cdc times` FROM {1} WHERE {2} AND {3}{4} "
                           "GROUP BY {0} HAVING `_cdc times` > 0) ARRAY JOIN "
                           "range(toUInt64(`_cdc times`)) AS `_cdc time`{5}",
                           list, both.empty() ? raw(table) + " FINAL" : both, valid_rows(table),
                           valid, table.where.empty() ? "" : " AND (" + table.where + ")",
                           more.empty() ? "" : " WHERE " + more,
                           clickhouse::quote_if_needed(table.layout->sign));
    }
    const std::string view = quote_identifier(table.names.view);
    const std::string both = with_both_names(table, view + " AS _t", true);
    return (both.empty() ? view : both) + (condition.empty() ? "" : " WHERE " + condition);
}

event::Order Target::barrier(const Table& table) {
    const auto rows = clickhouse::parse_tsv(m_transport->query(
        "SELECT lower(leftPad(hex(" + clickhouse::barrier_sql(table.target) + "), 32, '0'))",
        "TabSeparated"));
    const auto order = rows.empty() ? std::nullopt : event::Order::parse(rows[0][0]);
    if (!order) {
        fail(ExitCode::failed, "the target has no barrier for {}", base::in_quotes(table.target));
    }
    return *order;
}

std::string Target::condition(const Table& table, const Selection& selection) const {
    std::string out;
    const auto add = [&out](const std::string& text) {
        out += (out.empty() ? "" : " AND ") + text;
    };
    if (!selection.keys.empty()) {
        add(verify::keys_sql(table, selection.keys));
    }
    if (selection.sample_limit != 0) {
        add(fmt::format("{} < toUInt64({})", key_hash_sql(table), selection.sample_limit));
    }
    if (!selection.buckets.empty()) {
        std::string list;
        for (std::size_t i = 0; i < selection.buckets.size(); ++i) {
            if (selection.buckets[i]) {
                list += fmt::format("{}{}", list.empty() ? "" : ", ", i);
            }
        }
        add(fmt::format("bitShiftRight({}, {}) IN ({})", key_hash_sql(table),
                        64 - selection.bucket_bits, list));
    }
    return out;
}

void Target::sums(const Table& table, const Selection& selection, Buckets& out) {
    const std::string answer = m_transport->query(
        fmt::format("SELECT toUInt64(bitShiftRight(_cdc_key, {})) AS _cdc_bucket, count(), "
                    "sum(_cdc_row) FROM (SELECT {} AS _cdc_key, {} AS _cdc_row FROM {}) GROUP BY "
                    "_cdc_bucket",
                    64 - selection.bucket_bits, key_hash_sql(table), row_hash_sql(table),
                    from(table, condition(table, selection))),
        "RowBinary");
    const char* at = answer.data();
    const char* const end = at + answer.size();
    while (at != end) {
        const auto bucket = take<std::uint64_t>(at, end);
        const auto count = take<std::uint64_t>(at, end);
        const auto sum = take<std::uint64_t>(at, end);
        if (bucket >= out.size()) {
            fail(ExitCode::failed, "the target answered bucket {} of {}", bucket, out.size());
        }
        out[bucket].count += count;
        out[bucket].sum += sum;
    }
}

Rows Target::rows(const Table& table, const Selection& selection) {
    const bool all = selection.whole_rows || !table.keyed();
    std::string select = table.keyed() && !all ? row_hash_sql(table) : "";
    for (const Column& column : table.columns) {
        if (all || column.key) {
            select += (select.empty() ? "" : ", ") + column.target_select;
        }
    }
    const std::string answer = m_transport->query(
        "SELECT " + select + " FROM " + from(table, condition(table, selection), selection),
        "RowBinary");
    Rows rows;
    const char* at = answer.data();
    const char* const end = at + answer.size();
    std::string key;
    std::string image;
    while (at != end) {
        key.clear();
        image.clear();
        if (!all) {
            image.assign(at, std::min<std::size_t>(8, static_cast<std::size_t>(end - at)));
            take<std::uint64_t>(at, end);
        }
        for (const Column& column : table.columns) {
            if (!all && !column.key) {
                continue;
            }
            const auto value = read_value(column.type, at, end);
            if (!value) {
                fail(ExitCode::failed, "the target's answer about {} is cut",
                     base::in_quotes(table.target));
            }
            if (column.key || !table.keyed()) {
                append_image(key, *value);
            }
            if (all && table.keyed()) {
                append_image(image, *value);
            }
        }
        add_row(rows[key], image);
    }
    return rows;
}

std::uint64_t Target::count(const Table& table) {
    const std::string answer =
        m_transport->query("SELECT count() FROM " + from(table, ""), "TabSeparated");
    const auto rows = clickhouse::parse_tsv(answer);
    return rows.empty() ? 0 : base::parse_integer<std::uint64_t>(rows[0][0]).value_or(0);
}

std::vector<event::Order> Target::versions_above(const Table& table,
                                                 const std::vector<std::string>& keys,
                                                 event::Order order) {
    const std::string answer = m_transport->query(
        fmt::format(
            "SELECT DISTINCT lower(leftPad(hex({0}), 32, '0')) AS _cdc_order FROM {1} WHERE "
            "{0} > toUInt128('{2}'){3} ORDER BY _cdc_order DESC LIMIT 10000",
            version(table), raw(table), base::decimal_text(order.value),
            keys.empty() ? "" : " AND " + verify::keys_sql(table, keys)),
        "TabSeparated");
    std::vector<event::Order> versions;
    for (const auto& row : clickhouse::parse_tsv(answer)) {
        if (const auto version = event::Order::parse(row[0])) {
            versions.push_back(*version);
        }
    }
    return versions;
}

std::vector<std::string> Target::keys_above(const Table& table, event::Order order) {
    std::string select;
    for (const std::size_t column : table.key) {
        select += (select.empty() ? "" : ", ") + table.columns[column].target_select;
    }
    const std::string answer = m_transport->query(
        fmt::format("SELECT DISTINCT {} FROM {} WHERE {} > toUInt128('{}')", select, raw(table),
                    version(table), base::decimal_text(order.value)),
        "RowBinary");
    std::vector<std::string> keys;
    const char* at = answer.data();
    const char* const end = at + answer.size();
    while (at != end) {
        std::string key;
        for (const std::size_t column : table.key) {
            const auto value = read_value(table.columns[column].type, at, end);
            if (!value) {
                fail(ExitCode::failed, "the target's answer about {} is cut",
                     base::in_quotes(table.target));
            }
            append_image(key, *value);
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

std::uint64_t Target::remove_versions(const Table& table, const std::vector<std::string>& keys,
                                      const std::vector<event::Order>& versions) {
    const std::string which = version(table) + " IN (" + version_list(versions) + ") AND " +
                              verify::keys_sql(table, keys);
    const auto answer = clickhouse::parse_tsv(m_transport->query(
        "SELECT count() FROM " + raw(table) + " WHERE " + which, "TabSeparated"));
    m_transport->execute("ALTER TABLE " + quote_identifier(table.names.stored) +
                         table.layout->on_cluster() + " DELETE WHERE " + which +
                         " SETTINGS mutations_sync = 2");
    return answer.empty() ? 0 : base::parse_integer<std::uint64_t>(answer[0][0]).value_or(0);
}

} // namespace cdc::verify
