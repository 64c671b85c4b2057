#!/usr/bin/env bash
# cdc-verify beside a running pipe: no difference on an equal pair that is written to, a planted one
# is found and repaired meanwhile. 3 runs; CDC_TEST_SOAK=1: 20.
source "$(dirname "$0")/lib.sh"
RUNS=${SOAK:+20}
RUNS=${RUNS:-3}
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
cdc-capture --source "$(pg_url)" --slot busy --prefix busy --checkpoint state.json --heartbeat 500ms --create 2>capture.err |
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
    verify --tables busy --settle 60s >report.txt || code=$?
    [ $code = 0 ] || { cat report.txt verify.err >&2; fail "run $run: exit status $code"; }
done
say "a planted difference is found under load, and nothing else"
ch "INSERT INTO busy_raw SELECT * REPLACE ('planted' AS note, _version + 1 AS _version) FROM busy_raw FINAL WHERE id BETWEEN 50001 AND 50040"
code=0
verify --tables busy --settle 60s --json --show 1000 >report.json || code=$?
expect "exit status" "$code" 1
jq -e '[.tables[].differences[] | select((.key.id | tonumber) % 1000000 < 50001 or (.key.id | tonumber) % 1000000 > 50040)] == []' report.json >/dev/null || fail "more than what was planted: $(cat report.json)"
jq -e '.tables[0] | .different >= 20' report.json >/dev/null || fail "less than what was planted: $(cat report.json)"
say "and repaired"
{ verify --tables busy --settle 60s --repair || [ $? = 1 ]; } | cdc-load --target "$TARGET" 2>>load.err
code=0
verify --tables busy --settle 60s >report.txt || code=$?
[ $code = 0 ] || { cat report.txt verify.err >&2; fail "after the repair: exit status $code"; }
say "the load at rest: every table is the same, the table without key too"
kill $PGBENCH
wait $PGBENCH || true
verify --settle 60s || { cat verify.err >&2; fail "at rest"; }
say done
