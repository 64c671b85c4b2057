#!/usr/bin/env bash
# What the log does not say, while cdc-capture runs: each kind of DDL after which stored rows are
# other ones marks its table though no row follows, and nothing else marks any. Looks and stream go
# on beside an ALTER TABLE that stays open, and no session waits for a look.
source "$(dirname "$0")/lib.sh"
start postgres
create_db

sql "CREATE TYPE mood AS ENUM ('sad', 'ok');
     CREATE DOMAIN cheer AS mood;
     CREATE TYPE pair AS (a int, b text);
     CREATE TYPE calm_mood AS ENUM ('sad', 'ok')"
for table in rewritten anew default_random default_dropped renamed swapped swapped_too unlogged full_vacuum \
    readded truncated_alone quiet statistics granted indexed reindexed frozen constant defaults; do
    sql "CREATE TABLE $table (id int PRIMARY KEY, n int, v text); INSERT INTO $table SELECT g, g, 'x' FROM generate_series(1, 3) g"
done
sql "CREATE TABLE labels (id int PRIMARY KEY, m mood); CREATE TABLE label_arrays (id int PRIMARY KEY, m mood[]);
     CREATE TABLE label_domains (id int PRIMARY KEY, m cheer); CREATE TABLE composites (id int PRIMARY KEY, p pair);
     CREATE TABLE label_added (id int PRIMARY KEY, m calm_mood);
     CREATE TABLE computed (id int PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n * 2) STORED);
     CREATE TABLE truncated (id int PRIMARY KEY);
     CREATE TABLE locked (id int PRIMARY KEY);
     INSERT INTO composites VALUES (1, (1, 'x')); INSERT INTO computed VALUES (1, 1)"
for table in parts_truncated parts_dropped parts_moved parts_new parts_locked; do
    sql "CREATE TABLE $table (id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
         CREATE TABLE ${table}_1 PARTITION OF $table FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (y);
         CREATE TABLE ${table}_11 PARTITION OF ${table}_1 FOR VALUES FROM (0) TO (5);
         CREATE TABLE ${table}_12 PARTITION OF ${table}_1 FOR VALUES FROM (5) TO (10);
         INSERT INTO $table SELECT g, g FROM generate_series(0, 9) g"
done

cdc-capture --source "$(pg_url)" --slot facts --create --ack on-write --metrics capture.prom >lines 2>capture.err &
CAPTURE=$!
facts_of() { grep -c "^{\"facts\".*\"table\":\"$1\"" lines || true; }
has_facts() { [ "$(facts_of "$1")" -ge "$2" ]; }
wait_until 30 has_facts labels 1
wait_until 30 grep -q '^{"checkpoint".*"facts":"[0-9a-f]' lines

say "kinds after which rows are other ones"
sql "ALTER TABLE rewritten ALTER n TYPE bigint USING n * 2"
sql "DROP TABLE anew; CREATE TABLE anew (id int PRIMARY KEY, n int, v text)"
sql "BEGIN; ALTER TABLE swapped RENAME TO swapped_old; ALTER TABLE swapped_too RENAME TO swapped; COMMIT"
sql "ALTER TABLE default_random ADD r float8 DEFAULT random()"
sql "BEGIN; ALTER TABLE default_dropped ADD u uuid NOT NULL DEFAULT gen_random_uuid();
     ALTER TABLE default_dropped ALTER u DROP DEFAULT; COMMIT"
sql "ALTER TABLE renamed RENAME v TO w"
sql "ALTER TABLE unlogged SET UNLOGGED; DELETE FROM unlogged WHERE id = 1; ALTER TABLE unlogged SET LOGGED"
sql "VACUUM FULL full_vacuum"
sql "ALTER TABLE readded DROP n; ALTER TABLE readded ADD n int"
sql "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"
sql "ALTER TYPE pair ADD ATTRIBUTE c int"
sql "ALTER TABLE computed ALTER g DROP EXPRESSION"
sql "TRUNCATE parts_truncated_11"
sql "DROP TABLE parts_dropped_12"
sql "ALTER TABLE parts_moved_1 DETACH PARTITION parts_moved_12; DELETE FROM parts_moved_12;
     ALTER TABLE parts_moved_1 ATTACH PARTITION parts_moved_12 FOR VALUES FROM (5) TO (10)"

say "kinds after which they are not"
sql "ALTER TABLE statistics ALTER v SET STATISTICS 500"
sql "GRANT SELECT ON granted TO PUBLIC"
sql "CREATE INDEX ON indexed (v)"
sql "REINDEX TABLE reindexed"
sql "REINDEX TABLE CONCURRENTLY reindexed"
sql "VACUUM quiet"
sql "VACUUM ANALYZE quiet"
sql "VACUUM (FREEZE) frozen"
sql "ALTER TABLE constant ADD c int DEFAULT 7, ADD b box DEFAULT '(1,1),(0,0)'"
sql "ALTER TABLE defaults ALTER n SET DEFAULT 5"
sql "ALTER TYPE calm_mood ADD VALUE 'fine' BEFORE 'ok'"
sql "CREATE TABLE parts_new_2 PARTITION OF parts_new FOR VALUES FROM (10) TO (20); INSERT INTO parts_new VALUES (10, 10)"
sql "CREATE TABLE born (id int PRIMARY KEY); INSERT INTO born VALUES (1)"
for i in 1 2 3; do
    sql "TRUNCATE truncated; INSERT INTO truncated VALUES ($i)"
    sql "TRUNCATE parts_new; INSERT INTO parts_new VALUES ($i, $i)"
    sleep 1
done

has_mark() { grep -q "table 'public.$1' is" capture.err; }
wait_until 30 has_facts anew 2 # another table of that name: old rows end there
MARKED="composites computed default_dropped default_random full_vacuum label_arrays label_domains labels
    parts_dropped parts_moved parts_truncated readded renamed rewritten swapped swapped_old unlogged"
for table in $MARKED; do wait_until 30 has_mark "$table"; done
sleep 2
expect "marked tables" "$(grep -o "table 'public\.[a-z_]*' is \(stale\|unproven\)" capture.err | sed "s/.*public.//; s/'.*//" | sort -u | tr '\n' ' ')" \
    "$(echo $MARKED) "
grep -q '"name":"c",[^}]*"missing":{"value":7}' lines || fail "the constant default is not in the facts"
grep -q '"name":"b",[^}]*"missing":{"value":"(1,1),(0,0)"}' lines || fail "the box is not in the facts"
expect "metrics" "$(grep -o '^cdc_capture_stale_tables_total [1-9]' capture.prom | cut -d' ' -f1)" cdc_capture_stale_tables_total

say "beside an ALTER TABLE that stays open"
mkfifo open
psql -X -q -At -v ON_ERROR_STOP=1 -d "$(pg_url)" <open >open.out 2>open.err &
OPEN=$!
exec 7>open
echo "BEGIN; ALTER TABLE locked ADD a int; ALTER TABLE parts_locked ADD a int; ALTER TABLE parts_locked_1 RENAME TO parts_locked_x;" >&7
wait_until 20 sql "SELECT 1 / count(*) FROM pg_locks WHERE relation = 'parts_locked_1'::regclass AND mode = 'AccessExclusiveLock' AND granted"
sql "ALTER TABLE quiet ALTER n TYPE bigint USING n + 1"
sql "INSERT INTO granted VALUES (100, 1, 'beside')"
wait_until 5 grep -q '"beside"' lines
wait_until 11 has_mark quiet
echo "SELECT count(*) FROM pg_stat_activity a WHERE a.wait_event_type = 'Lock'; COMMIT;" >&7
exec 7>&-
wait $OPEN || fail "the open transaction failed: $(cat open.err)"
expect "sessions that waited for a lock" "$(cat open.out)" 0
sql "INSERT INTO locked VALUES (1, 1); INSERT INTO parts_locked VALUES (100, 1, 1)"
wait_until 10 grep -q '"key":{"id":100,"y":1}' lines

kill -TERM $CAPTURE
wait $CAPTURE || fail "cdc-capture ended with $?"
say "all good"
