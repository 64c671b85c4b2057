// What an input table does at a cut: SQL over the lines since the last one.
#include "cdc-transform/input_table.hpp"

#include "base/error.hpp"
#include "cdc-transform/bag.hpp"
#include "cdc-transform/input_sql.hpp"

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using duckdb::quoted_name;
using event::Order;

namespace {

constexpr std::int64_t kRememberDeletedMs = 86'400'000;
constexpr std::uint64_t kCutsBetweenForgetting = 64;

std::string number_of(Order order) {
    return base::decimal_text(order.value) + "::UHUGEINT";
}

} // namespace

std::string InputTable::columns(const std::string& prefix) const {
    return list_of(m_columns.size(), [&](std::size_t i) { return prefix + column_name(i); });
}

std::string InputTable::keys(const std::string& prefix) const {
    return list_of(m_keys.size(), [&](std::size_t i) { return prefix + column_name(m_keys[i]); });
}

std::string InputTable::keys_equal(const std::string& a, const std::string& b) const {
    std::string out;
    for (const std::size_t place : m_keys) {
        out += out.empty() ? "" : " AND ";
        out += a + "." + column_name(place) + " = " + b + "." + column_name(place);
    }
    return out;
}

std::string InputTable::named_columns() const {
    return list_of(m_columns.size(), [&](std::size_t i) {
        return column_name(i) + " AS " + quoted_name(m_stored.shape.columns[i].name);
    });
}

std::string InputTable::typed_columns() const {
    return list_of(m_columns.size(),
                   [&](std::size_t i) { return column_name(i) + " " + m_columns[i].type; });
}

void InputTable::make_relation() {
    m_connection.execute(fmt::format("CREATE OR REPLACE VIEW in_{0} AS SELECT {1} FROM cdc.t{0}",
                                     m_id, named_columns()));
}

std::string InputTable::lines_table(const std::string& name) const {
    return name + " (seq BIGINT, op UTINYINT, ord UHUGEINT, missing VARCHAR, " +
           list_of(m_columns.size(), [](std::size_t i) { return column_name(i) + " VARCHAR"; }) +
           ")";
}

void InputTable::make_tables() {
    m_connection.execute(fmt::format(
        "CREATE TABLE IF NOT EXISTS cdc.t{} ({}, ord UHUGEINT USING COMPRESSION uncompressed)",
        m_id, typed_columns()));
    if (!is_bag()) {
        m_connection.execute(fmt::format(
            "CREATE TABLE IF NOT EXISTS cdc.g{} AS SELECT {}, ord, 0::BIGINT AS at FROM "
            "cdc.t{} LIMIT 0",
            m_id, keys(""), m_id));
    }
    make_relation();
}

void InputTable::close_appenders() {
    for (std::unique_ptr<duckdb::Appender>* appender : {&m_stage, &m_snapshot}) {
        if (*appender != nullptr) {
            (*appender)->flush();
        }
    }
    m_snapshot.reset();
}

Order InputTable::merge_snapshot() {
    stage(); // it may be that nothing but the snapshot came
    m_stage->flush();
    m_connection.execute("CREATE TABLE IF NOT EXISTS " + lines_table("cdc.p" + m_id));
    m_connection.execute(fmt::format("INSERT INTO stage{0} SELECT * FROM cdc.p{0}", m_id));
    const Order begin = *m_stored.reading;
    m_stored.reading.reset();
    m_stored.current_from = m_stored.highest_read;
    m_merged = true;
    m_touched = true;
    if (!m_stored.reading_whole) {
        return {};
    }
    m_stored.whole = true;
    m_stored.read_at = std::max(m_stored.read_at, begin);
    m_stored.barrier = std::max(m_stored.barrier, begin);
    return begin;
}

bool InputTable::prepare(Order cut, std::int64_t commit_ts_ms, bool by_marks) {
    close_appenders();
    Order voided = m_truncated_at;
    if (snapshot_due(cut)) {
        voided = std::max(voided, merge_snapshot());
    }
    if (m_stage == nullptr && voided == Order{} && !old_due(commit_ts_ms)) {
        return false;
    }
    stage();
    m_kept_ts_ms = commit_ts_ms;
    if (is_bag()) {
        prepare_bag(voided, by_marks);
    } else {
        prepare_keyed(voided);
        drop_old();
        make_changed();
    }
    return m_connection.number(fmt::format("SELECT count(*) FROM {}", changed())) > 0;
}

/// SQL for "a row with this value of its time leaves by KEEP".
std::string InputTable::too_old(const std::string& value) const {
    if (!m_kept_time) {
        return "false";
    }
    return fmt::format("coalesce({} < CAST(make_timestamp({}) - INTERVAL {} AS {}), false)", value,
                       m_kept_ts_ms * 1000, duckdb::quoted_text(m_kept_time->interval),
                       m_columns[m_time_column].type);
}

void InputTable::count_late(const std::string& rows, const std::string& time) {
    m_late = static_cast<std::uint64_t>(
        m_connection.number(fmt::format("SELECT count(*) FROM {} AND {}", rows, too_old(time))));
}

/// Rows that are too old are deleted ones, whether they stand in the table or come now.
void InputTable::drop_old() {
    if (!m_kept_time) {
        return;
    }
    const std::string old_rows = too_old(column_name(m_time_column));
    count_late(fmt::format("delta{} WHERE NOT gone", m_id), column_name(m_time_column));
    m_connection.execute(
        fmt::format("UPDATE delta{} SET gone = true WHERE NOT gone AND {}", m_id, old_rows));
    m_connection.execute(fmt::format(
        "INSERT INTO delta{0} SELECT {1}, s.ord, true FROM (SELECT * FROM cdc.t{0} WHERE {2}) s "
        "ANTI JOIN delta{0} d ON {3}",
        m_id, columns("s."), old_rows, keys_equal("s", "d")));
}

/// The stored value of a column of the line `n`, whose key had the row `s` before.
std::string InputTable::new_value(std::size_t i) const {
    const std::string name = column_name(i);
    const std::string value = m_columns[i].from_text("n." + name);
    const bool key = std::find(m_keys.begin(), m_keys.end(), i) != m_keys.end();
    if (key || !m_unfilled[i]) {
        return key ? "n." + name + " AS " + name
                   : fmt::format("CASE WHEN n.op <> 100 THEN {} END AS {}", value, name);
    }
    // A row that left by KEEP has no stored value, and needs none.
    const std::string time =
        m_kept_time ? m_columns[m_time_column].from_text("n." + column_name(m_time_column)) : "";
    return fmt::format("CASE WHEN n.op = 100 THEN NULL WHEN substr(n.missing, {0}, 1) = '1' THEN "
                       "CASE WHEN f{1}.f.o >= coalesce(s.ord, 0) THEN {2} WHEN s.ord IS NOT NULL "
                       "THEN s.{3} "
                       "WHEN {6} THEN NULL ELSE error('an update that lacks the unchanged value of "
                       "column {4}, whose row was never read') END ELSE {5} END AS {3}",
                       i + 1, i, m_columns[i].from_text(fmt::format("f{}.f.v", i)), name, i, value,
                       too_old(time));
}

void InputTable::prepare_keyed(Order voided) {
    // The last line of each key, its key typed.
    std::string last = fmt::format(
        "SELECT * REPLACE ({}) FROM stage{} WHERE ord >= {} QUALIFY row_number() OVER (PARTITION "
        "BY {} ORDER BY ord DESC, seq DESC) = 1",
        list_of(m_keys.size(),
                [&](std::size_t i) {
                    const std::size_t place = m_keys[i];
                    return m_columns[place].from_text(column_name(place)) + " AS " +
                           column_name(place);
                }),
        m_id, number_of(m_stored.barrier), keys(""));
    std::string filled;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        if (m_unfilled[i]) {
            // The last value that a line of the key carried: what follows a c has one. That of the
            // stored row may be younger, where rows of a snapshot count now.
            filled += fmt::format(
                " LEFT JOIN (SELECT {0}, arg_max(struct_pack(v := {1}, o := ord), struct_pack(o := "
                "ord, s := seq)) AS f FROM stage{2} WHERE op <> 100 AND coalesce(substr(missing, "
                "{3}, 1), "
                "'0') = '0' GROUP BY ALL) f{4} ON {5}",
                list_of(m_keys.size(),
                        [&](std::size_t k) {
                            const std::size_t place = m_keys[k];
                            return m_columns[place].from_text(column_name(place)) + " AS " +
                                   column_name(place);
                        }),
                column_name(i), m_id, i + 1, i, keys_equal("n", "f" + std::to_string(i)));
        }
    }
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE delta{0} AS SELECT {1}, n.ord AS ord, n.op = 100 AS gone "
        "FROM "
        "({2}) n LEFT JOIN cdc.t{0} s ON {3} LEFT JOIN cdc.g{0} g ON {4}{5} WHERE (s.ord IS NULL "
        "OR n.ord > s.ord) AND (g.ord IS NULL OR n.ord > g.ord)",
        m_id, list_of(m_columns.size(), [this](std::size_t i) { return new_value(i); }), last,
        keys_equal("s", "n"), keys_equal("g", "n"), filled));
    if (voided != Order{}) {
        m_connection.execute(fmt::format(
            "INSERT INTO delta{0} SELECT {1}, {2}, true FROM cdc.t{0} s ANTI JOIN delta{0} d ON "
            "{3} WHERE s.ord < {2}",
            m_id, columns("s."), number_of(voided), keys_equal("s", "d")));
    }
}

void InputTable::make_changed() {
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE changed_in_{0} AS SELECT {1} FROM (SELECT {2} FROM cdc.t{0} "
        "s "
        "SEMI JOIN delta{0} d ON {3} UNION ALL SELECT {4} FROM delta{0} d WHERE NOT gone)",
        m_id, named_columns(), columns("s."), keys_equal("s", "d"), columns("d.")));
}

/// SQL behind FROM for the lines that count. Rows of a snapshot have one order, and come again as a
/// whole only.
std::string InputTable::lines_of_bag(bool by_marks) const {
    std::string lines = fmt::format("stage{} WHERE ord >= {}", m_id, number_of(m_stored.barrier));
    if (by_marks) {
        lines += fmt::format(" AND (op = 114 OR ord > {}) QUALIFY op = 114 OR row_number() OVER "
                             "(PARTITION BY ord, op ORDER BY seq) = 1",
                             number_of(m_stored.taken));
    }
    return lines;
}

void InputTable::prepare_bag(Order voided, bool by_marks) {
    const std::string typed = list_of(m_columns.size(), [this](std::size_t i) {
        return m_columns[i].from_text(column_name(i)) + " AS " + column_name(i);
    });
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE delta{0} AS SELECT {1}, sum(\"cdc n\")::BIGINT AS \"cdc n\", "
        "max(ord) AS ord FROM (SELECT * FROM (SELECT {2}, CASE WHEN op = 100 THEN -1 ELSE 1 END AS "
        "\"cdc n\", ord FROM {3}) WHERE NOT {5} UNION ALL SELECT {1}, -1, ord FROM cdc.t{0} "
        "WHERE ord < {4} OR {5}) GROUP BY {1} HAVING sum(\"cdc n\") <> 0",
        m_id, columns(""), typed, lines_of_bag(by_marks), number_of(voided),
        too_old(column_name(m_time_column))));
    if (m_kept_time) {
        count_late(fmt::format("stage{} WHERE op <> 100", m_id),
                   m_columns[m_time_column].from_text(column_name(m_time_column)));
    }
    if (by_marks && m_highest_staged > m_stored.taken) {
        m_stored.taken = m_highest_staged;
        m_touched = true;
    }
    m_connection.execute(
        fmt::format("CREATE OR REPLACE TEMP TABLE changed_in_{0} AS SELECT {1} FROM delta{0}", m_id,
                    named_columns()));
}

void InputTable::apply_bag() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        names.push_back(column_name(i));
    }
    const std::uint64_t missing =
        take_equal_rows(m_connection, "cdc.t" + m_id, "delta" + m_id, names);
    if (missing > 0) {
        throw Error{ExitCode::bad_data,
                    fmt::format("{} rows of table {}, which has no key, were deleted that it did "
                                "not have",
                                missing, m_stored.shape.display_name()),
                    "Read the table again (cdc-snapshot --tables)."};
    }
    m_connection.execute(
        fmt::format("INSERT INTO cdc.t{0} SELECT {1}, ord FROM delta{0}, range(\"cdc n\") WHERE "
                    "\"cdc n\" > 0",
                    m_id, columns("")));
}

void InputTable::apply(std::int64_t commit_ts_ms) {
    if (is_bag()) {
        apply_bag();
        return;
    }
    for (const char* table : {"t", "g"}) {
        m_connection.execute(fmt::format("DELETE FROM cdc.{0}{1} s USING delta{1} d WHERE {2}",
                                         table, m_id, keys_equal("s", "d")));
    }
    m_connection.execute(fmt::format(
        "INSERT INTO cdc.t{0} SELECT {1}, ord FROM delta{0} WHERE NOT gone", m_id, columns("")));
    m_connection.execute(
        fmt::format("INSERT INTO cdc.g{0} SELECT {1}, ord, {2} FROM delta{0} WHERE gone", m_id,
                    keys(""), commit_ts_ms));
    if (++m_cuts % kCutsBetweenForgetting == 0) {
        m_connection.execute(fmt::format(R"(DELETE FROM cdc.g{} WHERE "at" < {})", m_id,
                                         commit_ts_ms - kRememberDeletedMs));
    }
}

void InputTable::keep(State& state) const {
    if (m_touched) {
        StoredTable kept = m_at_cut;
        kept.shape = m_stored.shape;
        kept.shape.oid = m_at_cut.shape.oid;
        kept.shaped_at = m_stored.shaped_at;
        kept.taken = m_stored.taken;
        state.keep_table(kept);
    }
}

void InputTable::drop_lines() {
    m_stage.reset();
    for (const char* table : {"stage", "delta", "changed_in_"}) {
        m_connection.execute(fmt::format("DROP TABLE IF EXISTS {}{}", table, m_id));
    }
    std::fill(m_unfilled.begin(), m_unfilled.end(), false);
}

void InputTable::finish(State& state) {
    drop_lines();
    if (m_merged) {
        m_connection.execute("DROP TABLE IF EXISTS cdc.p" + m_id);
    }
    if (m_touched) {
        state.keep_table(m_stored);
        m_at_cut = m_stored;
    }
    m_staged = m_late = 0;
    m_truncated_at = m_highest_staged = {};
    m_merged = m_reshaped = m_touched = false;
}

} // namespace cdc::transform
