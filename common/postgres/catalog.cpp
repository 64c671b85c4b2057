#include "postgres/catalog.hpp"

#include "base/numbers.hpp"
#include "postgres/debezium_value.hpp"

#include <nlohmann/json.hpp>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

// Columns are matched by name and type: the stream may show an older shape than the catalog does.
// Domains are followed to their base type, whose text and meaning their values have, and arrays to
// the base type of their elements.
//
// What a column's default gave to rows that were there before it, the server keeps as the missing
// value (a partition has it, its root not), until it rewrites the table. A default without one:
// old rows have NULL if no storage was ever rewritten (a volatile default rewrites it), and else
// nobody knows. Storage that was never rewritten has the number of its table.
//
// Arrays of numbers, not joins: the server must go by its indexes whatever it guesses, or each
// table costs a look at all.
constexpr char kDescribe[] = R"(
WITH RECURSIVE sent AS (
    SELECT * FROM unnest($2::text[], $3::oid[], $4::int4[]) WITH ORDINALITY AS s(name, type, modifier, n)
), storage AS (
    SELECT oid, relfilenode <> oid AS rewritten FROM pg_class
    WHERE relkind = 'r' AND oid = ANY (ARRAY(SELECT $1::oid UNION ALL
        SELECT relid FROM pg_partition_tree($1::oid::regclass) WHERE isleaf))
), resolved(n, type, modifier, dimensions, element) AS (
    SELECT n, type, modifier, 0, false FROM sent
    UNION ALL
    SELECT r.n, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
        CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE r.modifier END,
        greatest(r.dimensions, t.typndims), r.element OR t.typtype <> 'd'
    FROM resolved r JOIN pg_type t ON t.oid = r.type
    WHERE t.typtype = 'd' OR NOT r.element
        AND EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
), elements AS (
    SELECT r.n, r.type, r.modifier, r.dimensions, t.typdelim AS delimiter
    FROM resolved r JOIN pg_type t ON t.oid = r.type WHERE r.element AND t.typtype <> 'd'
)
SELECT format_type(r.type, r.modifier)
    || repeat('[]', CASE WHEN e.n IS NULL THEN 0
                         ELSE greatest(a.attndims, e.dimensions) - 1 END), r.type, r.modifier, coalesce(a.attnotnull, false),
    coalesce(a.attgenerated, '') <> '',
    coalesce(a.attnum = ANY ((SELECT (i.indkey::int2[])[0:i.indnkeyatts - 1] FROM pg_index i
                              WHERE i.indrelid = $1::oid AND i.indisprimary)::int2[]), false),
    m.missing, coalesce(a.attnum, 0),
    m.missing IS NULL AND (a.atthasdef OR a.attidentity <> '')
        AND EXISTS (SELECT FROM storage WHERE rewritten),
    col_description(a.attrelid, a.attnum),
    CASE WHEN t.typtype = 'e' THEN (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                                    FROM pg_enum e WHERE e.enumtypid = t.oid) END,
    e.type, e.modifier, e.delimiter, format_type(e.type, e.modifier),
    (SELECT typname FROM pg_type WHERE oid = coalesce(e.type, r.type))
FROM sent s
JOIN resolved r ON r.n = s.n AND NOT r.element
LEFT JOIN elements e ON e.n = s.n
LEFT JOIN pg_type t ON t.oid = r.type
LEFT JOIN pg_attribute a ON a.attrelid = $1::oid AND a.attname = s.name AND a.atttypid = s.type
    AND NOT a.attisdropped
LEFT JOIN LATERAL (
    SELECT (l.attmissingval::text::text[])[1] AS missing
    FROM pg_attribute l JOIN pg_type lt ON lt.oid = l.atttypid
    WHERE l.attrelid = ANY (ARRAY(SELECT oid FROM storage)) AND l.attname = a.attname AND l.atthasmissing AND lt.typdelim = ',' LIMIT 1) m ON true
WHERE t.typtype IS DISTINCT FROM 'd'
ORDER BY s.n)";

constexpr std::uint32_t kNumeric = 1700;
constexpr std::uint32_t kMoney = 790;
// Whether amounts have two digits behind a point, which the locale says: elsewhere they stay text.
constexpr char kUsualMoney[] =
    "SELECT 1234.5::pg_catalog.numeric::pg_catalog.money::text = '$1,234.50'";
constexpr int kMoneyPrecision = 19;
constexpr int kElement = 11; // first column of kDescribe about an array's elements

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
    for (int row = 0; row < result.rows(); ++row) {
        ColumnFacts fact;
        fact.column.name = relation.columns.at(static_cast<std::size_t>(row)).name;
        fact.column.type = result.text(row, 0);
        const bool array = !result.is_null(row, kElement);
        const auto type = number<std::uint32_t>(result, row, array ? kElement : 1);
        const auto modifier = number<std::int32_t>(result, row, array ? kElement + 1 : 2);
        fact.codec = m_encoding == Encoding::debezium
                         ? debezium_codec(type, modifier, result.text(row, kElement + 4))
                         : ValueCodec{value_kind(type)};
        if (array) {
            fact.codec.delimiter = result.text(row, kElement + 2).at(0);
            fact.column.element = result.text(row, kElement + 3);
        }
        if (type == kNumeric) {
            set_precision(fact.column, modifier);
        } else if (type == kMoney && usual_money()) {
            fact.column.precision = kMoneyPrecision;
            fact.column.scale = 2;
        }
        fact.column.nullable = result.text(row, 3) != "t";
        fact.column.generated = result.text(row, 4) == "t";
        fact.in_primary_key = result.text(row, 5) == "t";
        if (!result.is_null(row, 6)) {
            append_value(fact.column.default_json, fact.codec, result.text(row, 6));
        }
        fact.column.number = number<int>(result, row, 7);
        fact.unfilled = result.text(row, 8) == "t";
        fact.column.comment = result.text(row, 9);
        if (!result.is_null(row, 10)) {
            fact.column.labels =
                nlohmann::json::parse(result.text(row, 10)).get<std::vector<std::string>>();
        }
        facts.push_back(std::move(fact));
    }
    return facts;
}

bool Catalog::usual_money() {
    if (!m_usual_money) {
        m_usual_money = m_connection->query(kUsualMoney).text(0, 0) == "t";
    }
    return *m_usual_money;
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

} // namespace cdc::postgres
