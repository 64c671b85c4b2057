#!/usr/bin/env bash
# cdc-verify says "same" of what it compared and of nothing else: columns and views that are not there,
# marks and what clears them, dropped tables, any two tables, many columns, awkward keys, roles that row
# security filters, a pipe that does not run.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf "%s" "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
verify() { cdc-verify --source "$(pg_url)" --target "$TARGET" "$@" 2>verify.err; }
pipe() {
    cdc-capture --source "$(pg_url)" --slot cases --prefix cases --checkpoint state.json "$@" 2>>capture.err | kept |
        cdc-load --target "$TARGET" --checkpoint state.json 2>>load.err
}
columns() { for n in $(seq "$1"); do printf ', column_%04d int' "$n"; done; }
sql "CREATE TABLE plain (id int PRIMARY KEY, note text, n numeric(12,2))"
sql "CREATE TABLE narrow (id int PRIMARY KEY, a text, b text)"
sql "CREATE TABLE wide (id int PRIMARY KEY $(columns 1500))"
sql "CREATE TABLE bag (k int, h int, x int); ALTER TABLE bag REPLICA IDENTITY FULL"
sql "CREATE TABLE odd (at timestamp, d date, n int, PRIMARY KEY (at, d))"
sql "CREATE TABLE shapes (id int PRIMARY KEY, a int[], f float8[], t text[], d date, b bytea)"
sql "CREATE TABLE dropped (id int PRIMARY KEY)"
sql "CREATE TABLE nothing (); ALTER TABLE nothing REPLICA IDENTITY FULL"
pipe --create --exit-after-create
sql "INSERT INTO plain SELECT g, 'note ' || g, g / 7.0 FROM generate_series(1, 500) g;
     INSERT INTO narrow SELECT g, 'a', 'b' FROM generate_series(1, 50) g;
     INSERT INTO wide (id, column_0007) SELECT g, g FROM generate_series(1, 20) g;
     INSERT INTO bag SELECT g % 5, g % 3, 1 FROM generate_series(1, 100) g;
     INSERT INTO odd SELECT timestamp '2020-01-01' + g * interval '1 s', date '2020-01-01', g FROM generate_series(1, 20) g;
     INSERT INTO shapes SELECT g, ARRAY[g, NULL, 3], ARRAY[g + 0.5], ARRAY['a ' || g, 'b'], date '2020-01-01', '\x00ff' FROM generate_series(1, 20) g;
     INSERT INTO dropped SELECT generate_series(1, 3)"
sql "INSERT INTO nothing SELECT FROM generate_series(1, 3)"
pipe --exit-at-end
verify --no-wait >report.txt || { cat report.txt verify.err; fail "an equal pair is not the same"; }

say "1500 columns: a cell that differs is found, with key and without"
ch "INSERT INTO wide_raw SELECT * REPLACE (8 AS column_1499, _version + 1 AS _version) FROM wide_raw FINAL WHERE id = 7"
expect_exit 1 verify --no-wait --tables wide --json >report.json
expect "the cell" "$(jq -c '.tables[0].differences[0] | [.key.id, .columns[].name]' report.json)" '["7","column_1499"]'

say "a column that the target does not have: not the same, 2, and named"
sql "ALTER TABLE narrow ADD COLUMN later int DEFAULT 7"
expect_exit 2 verify --no-wait --tables narrow >report.txt
expect_words report.txt "not compared: later"
grep -qw same report.txt && fail "it says same: $(cat report.txt)"
expect_exit 2 verify --no-wait --tables narrow --json >report.json
expect "verdicts" "$(jq -c '[.verdict, .tables[0].verdict, .tables[0].not_compared]' report.json)" '["unknown","incomplete",["later"]]'
verify --no-wait --tables narrow --exclude-columns later >report.txt || fail "a column that is left out on purpose: $(cat report.txt)"
expect_words report.txt "same in what was compared: without later"
verify --no-wait --tables narrow --counts >report.txt || fail "counts need no column: $(cat report.txt)"
expect_words report.txt "same number"
verify --no-wait --tables plain --where 'plain=id < 9' --sample 50% >report.txt || fail "a part: $(cat report.txt)"
expect_words report.txt "same in what was compared: 50% of the rows; rows where id < 9"

say "a table without columns is as many rows as it has"
verify --no-wait --tables nothing >report.txt || fail "three rows and three: $(cat report.txt)"
expect_words report.txt "same number"
ch "INSERT INTO nothing_raw (_version, _row, _sign) SELECT max(_version), 99, 1 FROM nothing_raw"
expect_exit 1 verify --no-wait --tables nothing --json >report.json
expect "rows" "$(jq -c '.tables[0] | [.source_rows, .target_rows, .extra]' report.json)" "[3,4,1]"
ch "ALTER TABLE nothing_raw DELETE WHERE _row = 99 SETTINGS mutations_sync = 2"

say "what people query is the view: rows that it hides are missing, a column that it lacks is not compared"
VIEW=$(ch "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = 'plain'" | sed "s/\\\\'/'/g")
ch "CREATE OR REPLACE VIEW plain AS SELECT id, note, n FROM plain_raw FINAL WHERE id <= 490"
expect_exit 1 verify --no-wait --tables plain --counts >report.txt
expect_words report.txt "500 rows, target 490"
expect_exit 1 verify --no-wait --tables plain --json >report.json
expect "missing" "$(jq -c '.tables[0].missing' report.json)" 10
ch "CREATE OR REPLACE VIEW plain AS SELECT id, 'constant' AS note, n FROM plain_raw FINAL"
expect_exit 1 verify --no-wait --tables plain >report.txt
ch "CREATE OR REPLACE VIEW plain AS SELECT id, n FROM plain_raw FINAL"
expect_exit 2 verify --no-wait --tables plain >report.txt
expect_words report.txt "not compared: note"
ch "DROP VIEW plain"
expect_exit 2 verify --no-wait --tables plain >report.txt
expect_words report.txt "no view"
ch "CREATE VIEW plain AS $VIEW"
verify --no-wait --tables plain >report.txt || fail "the view is as it was: $(cat report.txt)"

say "marks: a whole comparison behind them clears them, another one does not"
mark() { # KIND ORDER: in hex digits
    ch "INSERT INTO _cdc_state (scope, name, item, version, value) VALUES ('table', 'plain', '$1', reinterpretAsUInt128(reverse(unhex('$2'))), 'because of $2')"
}
marks() { ch "SELECT item, value != '' FROM _cdc_state FINAL WHERE scope = 'table' AND name = 'plain' AND item IN ('stale', 'unproven') ORDER BY item" | tr '\t\n' '= '; }
mark stale 00010000000000000100000000000000
mark unproven 00010000000000000200000000000000
verify --no-wait --tables plain --where 'plain=id < 9' --json >report.json
expect "of a part" "$(marks)" 'stale=1 unproven=1 '
expect "both are told" "$(jq -c '[.tables[0].stale, .tables[0].unproven, .tables[0].cleared]' report.json)" \
    '["because of 00010000000000000100000000000000","because of 00010000000000000200000000000000",[]]'
for part in "--counts" "--sample 50%" "--exclude-columns note" "--mask plain.n=fixed:1" "--float-tolerance 0.1"; do
    verify --no-wait --tables plain $part >report.txt || true
    expect "after $part" "$(marks)" 'stale=1 unproven=1 '
done
ch "INSERT INTO plain_raw SELECT * REPLACE ('other' AS note, _version + 1 AS _version) FROM plain_raw FINAL WHERE id = 7"
expect_exit 1 verify --no-wait --tables plain >report.txt
expect_words report.txt "marked unproven: because of"
expect "of one that differs" "$(marks)" 'stale=1 unproven=1 '
{ verify --no-wait --tables plain --repair || [ $? = 1 ]; } | cdc-load --target "$TARGET" 2>>load.err
verify --no-wait --tables plain --json >report.json || fail "not healed"
expect "cleared" "$(marks)" 'stale=0 unproven=0 '
expect "and told" "$(jq -c '[.tables[0].stale, .tables[0].cleared]' report.json)" '[null,["stale","unproven"]]'
# A mark of a place that the source has not reached, as of a standby that is behind; one of an order
# above another that was cleared.
mark stale 0001ffff000000000100000000000000
verify --no-wait --tables plain >report.txt || fail "a mark is no difference"
expect "ahead of the source" "$(marks)" 'stale=1 unproven=0 '
mark unproven 00010000000000000300000000000000
verify --no-wait --tables plain >report.txt || fail "a mark is no difference"
expect "one of two" "$(marks)" 'stale=1 unproven=0 '
mark unproven 00010000000000000400000000000000
sql "ALTER TABLE plain SET UNLOGGED"
verify --no-wait --tables plain >report.txt || fail "a mark is no difference"
expect "of an unlogged table" "$(marks)" 'stale=1 unproven=1 '
expect_words verify.err "the marks stay"
sql "ALTER TABLE plain SET LOGGED"

say "rows for which --where has ceased to hold are not deleted by a repair"
sql "CREATE TABLE moved (id int PRIMARY KEY, n int)"
sql "INSERT INTO moved VALUES (1, 10)"
pipe --exit-at-end
ch "INSERT INTO moved_raw SELECT * REPLACE (99 AS n, _version + 1 AS _version) FROM moved_raw FINAL"
sql "UPDATE moved SET n = 3" # the target's 99 is above 5, the source's row is not
{ verify --no-wait --tables moved --where 'moved=n > 5' --repair || [ $? = 1 ]; } >repair.lines
expect "lines" "$(jq -rc 'select(.op) | [.op, .after.n]' repair.lines)" '["r",3]'

say "keys of arrays, and of floats that a text does not give back, are looked at again"
sql "CREATE TABLE listed (id int[] PRIMARY KEY, n int); CREATE TABLE tiny (id float8 PRIMARY KEY, n int)"
sql "INSERT INTO listed VALUES ('{1,2}', 1), ('[0:1]={3,4}', 2); INSERT INTO tiny VALUES ('5e-324', 1), ('NaN', 2), ('-0', 3)"
pipe --exit-at-end
for table in listed tiny; do
    ch "INSERT INTO ${table}_raw SELECT * REPLACE (9 AS n, _version + 1 AS _version) FROM ${table}_raw FINAL"
done
expect_exit 1 verify --no-wait --tables listed --json >report.json
expect "listed" "$(jq -c '.tables[0] | [.missing, .extra, .different]' report.json)" '[0,0,2]'
expect_exit 1 verify --no-wait --tables tiny --changed-since 00000000000000000000000000000000 --json >report.json
expect "tiny" "$(jq -c '.tables[0] | [.missing, .extra, .different]' report.json)" '[0,0,3]'
expect_exit 2 verify --no-wait --tables listed --repair >repair.lines
expect_words verify.err "masked or an array"

say "the two zeros of floats, which the target has too, differ in a column that is named"
sql "CREATE TABLE zeros (id int PRIMARY KEY, a float8, b real, c float8[]); INSERT INTO zeros VALUES (1, 0.0, '-0', '{-0}'), (2, '-0', 0.0, '{0}')"
pipe --exit-at-end
verify --no-wait --tables zeros >report.txt || { cat report.txt verify.err; fail "the zeros came otherwise"; }
ch "INSERT INTO zeros_raw SELECT * REPLACE (-a AS a, -b AS b, [0.] AS c, _version + 1 AS _version) FROM zeros_raw FINAL"
expect_exit 1 verify --no-wait --tables zeros --json >report.json
expect "zeros" "$(jq -c '[.tables[0].differences | sort_by(.key.id)[].columns | map([.name, .source, .target])]' report.json)" \
    '[[["a","0","-0"],["b","-0","0"],["c","[-0]","[0]"]],[["a","-0","0"],["b","0","-0"]]]'
verify --no-wait --tables zeros --float-tolerance 1e-9 --exclude-columns c >report.txt || { cat report.txt; fail "with a tolerance they are equal"; }

say "a key that is a domain over an enum, for which the source has no comparison"
sql "CREATE TYPE size AS ENUM ('s', 'm'); CREATE DOMAIN known AS size; CREATE TABLE sized (id known PRIMARY KEY, n int);
     INSERT INTO sized VALUES ('s', 1), ('m', 2)"
pipe --exit-at-end
ch "INSERT INTO sized_raw SELECT * REPLACE (8 AS n, _version + 1 AS _version) FROM sized_raw FINAL WHERE id = 'm'"
expect_exit 1 verify --no-wait --tables sized --json >report.json
expect "the row" "$(jq -c '.tables[0].differences | [.[].key.id]' report.json)" '["m"]'

say "keys that the target cannot hold are missing, and stop nothing"
sql "INSERT INTO odd VALUES ('infinity', '2020-01-01', 1), ('2020-01-01', '0044-03-15 BC', 2), ('4714-11-24 00:00:00 BC', '2020-01-01', 3)"
expect_exit 1 verify --no-wait --tables odd --json >report.json
expect "missing" "$(jq -c '[.tables[0].differences[] | .kind + " " + .key.at + " " + .key.d] | sort' report.json)" \
    '["missing 2020-01-01 00:00:00.000000 0044-03-15 BC","missing 4714-11-24 00:00:00.000000 BC 2020-01-01","missing infinity 2020-01-01"]'
expect_exit 2 verify --tables odd --settle 1s >report.txt # looked at again by their keys

say "arrays, bytes and dates before the year 1 are readable"
sql "UPDATE shapes SET a = '{1,NULL}', f = '{0.25,NaN}', t = '{\"x, y\",NULL}', d = '0044-03-15 BC', b = '\xfe' WHERE id = 3"
expect_exit 1 verify --no-wait --tables shapes --json >report.json
expect "cells" "$(jq -c '[.tables[0].differences[0].columns[] | .source, .target]' report.json)" \
    '["[1, NULL]","[3, NULL, 3]","[0.25, NaN]","[3.5]","[x, y, NULL]","[a 3, b]","0044-03-15 BC","2020-01-01","\\xfe","\\x00ff"]'

say "a table that the source dropped; and a source that is another one"
sql "DROP TABLE dropped"
verify --no-wait --tables 'plain,dropped' >report.txt || fail "a dropped table fails: $(cat report.txt verify.err)"
expect_words report.txt "dropped at the source"
verify --no-wait --tables 'plain,dropped' --quiet >report.txt
expect "quiet" "$(cat report.txt)" ""
expect_exit 1 verify --no-wait --tables 'plain,dropped' --on-dropped differ >report.txt
ch "DROP VIEW dropped"; ch "DROP TABLE dropped_raw"
verify --no-wait --tables 'plain,dropped' >report.txt || fail "dropped on both sides: $(cat report.txt verify.err)"

say "a table that left the publication, as the facts of the stream say"
state() { ch "INSERT INTO _cdc_state (scope, name, item, version, value) VALUES ('table', 'bag', 'facts', bitNot(toUInt128($1)), '$2')"; } # above those of the stream
state 2 '{"oid":1,"empty":false}'
verify --no-wait --tables 'bag' >report.txt || fail "a table with facts: $(cat report.txt verify.err)"
state 1 '{"oid":1,"gone":true}'
sql "INSERT INTO bag VALUES (1, 1, 1)"
verify --no-wait --tables 'plain,bag' >report.txt || fail "a table that left fails: $(cat report.txt verify.err)"
expect_words report.txt "no longer captured"
expect_exit 1 verify --no-wait --tables 'plain,bag' --on-dropped differ >report.txt

say "any two tables, in one line"
sql "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY, ok boolean, price numeric(10,2), at timestamptz, day date, code text, tags text[])"
sql "INSERT INTO shop.orders SELECT g, g % 2 = 0, g / 4.0, timestamptz '2020-01-01 00:00:00Z' + g * interval '1 h', date '2020-01-01' + g, 'c' || g, ARRAY['x'] FROM generate_series(1, 300) g"
ch "CREATE TABLE theirs (id UInt64, ok UInt8, price Float64, at DateTime('Europe/Berlin'), day DateTime, code FixedString(8), tags Map(String, String), more Int8) ENGINE = ReplacingMergeTree ORDER BY id"
ch "INSERT INTO theirs SELECT number + 1, (number + 1) % 2 = 0, (number + 1) / 4.0, toDateTime('2020-01-01 00:00:00', 'UTC') + (number + 1) * 3600, toDateTime('2020-01-01 00:00:00', 'UTC') + (number + 1) * 86400, 'c' || toString(number + 1), map(), 1 FROM numbers(300)"
ch "INSERT INTO theirs SELECT * FROM theirs WHERE id < 9" # what has not been merged yet is no row
any() { verify --table "shop.orders=theirs" "$@"; }
expect_exit 2 any >report.txt
expect_words report.txt "not compared: tags"
expect_words report.txt "the source does not have: more"
any --exclude-columns tags >report.txt || { cat report.txt verify.err; fail "an equal pair is not the same"; }
expect_words report.txt "300 rows"
any --counts >report.txt || fail "an equal pair does not count the same: $(cat report.txt verify.err)"
any --exclude-columns tags,day --where 'id = 7' --key code,id >report.txt || fail "by another key: $(cat report.txt verify.err)"
ch "INSERT INTO theirs SELECT * REPLACE (price + 0.25 AS price) FROM theirs FINAL WHERE id = 17"
ch "INSERT INTO theirs SELECT * REPLACE (1000 AS id) FROM (SELECT * FROM theirs FINAL WHERE id = 18)"
expect_exit 1 any --exclude-columns tags --json >report.json
expect "differences" "$(jq -c '[.tables[0].differences[] | .kind + " " + .key.id + ([.columns[].name] | join(""))] | sort' report.json)" '["different 17price","extra 1000"]'
expect_exit 1 any --counts >report.txt
expect_exit 2 verify --table orders=nowhere >report.txt
expect_exit 2 verify --table nobody=theirs >report.txt
expect_exit 2 any --key nothing >report.txt

say "numbers by their value whatever the exponent, and bytes that a FixedString fills up with zeros"
sql "CREATE TABLE shop.forms (id bytea PRIMARY KEY, n numeric, m numeric(40,10), f float8, b bytea, r real)"
sql "INSERT INTO shop.forms VALUES ('\x0100', 0.00000012, 1e21, 1e-7, '\x00ff0000', 0.1), ('\x02', 123456789012345680000, 0, 1e22, '', -0.0), ('\x03', 'NaN', 1.5, 12.5, '\xff', NULL)"
ch "CREATE TABLE forms (id FixedString(2), n Float64, m Float32, f Decimal(40, 10), b FixedString(4), r Nullable(Float64)) ENGINE = MergeTree ORDER BY id"
ch "INSERT INTO forms SELECT unhex('0100'), 0.00000012, 1e21, toDecimal128('0.0000001', 10), unhex('00FF'), 0.1 UNION ALL SELECT unhex('02'), 123456789012345680000., -0., toDecimal128('10000000000000000000000', 10), '', 0
    UNION ALL SELECT unhex('03'), nan, 1.5, toDecimal128('12.5', 10), unhex('FF'), NULL"
verify --table shop.forms=forms --key id >report.txt || { cat report.txt verify.err; fail "an equal pair is not the same"; }
ch "ALTER TABLE forms UPDATE b = if(id = unhex('02'), unhex('00FF'), b), n = if(id = unhex('0100'), 0.00000013, n), m = if(id = unhex('03'), 1.25, m), f = if(id = unhex('03'), 12.6, f) WHERE 1 SETTINGS mutations_sync = 2"
expect_exit 1 verify --table shop.forms=forms --key id --settle 1s --json >report.json
expect "differences" "$(jq -c '[.tables[0].differences[] | .key.id + ":" + ([.columns[].name] | join(","))] | sort' report.json)" '["\\x01:n","\\x02:b","\\x03:m,f"]'
sql "INSERT INTO shop.forms VALUES ('\x0400', 9007199254740993, 0.1, 0, '\x0102030405', 0)" # no Float64, and no FixedString(4)
ch "INSERT INTO forms SELECT unhex('04'), 9007199254740992., 0.1, 0, unhex('01020304'), 0"
expect_exit 1 verify --table shop.forms=forms --key id --settle 1s --json >report.json
expect "what cannot be held" "$(jq -c '.tables[0].differences[] | select(.key.id == "\\x04") | [.columns[].name]' report.json)" '["n","b"]'

say "a role that row security filters sees an error, and repairs nothing"
sql "ALTER TABLE plain ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON plain USING (id <= 5);
     CREATE ROLE filtered LOGIN REPLICATION; GRANT SELECT ON ALL TABLES IN SCHEMA public TO filtered; GRANT pg_monitor TO filtered"
filtered() { cdc-verify --source "$(pg_url | sed s/postgres@/filtered@/)" --target "$TARGET" --no-wait --tables plain "$@" 2>verify.err; }
expect_exit 2 filtered >report.txt
expect_words verify.err "row-level security"
expect_exit 2 filtered --repair >repair.lines
expect "lines of repair" "$(wc -l <repair.lines)" 0

say "no pipe runs: that is said, and what to do"
sql "INSERT INTO plain SELECT 1000, 'new', 0"
expect_exit 2 verify --tables plain --settle 5s >report.txt
expect_words verify.err "nothing reads the slot 'cases': cdc-capture does not run"
expect_words report.txt "cdc-capture does not run"
sql "SELECT pg_drop_replication_slot('cases')"
expect_exit 2 verify --tables plain --settle 5s >report.txt
expect_words verify.err "has no slot 'cases'"

say "on a terminal there is progress"
script -qec "$(printf '%q ' cdc-verify --source "$(pg_url)" --target "$TARGET" --tables plain --settle 5s)" terminal.txt >/dev/null || true
expect_words terminal.txt "table 1/1 public.plain:"
say done
