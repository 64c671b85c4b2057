#include "postgres/catalog.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "postgres/value.hpp"

#include <nlohmann/json.hpp>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

// Columns are matched by name and type: the stream may show an older shape than the catalog does.
// Domains are followed to their base type, whose text and meaning their values have.
constexpr char kDescribe[] = R"(
WITH RECURSIVE sent AS (
    SELECT * FROM unnest($2::text[], $3::oid[], $4::int4[]) WITH ORDINALITY AS s(name, type, modifier, n)
), resolved(n, type, modifier) AS (
    SELECT n, type, modifier FROM sent
    UNION ALL
    SELECT r.n, t.typbasetype, t.typtypmod FROM resolved r JOIN pg_type t ON t.oid = r.type
    WHERE t.typtype = 'd'
)
SELECT format_type(r.type, r.modifier), r.type, r.modifier, coalesce(a.attnotnull, false),
    coalesce(a.attgenerated, '') <> '',
    coalesce(a.attnum = ANY ((SELECT i.indkey FROM pg_index i
                              WHERE i.indrelid = $1::oid AND i.indisprimary)::int2[]), false),
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    col_description(a.attrelid, a.attnum),
    CASE WHEN t.typtype = 'e' THEN (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                                    FROM pg_enum e WHERE e.enumtypid = t.oid) END
FROM sent s
JOIN resolved r ON r.n = s.n
LEFT JOIN pg_type t ON t.oid = r.type
LEFT JOIN pg_attribute a ON a.attrelid = $1::oid AND a.attname = s.name AND a.atttypid = s.type
    AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE t.typtype IS DISTINCT FROM 'd'
ORDER BY s.n)";

constexpr std::uint32_t kNumeric = 1700;
constexpr char kUndefinedColumn[] = "42703";
constexpr char kUndefinedTable[] = "42P01";
constexpr char kUndefinedSchema[] = "3F000";
constexpr char kNoRight[] = "42501";

/// The text form of an array of texts.
void append_array_item(std::string& out, std::string_view item) {
    out += out.empty() ? "{\"" : ",\"";
    for (const char c : item) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    out += '"';
}

template<typename T>
T number(const Result& result, int row, int column) {
    const auto value = base::parse_integer<T>(result.text(row, column));
    if (!value) {
        fail(ExitCode::failed, "the catalog answered {} where a number belongs",
             base::in_quotes(result.text(row, column)));
    }
    return *value;
}

/// numeric(p,s) packs both into its modifier; the scale has 11 bits with a sign.
void set_precision(event::Column& column, std::int32_t modifier) {
    if (modifier < 4) {
        return;
    }
    const int packed = modifier - 4;
    column.precision = packed >> 16 & 0xffff;
    column.scale = ((packed & 0x7ff) ^ 1024) - 1024;
}

} // namespace

bool is_literal(std::string_view expression) {
    if (expression == "true" || expression == "false") {
        return true;
    }
    if (expression.empty() || expression[0] != '\'') {
        return !expression.empty() &&
               expression.find_first_not_of("0123456789.") == std::string_view::npos;
    }
    std::size_t end = 1;
    while (end < expression.size() &&
           (expression[end] != '\'' || expression.substr(end, 2) == "''")) {
        end += expression[end] == '\'' ? 2 : 1;
    }
    if (end >= expression.size()) {
        return false;
    }
    // Behind the text only a cast, which holds what names of types do.
    const std::string_view cast = expression.substr(end + 1);
    return cast.empty() ||
           (cast.substr(0, 2) == "::" && cast.find("::", 2) == std::string_view::npos &&
            cast.find_first_of("'+*/|-") == std::string_view::npos);
}

std::vector<ColumnFacts> Catalog::describe(const pgoutput::Relation& relation) {
    wait_until_visible();
    std::string names;
    std::string types;
    std::string modifiers;
    for (const pgoutput::RelationColumn& column : relation.columns) {
        append_array_item(names, column.name);
        append_array_item(types, std::to_string(column.type));
        append_array_item(modifiers, std::to_string(column.modifier));
    }
    std::vector<ColumnFacts> facts;
    if (relation.columns.empty()) {
        return facts;
    }
    const Result result = m_connection->query(
        kDescribe, {std::to_string(relation.id), names + "}", types + "}", modifiers + "}"});
    std::vector<Default> defaults;
    for (int row = 0; row < result.rows(); ++row) {
        ColumnFacts fact;
        fact.column.name = relation.columns.at(static_cast<std::size_t>(row)).name;
        fact.column.type = result.text(row, 0);
        fact.type = number<std::uint32_t>(result, row, 1);
        if (fact.type == kNumeric) {
            set_precision(fact.column, number<std::int32_t>(result, row, 2));
        }
        fact.column.nullable = result.text(row, 3) != "t";
        fact.column.generated = result.text(row, 4) == "t";
        fact.in_primary_key = result.text(row, 5) == "t";
        if (!result.is_null(row, 6) && is_literal(result.text(row, 6))) {
            defaults.push_back({facts.size(), std::string{result.text(row, 6)}, fact.column.type});
        }
        fact.column.comment = result.text(row, 7);
        if (!result.is_null(row, 8)) {
            fact.column.labels =
                nlohmann::json::parse(result.text(row, 8)).get<std::vector<std::string>>();
        }
        facts.push_back(std::move(fact));
    }
    evaluate(defaults, facts);
    return facts;
}

/// The server spells a literal as a value of the column: 0 in a numeric(10,2) is 0.00.
void Catalog::evaluate(const std::vector<Default>& defaults, std::vector<ColumnFacts>& facts) {
    if (defaults.empty()) {
        return;
    }
    std::string sql;
    for (const Default& item : defaults) {
        sql += sql.empty() ? "SELECT " : ", ";
        sql += "CAST(" + item.expression + " AS " + item.type + ")";
    }
    try {
        const Result result = m_connection->query(sql);
        for (std::size_t i = 0; i < defaults.size(); ++i) {
            if (const int column = static_cast<int>(i); !result.is_null(0, column)) {
                ColumnFacts& fact = facts[defaults[i].column];
                append_value(fact.column.default_json, value_kind(fact.type),
                             result.text(0, column));
            }
        }
    } catch (const ServerError& error) {
        if (error.code() == ExitCode::failed) {
            throw;
        }
        // A default that the server itself cannot store, such as an overflow, fills no row.
        base::log::debug("constant defaults are left out: {}", error.what());
    }
}

/// The commit record is decoded as soon as it is flushed; the transaction is taken off the list of
/// running ones only after that (and, with synchronous standbys, much later).
void Catalog::wait_until_visible() {
    if (m_wanted_xid == m_visible_xid) {
        return;
    }
    // The stream has the low 32 bits of the id; the high ones are those of the nearest full id.
    constexpr char kVisible[] = R"(
        SELECT pg_visible_in_snapshot(
            (next - low + $1::bigint + CASE WHEN low - $1::bigint < -2147483648 THEN -4294967296
                                            WHEN low - $1::bigint > 2147483648 THEN 4294967296
                                            ELSE 0 END)::text::xid8, snapshot)
        FROM (SELECT snapshot, pg_snapshot_xmax(snapshot)::text::bigint AS next,
                     pg_snapshot_xmax(snapshot)::text::bigint & 4294967295 AS low
              FROM pg_current_snapshot() AS snapshot) AS now)";
    while (m_connection->query(kVisible, {std::to_string(m_wanted_xid)}).text(0, 0) != "t") {
        m_connection->query("SELECT pg_sleep(0.002)");
    }
    m_visible_xid = m_wanted_xid;
}

std::vector<FetchedValue> Catalog::fetch(std::string_view schema, std::string_view table,
                                         const std::vector<Condition>& key,
                                         const std::vector<std::string_view>& columns) {
    wait_until_visible();
    std::string sql = "SELECT ";
    for (const std::string_view column : columns) {
        sql += (column.data() == columns.front().data() ? "" : ", ") +
               m_connection->quoted_name(column);
    }
    sql += " FROM " + m_connection->quoted_name(schema) + "." + m_connection->quoted_name(table) +
           " WHERE ";
    std::vector<std::string> parameters;
    for (const Condition& condition : key) {
        sql += parameters.empty() ? "" : " AND ";
        parameters.emplace_back(condition.text);
        sql +=
            fmt::format("{} = ${}", m_connection->quoted_name(condition.column), parameters.size());
    }
    std::vector<FetchedValue> values(columns.size());
    try {
        const Result result = m_connection->query(sql, parameters);
        for (std::size_t i = 0; i < columns.size() && result.rows() == 1; ++i) {
            const int column = static_cast<int>(i);
            const bool null = result.is_null(0, column);
            values[i] = {null ? FetchedValue::State::null : FetchedValue::State::value,
                         std::string{result.text(0, column)}};
        }
    } catch (const ServerError& error) {
        if (error.sqlstate() == kUndefinedColumn && columns.size() > 1) {
            for (std::size_t i = 0; i < columns.size(); ++i) {
                values[i] = fetch(schema, table, key, {columns[i]}).front();
            }
        } else if (error.sqlstate() == kNoRight) {
            throw ServerError{ExitCode::refused,
                              fmt::format("cannot read an unchanged value from '{}.{}': {}", schema,
                                          table, error.what()),
                              error.sqlstate(),
                              fmt::format("GRANT SELECT ON {}.{} TO the capture's role",
                                          m_connection->quoted_name(schema),
                                          m_connection->quoted_name(table))};
        } else if (error.sqlstate() != kUndefinedColumn && error.sqlstate() != kUndefinedTable &&
                   error.sqlstate() != kUndefinedSchema) {
            throw;
        }
    }
    return values;
}

} // namespace cdc::postgres
