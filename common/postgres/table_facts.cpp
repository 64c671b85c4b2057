#include "postgres/table_facts.hpp"

#include "base/numbers.hpp"

namespace cdc::postgres {

namespace {

// The planner's number of pages: the size itself is not to be had without a lock.
constexpr char kNamedTable[] = R"(
SELECT c.oid, c.relkind = 'p', c.relreplident, c.reltuples::bigint, greatest(c.relpages, 0), EXISTS (
    WITH RECURSIVE part(oid) AS (
        SELECT c.oid
        UNION ALL
        SELECT i.inhrelid FROM part p JOIN pg_inherits i ON i.inhparent = p.oid WHERE c.relkind = 'p'
    )
    SELECT FROM part p JOIN pg_class l ON l.oid = p.oid
    WHERE l.relkind = 'f' OR l.relkind = 'r' AND l.relpersistence = 'u')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p'))";

// The identity is the index of REPLICA IDENTITY USING INDEX, else the primary key, unless it is
// DEFERRABLE: its values may stand twice within a statement.
constexpr char kColumnFacts[] = R"(
WITH RECURSIVE resolved(n, name, type, modifier, generated) AS (
    SELECT attnum, attname, atttypid, atttypmod, attgenerated <> ''
    FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT r.n, r.name, t.typbasetype, t.typtypmod, r.generated
    FROM resolved r JOIN pg_type t ON t.oid = r.type WHERE t.typtype = 'd'
)
SELECT r.name, format_type(r.type, r.modifier), r.type, r.modifier, t.typtype = 'e', r.generated,
    coalesce(r.n = ANY ((SELECT (i.indkey::int2[])[0:i.indnkeyatts - 1]
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indimmediate AND
              CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END)::int2[]), false),
    (WITH RECURSIVE element AS (
         SELECT e.oid, e.typtype, e.typbasetype, e.typdelim FROM pg_type e
         WHERE e.oid = t.typelem AND e.typarray = t.oid
         UNION ALL
         SELECT e.oid, e.typtype, e.typbasetype, e.typdelim
         FROM element d JOIN pg_type e ON e.oid = d.typbasetype WHERE d.typtype = 'd')
     SELECT oid || typdelim::text FROM element WHERE typtype <> 'd')
FROM resolved r JOIN pg_type t ON t.oid = r.type WHERE t.typtype <> 'd' ORDER BY r.n)";

template<typename T>
T number(std::string_view text) {
    return base::parse_integer<T>(text).value_or(T{});
}

} // namespace

std::optional<TableFacts> read_table_facts(Connection& connection, const std::string& schema,
                                           const std::string& table) {
    const Result found = connection.query(kNamedTable, {schema, table});
    if (found.rows() == 0) {
        return std::nullopt;
    }
    TableFacts facts;
    facts.id = number<std::uint32_t>(found.text(0, 0));
    facts.schema = schema;
    facts.table = table;
    facts.partitioned = found.text(0, 1) == "t";
    facts.identity = found.text(0, 2).front();
    facts.rows = number<std::int64_t>(found.text(0, 3));
    facts.pages = number<std::int64_t>(found.text(0, 4));
    facts.unlogged = found.text(0, 5) == "t";
    const Result columns = connection.query(kColumnFacts, {std::to_string(facts.id)});
    for (int row = 0; row < columns.rows(); ++row) {
        FactColumn column;
        column.name = columns.text(row, 0);
        column.type = columns.text(row, 1);
        column.type_id = number<std::uint32_t>(columns.text(row, 2));
        column.modifier = number<std::int32_t>(columns.text(row, 3));
        column.is_enum = columns.text(row, 4) == "t";
        column.generated = columns.text(row, 5) == "t";
        column.in_identity = columns.text(row, 6) == "t";
        if (const std::string_view element = columns.text(row, 7); !element.empty()) {
            column.element_id = number<std::uint32_t>(element.substr(0, element.size() - 1));
            column.delimiter = element.back();
        }
        facts.columns.push_back(std::move(column));
    }
    return facts;
}

} // namespace cdc::postgres
