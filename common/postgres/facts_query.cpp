#include "postgres/facts_query.hpp"

#include <string_view>

namespace cdc::postgres {

namespace {

constexpr int kMultiranges = 140000;
constexpr int kLists = 150000; // of columns, row filters, schemas
constexpr int kGeneratedColumns = 180000;

// Each row says of which kind it is; the rest is text, by kind:
//   p  the publication: oid, version, operations, moment (below)
//   t  a captured table: oid, schema, name, entry, column list, row filter, highest column number,
//      "command of the entry", of a schema's " xmin command" of the table's place in the schema too
//   l  a table that holds its rows, or a partitioned one between: root, oid, storage, xmin, "birth
//      command named", kind, persistence (and 'a' where storage is not the first and a column was
//      altered by the same transaction, or by a later one: of a savepoint it may be the same),
//      "place under the root command", several with commas
//   c  a column that the stream carries: root, number, name, type, its oid, modifier, flags,
//      version of its expression
//   m  what older rows have: root, column, array of one, oid and modifier of the type; not what a
//      partition brought with it when it was attached, which wrote its columns
//   k  the primary key: root, constraint, columns, deferrable, valid
//   y  a user's type: oid, kind, base, modifier, xmin
//   e  a label of an enum: enum, oid, xmin, label, command
//   a  an attribute of a composite: type, number, type of the attribute, xmin, command
//   d  how missing values are decoded: oid and modifier of the type, of its base, whether that is
//      an array's element, delimiter, name
// In the order p t y e a d, l c k, m.
// A partition whose root is published goes through the root, else through itself.
constexpr std::string_view kFacts = R"(
WITH RECURSIVE pub AS MATERIALIZED (
    SELECT oid, xmin::text AS version, puballtables AS everything, pubviaroot AS through_root, @GENCOLS@ AS generated,
        concat(CASE WHEN pubinsert THEN 'i' END, CASE WHEN pubupdate THEN 'u' END, CASE WHEN pubdelete THEN 'd' END, CASE WHEN pubtruncate THEN 't' END) AS operations
    FROM pg_publication WHERE pubname = $1
    UNION ALL SELECT 0, '0', true, true, 'n', 'iudt' WHERE $1 = ''
), named AS (
    SELECT r.prrelid AS oid, r.oid || ':' || r.xmin AS entry, @LIST@, r.cmin::text AS listed, false AS by_schema
    FROM pub JOIN pg_publication_rel r ON r.prpubid = pub.oid
@SCHEMAS@    UNION ALL
    SELECT c.oid, '', NULL, NULL, '', false FROM pub JOIN pg_class c ON pub.everything
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition AND c.oid >= 16384
), member AS MATERIALIZED (
    SELECT DISTINCT ON (oid) * FROM named ORDER BY oid, numbers, by_schema
), tree(top, oid, under, places) AS (
    SELECT oid, oid, '', '' FROM member
    UNION ALL
    SELECT t.top, i.inhrelid, i.inhparent || ':' || i.xmin || ' ' || i.cmin,
        concat_ws(',', nullif(t.places, ''), i.inhparent || ':' || i.xmin || ' ' || i.cmin) FROM tree t
    JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p' JOIN pg_inherits i ON i.inhparent = t.oid
), rel AS MATERIALIZED (
    SELECT t.top, t.oid, t.under, t.top AS member FROM tree t
    WHERE (SELECT through_root FROM pub) AND t.top NOT IN (SELECT oid FROM tree WHERE oid <> top)
    UNION ALL
    (SELECT DISTINCT ON (t.oid) t.oid, t.oid, CASE WHEN (SELECT everything FROM pub) THEN '' ELSE t.places END, t.top
    FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind = 'r'
    WHERE NOT (SELECT through_root FROM pub) ORDER BY t.oid, length(t.places), t.places)
), top AS MATERIALIZED (
    SELECT rel.top, rel.member, m.entry, m.numbers, m.filter, m.listed, m.by_schema FROM rel JOIN member m ON m.oid = rel.member WHERE rel.oid = rel.top
), col AS MATERIALIZED (
    SELECT t.top, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attgenerated, a.attnotnull
    FROM top t JOIN pg_attribute a ON a.attrelid = t.top AND a.attnum > 0 AND NOT a.attisdropped
    WHERE (t.numbers IS NULL OR a.attnum = ANY (t.numbers)) AND @GENERATED@
), missing AS MATERIALIZED (
    SELECT rel.top, a.attname, a.attmissingval::text AS value, a.atttypid, a.atttypmod
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atthasmissing
    WHERE rel.oid = rel.top OR NOT EXISTS (SELECT FROM pg_inherits i
        WHERE i.inhrelid = rel.oid AND i.xmin = a.xmin AND i.cmin::text::int8 >= a.cmin::text::int8)
), typ(oid) AS (
    SELECT DISTINCT atttypid FROM col WHERE atttypid >= 16384
    UNION
    SELECT x.oid FROM typ JOIN pg_type t ON t.oid = typ.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype AS oid WHERE t.typtype = 'd' UNION ALL SELECT t.typelem
        UNION ALL SELECT a.atttypid FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT @BELOW_RANGE@ FROM pg_range g WHERE @RANGE@
    ) x WHERE x.oid >= 16384
), resolved(type, modifier, base, base_modifier, element) AS (
    SELECT DISTINCT atttypid, atttypmod, atttypid, atttypmod, false FROM missing
    UNION ALL
    SELECT r.type, r.modifier, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
        CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE r.base_modifier END, r.element OR t.typtype <> 'd'
    FROM resolved r JOIN pg_type t ON t.oid = r.base
    WHERE t.typtype = 'd' OR NOT r.element AND EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
)
SELECT 'p', oid::text, version, operations, @MOMENT@, NULL, NULL
FROM pub
UNION ALL
SELECT 't', t.top::text, n.nspname, c.relname, t.entry, array_to_string(t.numbers, ' '), t.filter, c.relnatts::text,
    concat_ws(' ', t.listed, CASE WHEN t.by_schema THEN (SELECT d.xmin || ' ' || d.cmin FROM pg_depend d
        WHERE d.classid = 1259 AND d.objid = t.member AND d.objsubid = 0 AND d.refclassid = 2615 AND d.deptype = 'n' LIMIT 1) END)
FROM top t JOIN pg_class c ON c.oid = t.top JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'y', t.oid::text, t.typtype::text, CASE t.typtype WHEN 'd' THEN t.typbasetype WHEN 'b' THEN t.typelem
    WHEN 'r' THEN (SELECT rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid) WHEN 'm' THEN @MULTIRANGE@ ELSE 0 END::text, t.typtypmod::text, t.xmin::text, NULL, NULL, NULL
FROM typ JOIN pg_type t ON t.oid = typ.oid
UNION ALL
SELECT 'e', e.enumtypid::text, e.oid::text, e.xmin::text, e.enumlabel, e.cmin::text, NULL, NULL, NULL FROM typ JOIN pg_enum e ON e.enumtypid = typ.oid
UNION ALL
SELECT 'a', t.oid::text, a.attnum::text, a.atttypid::text, a.xmin::text, a.cmin::text, NULL, NULL, NULL
FROM typ JOIN pg_type t ON t.oid = typ.oid AND t.typtype = 'c' JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
UNION ALL
SELECT 'd', r.type::text, r.modifier::text, r.base::text, r.base_modifier::text, r.element::text, t.typdelim::text, t.typname, NULL
FROM resolved r JOIN pg_type t ON t.oid = r.base WHERE t.typtype <> 'd'
UNION ALL
SELECT 'l', rel.top::text, c.oid::text, c.relfilenode::text, c.xmin::text, concat_ws(' ', b.xmin, b.cmin, n.xmin), c.relkind::text,
    concat(c.relpersistence, CASE WHEN c.relfilenode NOT IN (0, c.oid) AND EXISTS (SELECT FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND age(a.xmin) <= age(c.xmin)) THEN 'a' END), rel.under
FROM rel JOIN pg_class c ON c.oid = rel.oid LEFT JOIN pg_attribute b ON b.attrelid = c.oid AND b.attnum = -6 LEFT JOIN pg_type n ON n.oid = c.reltype
UNION ALL
SELECT 'c', col.top::text, col.attnum::text, col.attname, format_type(col.atttypid, col.atttypmod), col.atttypid::text, col.atttypmod::text,
    concat(CASE WHEN col.attnotnull THEN 'n' END, col.attgenerated),
    CASE WHEN col.attgenerated <> '' THEN (SELECT d.oid || ':' || d.xmin FROM pg_attrdef d WHERE d.adrelid = col.top AND d.adnum = col.attnum) END
FROM col
UNION ALL
SELECT 'k', k.conrelid::text, k.oid::text, array_to_string(k.conkey, ' '), k.condeferrable::text, i.indisvalid::text, NULL, NULL, NULL
FROM top t JOIN pg_constraint k ON k.conrelid = t.top AND k.contype = 'p' JOIN pg_index i ON i.indexrelid = k.conindid
UNION ALL
SELECT 'm', top::text, attname, value, atttypid::text, atttypmod::text, NULL, NULL, NULL FROM missing)";

// Temporary tables are left out: other sessions make and drop them all the time.
constexpr std::string_view kVersion = R"(
SELECT @MOMENT@, md5(concat_ws('/',
    (SELECT concat(count(*), ':', sum(hashint8extended((xmin::text::int8 << 32) + relfilenode::int8, oid::int8)))
     FROM pg_class WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND oid >= 16384),
    (SELECT concat(count(*), ':', sum(hashint8extended((xmin::text::int8 << 16) + attnum, attrelid::int8)))
     FROM pg_attribute WHERE attnum > 0 AND attrelid >= 16384 AND attrelid IN
     (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'c') AND relpersistence <> 't')),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, indexrelid::int8)))
     FROM pg_index WHERE indexrelid >= 16384 AND (indisprimary OR indisreplident)
     AND indrelid IN (SELECT oid FROM pg_class WHERE relpersistence <> 't')),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, oid::int8)))
     FROM pg_constraint WHERE contype = 'p' AND conrelid IN (SELECT oid FROM pg_class WHERE relpersistence <> 't')),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, oid::int8)))
     FROM pg_enum),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, inhrelid::int8)))
     FROM pg_inherits),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, oid::int8)))
     FROM pg_publication_rel),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, oid::int8)))
     FROM pg_publication),
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, oid::int8)))
     FROM pg_namespace WHERE oid >= 16384)@SCHEMAS@)))";

// What could be seen, position, and page of the log. On a standby a commit can be
// seen a moment before the position that is said to be replayed has passed it.
constexpr std::string_view kMoment =
    "pg_current_snapshot()::text, "
    "CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), "
    "pg_last_wal_replay_lsn()) ELSE pg_current_wal_insert_lsn() END::text, "
    "current_setting('wal_block_size')";

constexpr std::string_view kSchemaMembers = R"(    UNION ALL
    SELECT c.oid, s.oid || ':' || s.xmin, NULL::int2[], NULL::text, s.cmin::text, true
    FROM pub JOIN pg_publication_namespace s ON s.pnpubid = pub.oid JOIN pg_class c ON c.relnamespace = s.pnnspid
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
)";

constexpr std::string_view kSchemaVersions = R"(,
    (SELECT concat(count(*), ':', sum(hashint8extended(xmin::text::int8, oid::int8)))
     FROM pg_publication_namespace))";

void fill_in(std::string& sql, std::string_view mark, std::string_view text) {
    sql.replace(sql.find(mark), mark.size(), text);
}

} // namespace

std::string facts_sql(int server_version) {
    const bool lists = server_version >= kLists;
    const bool generated = server_version >= kGeneratedColumns;
    const bool multiranges = server_version >= kMultiranges;
    std::string sql{kFacts};
    fill_in(sql, "@MOMENT@", kMoment);
    fill_in(sql, "@GENCOLS@", generated ? "pubgencols::text" : "'n'");
    fill_in(sql, "@LIST@",
            lists ? "r.prattrs::int2[] AS numbers, md5(r.prqual::text) AS filter"
                  : "NULL::int2[] AS numbers, NULL::text AS filter");
    fill_in(sql, "@SCHEMAS@", lists ? kSchemaMembers : "");
    // Before 18 no stream carries generated columns.
    fill_in(sql, "@GENERATED@",
            generated ? "(a.attgenerated = '' OR t.numbers IS NOT NULL OR a.attgenerated = 's' "
                        "AND (SELECT generated FROM pub) = 's')"
                      : "a.attgenerated = ''");
    fill_in(sql, "@BELOW_RANGE@",
            multiranges ? "CASE t.typtype WHEN 'm' THEN g.rngtypid ELSE g.rngsubtype END"
                        : "g.rngsubtype");
    fill_in(sql, "@RANGE@",
            multiranges ? "t.typtype IN ('r', 'm') AND (g.rngtypid = t.oid OR g.rngmultitypid = "
                          "t.oid)"
                        : "t.typtype = 'r' AND g.rngtypid = t.oid");
    fill_in(sql, "@MULTIRANGE@",
            multiranges ? "(SELECT rngtypid FROM pg_range g WHERE g.rngmultitypid = t.oid)" : "0");
    return sql;
}

std::string facts_version_sql(int server_version) {
    std::string sql{kVersion};
    fill_in(sql, "@MOMENT@", kMoment);
    fill_in(sql, "@SCHEMAS@", server_version >= kLists ? kSchemaVersions : "");
    return sql;
}

} // namespace cdc::postgres
