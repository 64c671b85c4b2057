#include "postgres/row_lookup.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "postgres/catalog.hpp"

#include <algorithm>

namespace cdc::postgres {

using base::ExitCode;

namespace {

constexpr std::uint32_t kText = 25;
constexpr char kUndefinedColumn[] = "42703";
constexpr char kUndefinedTable[] = "42P01";
constexpr char kUndefinedSchema[] = "3F000";
constexpr char kUndefinedFunction[] = "42883"; // and operator
constexpr char kNoRight[] = "42501";
constexpr char kLockNotAvailable[] = "55P03";
/// Well below the server's deadlock_timeout (1 s): whoever waits for a lock that we hold while we
/// wait for another one gets it before the server looks for deadlocks.
constexpr char kLimitLocks[] = "SET lock_timeout = '300ms'";
constexpr std::int64_t kTellMs = 5000;

constexpr char kTable[] = R"(
SELECT n.nspname, c.relname, c.relkind = 'p', row_security_active(c.oid), current_user
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid)";

// The base type of each column of the key, and the equality of its operator class: that of the
// index which is the identity, else the type's default one for btrees, which may be one for a
// polymorphic type. An index may compare in another collation than its column.
constexpr char kKey[] = R"(
WITH RECURSIVE base(number, name, type) AS (
    SELECT attnum, attname, atttypid FROM pg_attribute
    WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped AND attname = $2::text
    UNION ALL
    SELECT b.number, b.name, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type
    WHERE t.typtype = 'd'
)
SELECT t.oid, o.schema, o.operator, coll.schema, coll.name
FROM base b JOIN pg_type t ON t.oid = b.type
LEFT JOIN LATERAL (
    SELECT k.class, k.collid FROM pg_index i
    CROSS JOIN unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[]) AS k(number, class, collid)
    WHERE i.indrelid = $1::oid AND (i.indisreplident OR i.indisprimary) AND i.indisvalid
        AND k.number = b.number AND k.class IS NOT NULL
    ORDER BY i.indisreplident DESC LIMIT 1) i ON true
LEFT JOIN LATERAL (
    SELECT c.oid FROM pg_opclass c
    WHERE c.opcmethod = 403 AND c.opcdefault AND (c.opcintype = t.oid
        OR c.opcintype = CASE t.typtype WHEN 'e' THEN 3500 WHEN 'r' THEN 3831 WHEN 'm' THEN 4537
                                        WHEN 'c' THEN 2249 ELSE CASE t.oid WHEN 1043 THEN 25 END END
        OR c.opcintype = 2277 AND EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))
    ORDER BY c.opcintype = t.oid DESC LIMIT 1) d ON true
LEFT JOIN LATERAL (
    SELECT n.nspname AS schema, p.oprname AS operator
    FROM pg_opclass c
    JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype
        AND a.amoprighttype = c.opcintype AND a.amopstrategy = 3
    JOIN pg_operator p ON p.oid = a.amopopr
    JOIN pg_namespace n ON n.oid = p.oprnamespace
    WHERE c.oid = coalesce(i.class, d.oid)) o ON true
LEFT JOIN LATERAL (
    SELECT n.nspname AS schema, l.collname AS name
    FROM pg_attribute a JOIN pg_collation l ON l.oid = i.collid AND l.oid <> a.attcollation
    JOIN pg_namespace n ON n.oid = l.collnamespace
    WHERE a.attrelid = $1::oid AND a.attnum = b.number) coll ON true
WHERE t.typtype <> 'd')";

std::string qualified(const Connection& connection, const Result& result, int schema, int name) {
    return connection.quoted_name(result.text(0, schema)) + "." +
           connection.quoted_name(result.text(0, name));
}

/// The server found no such table, column or operator: the catalog has changed.
bool is_undefined(const std::string& sqlstate) {
    return sqlstate == kUndefinedColumn || sqlstate == kUndefinedTable ||
           sqlstate == kUndefinedSchema || sqlstate == kUndefinedFunction;
}

/// The texts of the key are none of the key's types now.
bool is_no_value(const ServerError& error) {
    return error.sqlstate().rfind("22", 0) == 0 && error.code() != ExitCode::bad_data;
}

} // namespace

RowLookup::RowLookup(Connection& connection, std::uint32_t table,
                     const std::vector<SourceLookup::Condition>& key)
    : m_table{table} {
    const std::string number = std::to_string(table);
    const Result found = connection.query(kTable, {number});
    for (const SourceLookup::Condition& condition : key) {
        m_key.emplace_back(condition.column);
    }
    if (found.rows() == 0) {
        return;
    }
    m_name = qualified(connection, found, 0, 1);
    if (found.text(0, 3) == "t") {
        throw ServerError{
            ExitCode::refused,
            fmt::format("row security hides rows of {} from role {}, and a changed "
                        "key needs a value that the log does not have",
                        m_name, base::in_quotes(found.text(0, 4))),
            kNoRight,
            fmt::format("ALTER ROLE {} BYPASSRLS;", connection.quoted_name(found.text(0, 4)))};
    }
    std::string where;
    for (const std::string& column : m_key) {
        const Result type = connection.query(kKey, {number, column});
        if (type.rows() != 1) {
            return;
        }
        const bool by_text = type.is_null(0, 1);
        const std::string collate =
            type.is_null(0, 3) ? "" : " COLLATE " + qualified(connection, type, 3, 4);
        m_types.push_back(
            by_text ? kText : base::parse_integer<std::uint32_t>(type.text(0, 0)).value_or(0));
        where += where.empty() ? "" : " AND ";
        where += connection.quoted_name(column) + (by_text ? "::pg_catalog.text" : collate);
        where += by_text ? " OPERATOR(pg_catalog.=) "
                         : fmt::format(" OPERATOR({}.{}) ", connection.quoted_name(type.text(0, 1)),
                                       type.text(0, 2));
        where += fmt::format("${}", m_types.size());
    }
    m_where = where;
    m_from = (found.text(0, 2) == "t" ? "" : "ONLY ") + m_name;
    m_number = fmt::format(
        "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = {})",
        connection.quoted_text(found.text(0, 0)), connection.quoted_text(found.text(0, 1)));
}

bool RowLookup::is_for(std::uint32_t table, const std::vector<SourceLookup::Condition>& key) const {
    return m_table == table &&
           std::equal(key.begin(), key.end(), m_key.begin(), m_key.end(),
                      [](const SourceLookup::Condition& condition, const std::string& name) {
                          return condition.column == name;
                      });
}

std::string RowLookup::sql(const Connection& connection,
                           const std::vector<std::string_view>& columns) const {
    std::string out = "SELECT " + m_number;
    for (const std::string_view column : columns) {
        out += ", " + connection.quoted_name(column);
    }
    return out + " FROM " + m_from + " WHERE " + m_where;
}

std::vector<FetchedValue> Catalog::fetch(std::uint32_t table, const std::vector<Condition>& key,
                                         const std::vector<std::string_view>& columns) {
    wait_until_visible();
    if (!m_locks_limited) {
        m_connection->query(kLimitLocks);
        m_locks_limited = true;
    }
    std::int64_t tell = base::steady_ms() + kTellMs;
    while (true) {
        try {
            return fetch_visible(table, key, columns);
        } catch (const ServerError& error) {
            if (error.sqlstate() != kLockNotAvailable) {
                throw;
            }
        }
        if (base::steady_ms() >= tell) {
            base::log::warning("table {} is locked; waiting for a value of it, which a changed "
                               "key needs",
                               m_rows.table());
            tell = base::steady_ms() + 12 * kTellMs;
        }
        m_connection->query("SELECT pg_sleep(0.1)");
    }
}

std::vector<FetchedValue> Catalog::fetch_visible(std::uint32_t table,
                                                 const std::vector<Condition>& key,
                                                 const std::vector<std::string_view>& columns) {
    std::vector<FetchedValue> values(columns.size());
    std::vector<std::string> parameters;
    for (const Condition& condition : key) {
        parameters.emplace_back(condition.text);
    }
    // A statement of before may meet another table of that name, or other types.
    for (bool anew = false;; anew = true) {
        const bool kept = !anew && m_rows.is_for(table, key);
        if (!kept) {
            m_rows = {};
            m_rows = RowLookup{*m_connection, table, key};
        }
        if (!m_rows.possible()) {
            return values;
        }
        try {
            const Result result =
                m_connection->query(m_rows.sql(*m_connection, columns), parameters, m_rows.types());
            if (result.rows() == 1 && result.text(0, 0) == std::to_string(table)) {
                for (std::size_t i = 0; i < columns.size(); ++i) {
                    const int column = static_cast<int>(i) + 1;
                    values[i] = {result.is_null(0, column) ? FetchedValue::State::null
                                                           : FetchedValue::State::value,
                                 std::string{result.text(0, column)}};
                }
                return values;
            }
        } catch (const ServerError& error) {
            if (error.sqlstate() == kNoRight) {
                throw ServerError{
                    ExitCode::refused,
                    fmt::format("cannot read an unchanged value: {}", error.what()),
                    error.sqlstate(),
                    fmt::format("GRANT SELECT ON {} TO the capture's role", m_rows.table())};
            }
            if (!is_undefined(error.sqlstate()) && !is_no_value(error)) {
                throw;
            }
            if (error.sqlstate() == kUndefinedColumn && !kept && columns.size() > 1) {
                for (std::size_t i = 0; i < columns.size(); ++i) {
                    values[i] = fetch_visible(table, key, {columns[i]}).front();
                }
                return values;
            }
        }
        if (!kept) {
            return values;
        }
    }
}

} // namespace cdc::postgres
