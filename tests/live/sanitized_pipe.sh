#!/usr/bin/env bash
# One whole pipe, small: snapshot and stream into ClickHouse over HTTP, every kind of change, DDL, a
# stop by signal and a resume; then verify, lag and metrics. `make asan` and `make tsan` run it with
# instrumented tools, so every tool must end without a report of its sanitizer.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }
ch "CREATE DATABASE IF NOT EXISTS $DB"
TARGET=${TARGET%/*}/$DB
export ASAN_OPTIONS=detect_stack_use_after_return=1 TSAN_OPTIONS=exitcode=66
sql "CREATE TABLE orders (id int PRIMARY KEY, amount numeric(10,2), note text, tags text[], at timestamptz DEFAULT now());
     CREATE TABLE log (a int, b text); ALTER TABLE log REPLICA IDENTITY FULL;
     ALTER TABLE orders ALTER note SET STORAGE EXTERNAL;
     INSERT INTO orders SELECT g, g / 7.0, repeat('x', g % 3000), ARRAY['a', NULL, g::text] FROM generate_series(1, 3000) g;
     INSERT INTO log SELECT g % 10, 'b' FROM generate_series(1, 100) g"

pipe() { # WHAT [OPTION…]
    local what=$1
    shift
    "cdc-$what" --source "$(pg_url)" --slot pipe --checkpoint state.json --metrics 127.0.0.1:0 "$@" 2>>"$what.err" | kept |
        cdc-load --target "$TARGET" --checkpoint state.json --metrics load.prom --flush-interval 100ms 2>>load.err
}
change() {
    sql "INSERT INTO orders SELECT g, g, 'new', '{}' FROM generate_series($1, $1 + 500) g;
         UPDATE orders SET amount = -amount WHERE id % 5 = 0; UPDATE orders SET id = -id WHERE id % 100 = 0;
         DELETE FROM orders WHERE id % 17 = 0; DELETE FROM log WHERE ctid IN (SELECT ctid FROM log LIMIT 3)"
}

say "snapshot"
pipe snapshot --create --jobs 2 || fail "snapshot"
say "stream, with DDL, until a signal"
pipe capture &
PIPE=$!
wait_until 60 grep -q streaming capture.err
change 10000
sql "ALTER TABLE orders ADD extra int DEFAULT 5; TRUNCATE log; INSERT INTO log VALUES (1, 'after')"
change 20000
rows() { [ "$(ch 'SELECT count() FROM log')" = 0 ]; } # the last change deletes the row behind the TRUNCATE
wait_until 120 rows
kill -TERM "$(pgrep -P "$PIPE" -x cdc-capture)"
wait "$PIPE" || fail "the pipe ended with $?"
say "resume"
change 30000
pipe capture --exit-at-end || fail "resume"
parity orders log
cdc-verify --source "$(pg_url)" --target "$TARGET" 2>verify.err || fail "cdc-verify ended with $?"
cdc-lag --source "$(pg_url)" --slot pipe --checkpoint state.json --target "$TARGET" >lag.out 2>lag.err || fail "cdc-lag ended with $?"
! grep -l "Sanitizer" ./*.err || fail "a sanitizer reported"
say "all good"
