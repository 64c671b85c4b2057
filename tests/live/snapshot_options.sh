#!/usr/bin/env bash
# Options of cdc-snapshot that no other test needs: --schema-only, --metrics, several --checkpoint,
# --max-rows-per-second, --wait for a writer that ends in time; and the target's disk full.
source "$(dirname "$0")/lib.sh"
start postgres
create_db
sql "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT g, 'x' FROM generate_series(1, 3000) g;
     CREATE TABLE b (id int PRIMARY KEY, v text); INSERT INTO b SELECT g, 'x' FROM generate_series(1, 3000) g; ANALYZE"
snapshot() { cdc-snapshot --source "$(pg_url)" "$@" 2>snapshot.err >lines; }
# Writes each checkpoint line of the first N into the file, as a sink that stores at once.
sink() { python3 -uc '
import os, sys
left = int(sys.argv[2])
for line in sys.stdin:
    if line.startswith("{\"checkpoint\"") and left > 0:
        open(sys.argv[1] + ".new", "w").write(line); os.rename(sys.argv[1] + ".new", sys.argv[1])
        left -= 1
' "$1" "${2:-1000000}"; }

say "--schema-only: shapes, no rows"
snapshot --schema-only || fail "--schema-only"
expect "kinds of lines" "$(jq -r 'keys_unsorted[0]' lines | sort | uniq -c | tr -s ' \n' ' ')" " 1 checkpoint 2 table "
expect "tables" "$(jq -r '.table.name // empty' lines | sort | tr '\n' ' ')" "public.a public.b "

say "--metrics and --max-rows-per-second"
BEGIN=$(date +%s%N)
snapshot --metrics figures.prom --max-rows-per-second 3000 --chunk-rows 500 || fail "--metrics"
MS=$((($(date +%s%N) - BEGIN) / 1000000))
[ $MS -ge 1700 ] || fail "6000 rows at 3000 a second took only $MS ms"
expect_words figures.prom "cdc_snapshot_rows_total 6000"
expect_words figures.prom "cdc_snapshot_tables 2"
expect_words figures.prom "cdc_snapshot_tables_finished 2"

say "--wait: a writer that ends in time; what it wrote is in the rows, and its position before the stream"
psql -X -q -d "$(pg_url)" -c "BEGIN; INSERT INTO a VALUES (-1, 'late')" -c "SELECT pg_sleep(2)" -c COMMIT >/dev/null 2>&1 &
WRITER=$!
wait_until 10 bash -c "[ \$(psql -X -At -d $(pg_url) -c \"SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL\") = 1 ]"
snapshot --wait 60s --slot waited --create --drain 1s || fail "--wait"
wait $WRITER
expect "the late row" "$(jq -c 'select(.op and .key.id == -1) | .after.v' lines)" '"late"'
cdc-capture --source "$(pg_url)" --slot waited --peek --exit-at-end 2>capture.err >stream || fail "capture"
expect "and not in the stream" "$(grep -c '"op"' stream || true)" 0
cdc-capture --source "$(pg_url)" --slot waited --drop 2>capture.err

say "Pain 48: keys in the order of any collation, each row once"
sql "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
for type in 'text COLLATE "C"' 'text COLLATE "en-x-icu"' 'text COLLATE ci' 'varchar(40) COLLATE "en-x-icu"' 'char(40) COLLATE "C"'; do
    sql "CREATE TABLE odd (k $type, n int, v text, PRIMARY KEY (k, n));
         INSERT INTO odd SELECT (ARRAY['a','B','b','A','é','E','Z','-z',' z','z','ß','ss','','0','10','9','_','''\"','c:\\x'])[1 + g % 19], g, 'v' FROM generate_series(1, 400) g; ANALYZE odd"
    for rows in 1 7; do
        snapshot --tables odd --chunk-by key --chunk-rows $rows --jobs 3 || fail "$type: $(cat snapshot.err)"
        jq -r 'select(.op) | .after.n' lines | sort -n >got
        seq 400 | cmp - got || fail "not every row once: $type, $rows rows a part"
    done
    sql "DROP TABLE odd"
done

say "several checkpoint files: the one that holds least counts"
both() { cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint one.json --checkpoint two.json --jobs 1 \
    --chunk-by key --chunk-rows 500 "$@" 2>snapshot.err; }
code=0
both --drain 1s --max-rows-per-second 2000 | tee lines >(sink two.json 2) | sink one.json || code=$?
expect "one of two sinks did not hold all" $code 1
expect_words snapshot.err "within --drain"
expect "one is done" "$(jq -r .checkpoint.snapshot one.json)" done
jq -e '.checkpoint.snapshot.tables' two.json >/dev/null || fail "two should be unfinished: $(cat two.json)"
expect_exit 4 cdc-capture --source "$(pg_url)" --slot s --checkpoint one.json --checkpoint two.json --exit-at-end 2>capture.err
HELD=$(jq '[.checkpoint.snapshot.tables[].rows] | add // 0' two.json)
both | tee lines >(sink two.json) | sink one.json || fail "rerun: $(cat snapshot.err)"
expect "what the lesser one lacked" "$(grep -c '"op":"r"' lines)" "$((6001 - HELD))"
both >lines || fail "a third run"
expect "nothing more" "$(wc -c <lines)" 0
cdc-capture --source "$(pg_url)" --slot s --drop 2>capture.err

say "the target's disk is full: the loader says so, the snapshot ends too, and both go on"
cdc-snapshot --source "$(pg_url)" >/dev/full 2>snapshot.err && fail "/dev/full took all"
expect_words snapshot.err "cannot write output"
start clickhouse
TARGET=$CDC_TEST_CLICKHOUSE_URL
FAULTS=$CDC_SERVICES_DIR/clickhouse/fail
the_line() {
    cdc-snapshot --source "$(pg_url)" --slot full --create --checkpoint full.json --chunk-by key --chunk-rows 500 "$@" 2>snapshot.err |
        cdc-load --target "$TARGET" --retry 1s --batch-rows 1000 --checkpoint full.json 2>load.err
}
code=0
{ the_line --max-rows-per-second 500 || code=$?; echo $code >code; } &
LINE=$!
wait_until 30 bash -c "jq -e '.checkpoint.snapshot.tables[]? | select(.rows >= 500)' full.json"
printf '243 *\n' >"$FAULTS" # NOT_ENOUGH_SPACE to every INSERT from now on
wait $LINE
expect "exit status of the line" "$(cat code)" 1
expect_words load.err "243"
expect_words snapshot.err "cannot write output"
jq -e '.checkpoint.snapshot != "done"' full.json >/dev/null || fail "done, with a full disk"
HELD=$(jq '[.checkpoint.snapshot.tables[].rows] | add // 0' full.json)
[ "$HELD" -ge 500 ] || fail "the progress was lost: $(cat full.json)"
: >"$FAULTS"
the_line || fail "the same line with room again: $(cat snapshot.err load.err)"
expect "done" "$(jq -r .checkpoint.snapshot full.json)" done
parity a b
