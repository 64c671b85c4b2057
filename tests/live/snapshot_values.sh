#!/usr/bin/env bash
# Every type through the stream and through the snapshot: key and row have the same bytes, and the
# tables the same shape and version. Odd names, odd keys, identities, partitions, generated columns.
source "$(dirname "$0")/lib.sh"
start postgres
create_db
sql "
CREATE EXTENSION citext; CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy \"!\"');
CREATE TYPE point3 AS (x int, y text, z numeric);
CREATE DOMAIN positive AS numeric(12,3) CHECK (VALUE > 0);
CREATE DOMAIN labels AS text[];
CREATE TABLE types (
    id int PRIMARY KEY, a_bool bool, a_int2 int2, a_int4 int4, a_int8 int8, a_oid oid, a_float4 float4,
    a_float8 float8, a_numeric numeric, a_numeric2 numeric(12,2), a_money money, a_text text, a_varchar varchar(20),
    a_char char(5), a_name name, \"a \"\"char\"\"\" \"char\", a_citext citext, a_bytea bytea, a_date date, a_time time,
    a_timetz timetz, a_timestamp timestamp, a_timestamp3 timestamp(3), a_timestamptz timestamptz, a_interval interval,
    a_uuid uuid, a_json json, a_jsonb jsonb, a_xml xml, a_inet inet, a_cidr cidr, a_mac macaddr, a_mac8 macaddr8,
    a_bit bit(3), a_varbit varbit, a_mood mood, a_point3 point3, a_positive positive, a_labels labels, a_ints int[],
    a_texts text[], a_moods mood[], a_times timestamptz[], a_int4range int4range, a_tstzrange tstzrange,
    a_multi nummultirange, a_point point, a_box box, a_path path, a_polygon polygon, a_circle circle, a_line line,
    a_tsvector tsvector, a_tsquery tsquery, a_lsn pg_lsn, a_snapshot pg_snapshot, a_hstore hstore,
    a_default numeric(5,2) NOT NULL DEFAULT 1.5, a_generated int GENERATED ALWAYS AS (id * 2) STORED);
COMMENT ON COLUMN types.a_text IS 'a \"comment\"';
CREATE TABLE key_text (k text PRIMARY KEY, v int);
CREATE TABLE key_many (c timestamptz, b numeric, a bytea, v int, PRIMARY KEY (b, a, c));
CREATE TABLE key_uuid (v int, k uuid PRIMARY KEY);
CREATE TABLE by_index (a int NOT NULL, b text NOT NULL, c int); CREATE UNIQUE INDEX by_index_key ON by_index (b DESC) INCLUDE (c);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_key;
CREATE TABLE full_key (id int PRIMARY KEY, v text); ALTER TABLE full_key REPLICA IDENTITY FULL;
CREATE TABLE no_key (a int, b text); ALTER TABLE no_key REPLICA IDENTITY FULL;
CREATE TABLE parted (id int, part text, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE parted_b (v text, part text NOT NULL, id int NOT NULL, PRIMARY KEY (id, part));
ALTER TABLE parted ATTACH PARTITION parted_b FOR VALUES IN ('b');
CREATE TABLE parent (id int PRIMARY KEY, v text); CREATE TABLE child (more int, PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE dropped (a int, id int PRIMARY KEY, b text, c text); ALTER TABLE dropped DROP COLUMN a, DROP COLUMN b;
CREATE SCHEMA \"Odd.schema\"; CREATE TABLE \"Odd.schema\".\"T a\"\"b\\c\" (\"K 1\" int, \"k'2\" text, \"ü\" text, PRIMARY KEY (\"k'2\", \"K 1\"));
"
expect_exit 0 cdc-capture --source "$(pg_url)" --slot types --create --exit-after-create 2>create.err

sql "
INSERT INTO types (id) VALUES (0);
INSERT INTO types VALUES (1, true, 1, 1, 1, 1, 1.5, 0.1, 1.50, 1.5, 12.5, 'text', 'varchar', 'ch', 'name', 'c', 'CiText',
    '\\xdeadbeef', '2025-07-21', '10:00:00.123456', '10:00:00+02', '2025-07-21 10:00:00.1', '2025-07-21 10:00:00.123',
    '2025-07-21 10:00:00+02', '1 day 2 hours', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": [1, 2]}', '{\"b\":1, \"a\":2}',
    '<a>x</a>', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', B'101', B'1', 'happy \"!\"',
    ROW(1, 'a\"b,c', 1.50), 1.5, '{x,\"y z\",NULL}', '{1,NULL,3}', '{\"a,b\",\"c\\\\\\\\d\",\"\",NULL,\"e\"}', '{sad,\"so so\"}',
    '{\"2025-07-21 10:00:00+02\",infinity}', '[1,5)', '[2025-01-01,)', '{[1,2),[3,4)}', '(1.5,2)', '((1,2),(3,4))', '((0,0),(1,1))',
    '((0,0),(1,0),(1,1))', '<(0,0),2>', '{1,2,3}', 'fat:1 cat:2A', 'fat & !rat', '0/16B3748', '10:20:10,14', 'a=>1, b=>NULL', 2.25);
INSERT INTO types (id, a_bool, a_int2, a_int4, a_int8, a_oid, a_float4, a_float8, a_numeric, a_numeric2, a_money, a_text, a_char,
        a_bytea, a_date, a_time, a_timestamp, a_timestamptz, a_interval, a_xml)
    VALUES (2, false, -32768, -2147483648, -9223372036854775808, 4294967295, 'NaN', '-Infinity', 'NaN', -9999999999.99,
        -92233720368547758.08, '', '', '', 'infinity', '24:00:00', '-infinity', 'infinity', '-1 mon -2 days 03:04:05.678', ''),
    (3, null, 32767, 2147483647, 9223372036854775807, 0, 3.4028235e38, 1.7976931348623157e308,
        repeat('9', 300)::numeric + 0.000000000000001, 0, 0, E'tab\\tnl\\nnul-ish\\x01\\\\back\\\\N \"q\" é 😀 \\b\\f\\r\\v', ' x', '\\x00ff5c6e',
        '0044-03-15 BC', '00:00', '0044-03-15 10:00:00 BC', '0044-03-15 10:00:00+00 BC', '178000000 years', '<b/>'),
    (4, null, 0, 0, 9007199254740992, 1, 1e-45, 5e-324, 'Infinity', 0.01, 0.01, '\\N', '\\', decode(repeat('5c', 3000), 'hex'), '5874897-12-31',
        '23:59:59.999999', '294276-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', '0', 'x'),
    (5, null, 1, 1, 9007199254740993, 1, 1e10, 1e15, 1e-20, 1, 1, repeat(E'long \\\\ text\\n', 3000), 'ü', null, '0001-01-01', '12:00', '2000-01-01', '2000-01-01', '1 year', null),
    (6, null, 1, 1, -9007199254740993, 1, -0.0, -0.0, -0.0, 0, 0, E'\\\\', 'N', null, null, null, null, null, null, null);
INSERT INTO key_text VALUES (''), ('a'), ('A'), ('é'), (E't\\tab'), (E'\\\\N'), ('''quote'), ('\"'), (repeat('k', 500));
INSERT INTO key_many SELECT '2025-01-01 00:00:00.000001+00'::timestamptz + g * interval '1 us', g % 7 + 0.50, decode(lpad(to_hex(g), 8, '0'), 'hex'), g
    FROM generate_series(1, 200) g;
INSERT INTO key_many VALUES ('infinity', 'NaN', '', 1), ('-infinity', -1e100, '\\x00', 2);
INSERT INTO key_uuid SELECT g, md5(g::text)::uuid FROM generate_series(1, 200) g;
INSERT INTO by_index SELECT g, 'b' || g, g FROM generate_series(1, 50) g;
INSERT INTO full_key SELECT g, 'v' || g FROM generate_series(1, 50) g;
INSERT INTO no_key VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
INSERT INTO parted SELECT g, CASE WHEN g % 2 = 0 THEN 'a' ELSE 'b' END, 'v' || g FROM generate_series(1, 60) g;
INSERT INTO parent VALUES (1, 'parent'); INSERT INTO child VALUES (1, 'child', 7), (2, 'child', 8);
INSERT INTO dropped VALUES (1, 'c');
INSERT INTO \"Odd.schema\".\"T a\"\"b\\c\" SELECT g, 'it''s ' || g, 'ü' FROM generate_series(1, 60) g;
"

same() { # FILE OF THE STREAM, FILE OF THE SNAPSHOT
    python3 - "$1" "$2" <<'PY' || fail "stream and snapshot differ"
import collections, sys
def parts(path):
    rows, tables = collections.Counter(), {}
    for line in open(path, "rb"):
        where = line[line.index(b'"db":'):]
        table = where[where.index(b'"schema":'):where.index(b'"table":') + 60].split(b',"txId"')[0].split(b',"order"')[0]
        if line.startswith(b'{"key"'):
            rows[table, line[:line.index(b',"source":')]] += 1
        elif line.startswith(b'{"table"'):
            tables[table] = line[:line.index(b',"source":')]
    return rows, tables
(stream, shapes), (snapshot, shapes2) = parts(sys.argv[1]), parts(sys.argv[2])
for name, found in (("only in the stream", stream - snapshot), ("only in the snapshot", snapshot - stream)):
    for key, row in list(found)[:5]:
        print(name, key.decode(), row.decode()[:3000])
for table in shapes.keys() | shapes2.keys():
    if shapes.get(table) != shapes2.get(table):
        print("shapes:", table.decode(), shapes.get(table), shapes2.get(table), sep="\n  ")
print(f"{sum(stream.values())} rows of {len(shapes)} tables")
sys.exit(stream != snapshot or shapes != shapes2 or sum(stream.values()) < 600)
PY
}

cdc-capture --source "$(pg_url)" --slot types --peek --exit-at-end 2>capture.err >stream.all || fail "capture"
grep -v '^{"checkpoint"' stream.all >stream
for how in "--chunk-by ctid" "--chunk-by key --chunk-rows 7 --jobs 3" "--chunk-by ctid --chunk-rows 3 --jobs 3"; do
    say "$how"
    cdc-snapshot --source "$(pg_url)" --publication types $how 2>snapshot.err >snapshot.all || fail "snapshot"
    grep -v -e '^{"checkpoint"' -e '^{"snapshot"' snapshot.all >snapshot
    same stream snapshot
done

say "every line is what cdc-event(5) says: the kind first, numbers that jq keeps"
jq -c . <snapshot.all >/dev/null || fail "not JSON"
expect "rows without a key say so" "$(grep -c '^{"key":null' snapshot)" 3
expect "begin and end of every table" "$(grep -c '^{"snapshot"' snapshot.all)" "$((2 * $(grep -c '^{"table"' snapshot)))"

say "a publication's columns and rows only"
sql "CREATE TABLE wide (id int PRIMARY KEY, a text, secret text);
     CREATE PUBLICATION narrow FOR TABLE wide (id, a) WHERE (id > 5) WITH (publish_via_partition_root = true)"
expect_exit 0 cdc-capture --source "$(pg_url)" --slot narrow --create --exit-after-create 2>create.err
sql "INSERT INTO wide SELECT g, 'a', 'secret' FROM generate_series(1, 1000) g"
cdc-capture --source "$(pg_url)" --slot narrow --peek --exit-at-end 2>capture.err | grep -v '^{"checkpoint"' >stream
cdc-snapshot --source "$(pg_url)" --publication narrow 2>snapshot.err | grep -v -e '^{"checkpoint"' -e '^{"snapshot"' >snapshot
same stream snapshot
expect "no secret left the source" "$(grep -c secret snapshot || true)" 0
