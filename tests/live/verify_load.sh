#!/usr/bin/env bash
# cdc-verify beside a running pipe. Pain 50: no difference on an equal pair that is written to, a table
# whose rows never rest included; damage of every kind is found and repaired meanwhile.
# 2 runs; CDC_TEST_SOAK=1: 20.
source "$(dirname "$0")/lib.sh"
RUNS=${SOAK:+20}
RUNS=${RUNS:-2}
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
sql "CREATE TABLE busy (id bigint PRIMARY KEY, n int NOT NULL, note text, at timestamptz)"
sql "CREATE TABLE log (a int, b text)"
sql "ALTER TABLE log REPLICA IDENTITY FULL"
cat >load.sql <<'SQL'
\set id random(1, 100000)
\set new random(100001, 200000)
BEGIN;
UPDATE busy SET n = n + 1, at = clock_timestamp() WHERE id = :id;
INSERT INTO busy VALUES (:new, 0, 'new', now()) ON CONFLICT (id) DO UPDATE SET note = busy.note || '+';
DELETE FROM busy WHERE id = :id + 3;
UPDATE busy SET id = id + 1000000 WHERE id = :id + 7;
INSERT INTO log VALUES (:id % 100, 'row');
END;
SQL
verify() { cdc-verify --source "$(pg_url)" --target "$TARGET" "$@" 2>verify.err; }
cdc-capture --source "$(pg_url)" --slot busy --prefix busy --checkpoint state.json --heartbeat 500ms --create 2>capture.err | kept |
    cdc-load --target "$TARGET" --checkpoint state.json 2>load.err &
wait_until 20 test -s state.json
sql "INSERT INTO busy SELECT g, 0, 'note ' || g, now() FROM generate_series(1, 100000) g"
sql "INSERT INTO log SELECT g % 100, 'row' FROM generate_series(1, 5000) g"
loaded() { [ "$(ch "SELECT count() FROM log")" = 5000 ]; }
wait_until 60 loaded
pgbench -n -c 2 -R 100 -T 3600 -f load.sql "$(pg_url)" >pgbench.log 2>&1 &
PGBENCH=$!
for run in $(seq "$RUNS"); do
    say "run $run under load"
    code=0
    verify --settle 150s >report.txt || code=$?
    [ $code = 0 ] || { cat report.txt verify.err >&2; fail "run $run: exit status $code"; }
    expect_words report.txt "public.log"
done
say "a planted difference is found under load, and nothing else"
damage() { # VALUES of SELECT * REPLACE, and which rows
    ch "INSERT INTO busy_raw SELECT * REPLACE ($1) FROM (SELECT * FROM busy_raw FINAL WHERE id % 1000000 BETWEEN $2)"
}
damage "'planted' AS note, _version + 1 AS _version" "50001 AND 50020"
damage "1 AS _deleted, _version + 1 AS _version" "50021 AND 50030"
damage "toUInt128('340282366920938463463374607431768211455') AS _version, 'beyond' AS note" "50031 AND 50035"
damage "id + 500000 AS id" "50036 AND 50040"
damage "transform(id, [50041, 50042], [50042, 50041], id) AS id, _version + 1 AS _version" "50041 AND 50042"
ch "INSERT INTO log_raw (a, b, _version, _row, _sign, _source_ts_ms) 
    SELECT 7, 'row', toUInt128('5192296858534827628530496329220097000'), 7, 1, 0"
ch "INSERT INTO log_raw (a, b, _version, _row, _sign, _source_ts_ms)
    SELECT 8, 'row', toUInt128('5192296858534827628530496329220096'), 8, -1, 0"
code=0
verify --settle 150s --json --show 1000 >report.json || code=$?
expect "exit status" "$code" 1
jq -e '[.tables[0].differences[] | ((.key.id | tonumber) % 500000) | select(. < 50001 or . > 50042)] == []' report.json >/dev/null || fail "more than what was planted: $(cat report.json)"
for kind in different missing extra; do # a planted row that the load touched again is right again
    jq -e ".tables[0].$kind >= 3" report.json >/dev/null || fail "less than what was planted ($kind): $(cat report.json)"
done
jq -ce '.tables[1].differences[] | [.key.a, .target_count - .source_count]' report.json | sort >log.differences
expect "the table without key" "$(tr '\n' ' ' <log.differences)" '["7",1] ["8",-1] '
say "and repaired"
code=0
verify --settle 150s --repair >repair.lines || code=$?
expect "exit status of --repair" "$code" 1
cdc-load --target "$TARGET" <repair.lines 2>>load.err || fail "the repair cannot be loaded"
expect_words verify.err "versions beyond"
code=0
verify --settle 150s >report.txt || code=$?
[ $code = 0 ] || { cat report.txt verify.err >&2; fail "after the repair: exit status $code"; }
say "the load at rest: every table is the same, the table without key too"
kill $PGBENCH
wait $PGBENCH || true
verify --settle 150s || { cat verify.err >&2; fail "at rest"; }
parity busy log
say done
