#!/usr/bin/env bash
# A changed key leaves TOAST values out of the log: they are fetched by the new key, whatever its
# types are and wherever their operators live. Row security, a renamed table, another table under
# its name, a lock that somebody holds.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
sql "CREATE SCHEMA ext; CREATE SCHEMA \"Odd \"\"x\"; CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext;
     CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION isn SCHEMA \"Odd \"\"x\";
     CREATE EXTENSION seg SCHEMA ext; CREATE EXTENSION cube SCHEMA ext;
     SET search_path = public, ext;
     CREATE TYPE ext.mood AS ENUM ('sad', 'so so'); CREATE TYPE ext.pair AS (a int, b ext.ltree);
     CREATE DOMAIN ext.path AS ext.ltree; CREATE DOMAIN ext.deep AS ext.path CHECK (VALUE <> 'never');
     CREATE TYPE ext.floats AS RANGE (subtype = float8);
     CREATE COLLATION ext.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)" || fail "types"
# A type, and values of it: each becomes the key of a row whose key was the next one.
keys() { # TYPE VALUE VALUE…
    local IFS=$'\t'
    printf '%s\n' "$*" >>types
}
keys ltree a.b Top.x ''
keys hstore 'a=>1, b=>NULL' ''
keys citext MiXed ''
keys '"Odd ""x".isbn' 039304002X 0-306-40615-2
keys '"Odd ""x".ean13' 9780393040029 9780306406157
keys seg '1 .. 2.5' 7
keys cube '(1,2),(3,4)' '(0)'
keys mood 'so so' sad
keys pair '(1,a.b)' '(,)'
keys ext.path a.b.c x
keys deep a.b.d y
keys 'char(5)' 'ab' ''
keys 'bpchar' 'ab  ' x
keys '"char"' x y
keys name n m
keys float8 NaN -Infinity 0.1 -0 1e300
keys float4 NaN 0.1
keys numeric NaN 1.50 Infinity 1e-20
keys 'numeric(12,2)' 7.25 0
keys 'int[]' '{1,NULL,3}' '{}' '[0:1]={1,2}'
keys 'text[]' '{"a,b",NULL,"NULL","q\"x"}' '{}'
keys 'ltree[]' '{a.b,c}' '{}'
keys 'mood[]' '{sad,NULL}' '{}'
keys 'pair[]' '{"(1,a)"}' '{}'
keys 'deep[]' '{a,b}' '{}'
keys 'varchar(40)' v ''
keys 'bit(3)' 101 000
keys varbit 1 ''
keys bytea '\xdeadbeef' '\x'
keys 'timestamptz' 'infinity' '0044-03-15 10:00:00+00 BC' '2025-07-21 10:00:00.123456+02'
keys 'timetz' '10:00:00+02' 24:00:00Z
keys interval '1 mon -2 days 03:04:05.678' 1y
keys uuid a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ffffffff-ffff-ffff-ffff-ffffffffffff
keys jsonb '{"a": [1, null]}' '"x"'
keys inet 10.0.0.1/8 ::1
keys cidr 10.0.0.0/8 ::/0
keys macaddr ff:ff:ff:ff:ff:ff 00:00:00:00:00:01
keys 'int4range' '[1,5)' empty
keys floats '[0.1,NaN]' empty
keys 'int4multirange' '{[1,2),[3,4)}' '{}'
keys money '$1,234.50' -0.01
keys oid 4294967295 0
keys regclass pg_catalog.pg_class pg_proc
keys tid '(0,1)' '(7,7)'
keys pg_lsn 0/16B3748 0/0
keys tsvector "'a':1 'b':2" ''
keys 'text COLLATE ext.nocase' Straße x
keys 'text COLLATE "C"' "it's" 'a\b'
sql "CREATE TABLE pair_key (a ext.ltree, b char(3), c float8, long text, PRIMARY KEY (c, a, b)); ALTER TABLE pair_key ALTER long SET STORAGE EXTERNAL;
     CREATE TABLE by_index (a ext.citext NOT NULL, b ext.ltree NOT NULL, n int, long text); ALTER TABLE by_index ALTER long SET STORAGE EXTERNAL;
     CREATE UNIQUE INDEX by_index_key ON by_index (b DESC, a) INCLUDE (n); ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_key;
     CREATE TABLE binary_key (k text COLLATE ext.nocase NOT NULL, long text); ALTER TABLE binary_key ALTER long SET STORAGE EXTERNAL;
     CREATE UNIQUE INDEX binary_key_key ON binary_key (k COLLATE \"C\"); ALTER TABLE binary_key REPLICA IDENTITY USING INDEX binary_key_key;
     CREATE TABLE parted (k ext.ltree, p int, long text, PRIMARY KEY (k, p)) PARTITION BY LIST (p); ALTER TABLE parted ALTER long SET STORAGE EXTERNAL;
     CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
     CREATE TABLE parent (k int PRIMARY KEY, long text); ALTER TABLE parent ALTER long SET STORAGE EXTERNAL; CREATE TABLE child (PRIMARY KEY (k)) INHERITS (parent);
     CREATE ROLE reader LOGIN REPLICATION; GRANT USAGE ON SCHEMA ext, \"Odd \"\"x\" TO reader;
     GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; GRANT CREATE ON DATABASE $DB TO reader"
capture --create --exit-after-create 2>create.err || fail "create"
READER=${CDC_TEST_POSTGRES_URL/postgres@/reader@}
READER=${READER%/*}/$DB

python3 - <<'P' >changes.sql
print('SET search_path = public, ext, "Odd ""x";')
quoted = lambda text: "'" + text.replace("'", "''") + "'"
for n, line in enumerate(open("types")):
    type, *values = line.rstrip("\n").split("\t")
    for i, value in enumerate(values):
        table = f"k{n}_{i}"
        print(f"CREATE TABLE {table} (k {type} PRIMARY KEY, long text); ALTER TABLE {table} ALTER long SET STORAGE EXTERNAL;")
        print(f"INSERT INTO {table} VALUES ({quoted(values[(i + 1) % len(values)])}, repeat('{table}', 1500));")
        print(f"UPDATE {table} SET k = {quoted(value)};")
print("""
INSERT INTO pair_key VALUES ('a', 'x', 1, repeat('l', 3000)); UPDATE pair_key SET a = 'b.c', b = 'yz', c = 'NaN';
INSERT INTO by_index VALUES ('One', 'a', 1, repeat('l', 3000)); UPDATE by_index SET a = 'TWO', b = 'b';
INSERT INTO binary_key VALUES ('old', repeat('l', 3000)); UPDATE binary_key SET k = 'A'; INSERT INTO binary_key VALUES ('a', 'short');
INSERT INTO parted VALUES ('a', 1, repeat('l', 3000)); UPDATE parted SET k = 'b';
INSERT INTO parent VALUES (1, repeat('l', 3000)); INSERT INTO child VALUES (2, 'of the child'); UPDATE ONLY parent SET k = 2;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
""")
P
psql -X -q -v ON_ERROR_STOP=1 -d "$(pg_url)" -f changes.sql >/dev/null || fail "changes"
look() { cdc-capture --source "$READER" --slot "$SLOT" --peek --exit-at-end "$@"; }

say "every type"
look >lines 2>look.err || fail "the stream ended with $?"

jq -r 'select(.source.gone) | .source.table + " " + (.key | tostring)' lines >gone
expect "values that were not found" "$(cat gone)" ""
grep -o "UPDATE [a-z0-9_]* SET k\|UPDATE pair_key\|UPDATE by_index\|UPDATE ONLY parent" changes.sql | sed "s/UPDATE ONLY/UPDATE/" | cut -d" " -f2 | sort >wanted
jq -r "select(.source.fetched) | .source.table" lines | sort >fetched
expect "tables whose values were not fetched" "$(comm -3 wanted fetched)" ""
jq -r 'select(.source.fetched and (.source.table | startswith("k"))) | .source.table + " " + .after.long' lines |
    awk '{ n = length($1) * 1500; gsub($1, "", $2); if ($2 != "") print $1 }' >wrong
expect "values that are another row's" "$(cat wrong)" ""
expect "other rows" "$(jq -r 'select(.source.fetched and .source.table == "parent" or .source.fetched and .source.table == "binary_key") | .after.long[0:2]' lines | tr '\n' ' ')" "ll ll "

say "a lock that somebody holds: the stream waits, and the application does not deadlock with it"
sql "CREATE TABLE locked (k ext.ltree PRIMARY KEY, long text); ALTER TABLE locked ALTER long SET STORAGE EXTERNAL; GRANT SELECT ON locked TO reader"
sql "INSERT INTO locked VALUES ('a', repeat('l', 3000)); UPDATE locked SET k = 'b'"
mkfifo holder
psql -X -q -d "$(pg_url)" <holder >/dev/null &
exec 7>holder
echo "BEGIN; LOCK TABLE locked;" >&7
wait_until 20 sql "SELECT 1 / count(*) FROM pg_locks WHERE relation = 'locked'::regclass AND mode = 'AccessExclusiveLock' AND granted"
look --tables locked >lines 2>locked.err &
looks=$!
wait_until 20 grep -q "is locked" locked.err
echo "COMMIT;" >&7
exec 7>&-
wait $looks || fail "the stream ended with $?"
expect "fetched behind the lock" "$(jq -r 'select(.source.fetched) | .after.long | length' lines)" 3000
expect_words locked.err "is locked"

say "a table that was renamed meanwhile, and another one under its name"
sql "CREATE TABLE moved (k ext.ltree PRIMARY KEY, long text); ALTER TABLE moved ALTER long SET STORAGE EXTERNAL"
sql "INSERT INTO moved VALUES ('a', repeat('m', 3000)); UPDATE moved SET k = 'b'"
sql "ALTER TABLE moved RENAME TO moved_away; CREATE TABLE moved (k ext.ltree PRIMARY KEY, long text); INSERT INTO moved VALUES ('b', 'another table''s');
     GRANT SELECT ON moved, moved_away TO reader"
look --tables moved >lines 2>moved.err || fail "the stream ended with $?"
expect "the value of the table that was meant" "$(jq -r 'select(.source.fetched) | .after.long[0:2]' lines)" mm

say "row security: refused, not a lost value"
sql "CREATE TABLE guarded (k ext.ltree PRIMARY KEY, long text); ALTER TABLE guarded ALTER long SET STORAGE EXTERNAL; GRANT SELECT ON guarded TO reader;
     ALTER TABLE guarded ENABLE ROW LEVEL SECURITY"
sql "INSERT INTO guarded VALUES ('a', repeat('l', 3000)); UPDATE guarded SET k = 'b'"
expect_exit 4 look --tables guarded >lines 2>guarded.err
expect_words guarded.err "row security"
expect_words guarded.err "BYPASSRLS"
sql "ALTER ROLE reader BYPASSRLS"
look --tables guarded >lines 2>guarded.err || fail "the stream ended with $?"
expect "fetched" "$(jq -r 'select(.source.fetched) | .after.long | length' lines)" 3000
