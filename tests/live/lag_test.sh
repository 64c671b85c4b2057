#!/usr/bin/env bash
# cdc-lag: within, beyond, could not tell; a stopped pipe is seen, a lost slot is beyond.
# Pain 3: the slot that is about to be lost. Pain 46: a stopped pipe is an exit status.
source "$(dirname "$0")/lib.sh"
export CDC_PG_CONF=$'max_slot_wal_keep_size = 1MB\nmin_wal_size = 32MB\nmax_wal_size = 64MB'
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
sql "CREATE TABLE t (id int PRIMARY KEY, v text)"

pipe() {
    cdc-capture --source "$(pg_url)" --slot lag --prefix lag --checkpoint state.json --heartbeat 500ms "$@" 2>>capture.err |
        cdc-load --target "$TARGET" --checkpoint state.json 2>>load.err
}
lag() { cdc-lag --source "$(pg_url)" --checkpoint state.json --target "$TARGET" "$@" 2>lag.err; }

say "nothing there yet: could not tell"
expect_exit 2 lag
expect_exit 2 cdc-lag --source "$(pg_url)" --slot nobody 2>lag.err
expect_words lag.err "no such slot"
expect_exit 2 cdc-lag --source "postgresql://postgres@127.0.0.1:1/x" 2>lag.err

say "a running pipe is within"
pipe --create &
PIPE=$!
wait_until 20 test -s state.json
sql "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g"
within() { lag --max-bytes 1k --max-seconds 5 --json >lag.json; }
wait_until 20 within
expect "verdict" "$(jq -r .verdict lag.json)" within
expect "hops" "$(jq -r '[.hops[].kind] | join(" ")' lag.json)" "slot checkpoint target"
expect "no hop is unknown" "$(jq -r '[.hops[].unknown] | unique | tostring' lag.json)" "[null]"
expect "quiet" "$(lag --quiet --max-seconds 60)" ""

say "metrics are written whole"
lag --prometheus lag.prom --quiet
for metric in cdc_lag_bytes cdc_lag_seconds cdc_slot_retained_bytes cdc_target_load_age_seconds; do
    expect_words lag.prom "$metric{kind="
done
command -v promtool >/dev/null && { promtool check metrics <lag.prom || fail "promtool refuses the metrics"; }

say "a stopped pipe falls behind"
pkill -TERM -P $PIPE cdc-capture
wait $PIPE
sql "INSERT INTO t SELECT g, repeat('y', 100) FROM generate_series(1001, 2000) g"
expect_exit 1 lag --max-bytes 1k
expect_words lag.err "behind, more than"
sleep 1.2
expect_exit 1 lag --max-seconds 1s

say "the server gives the slot up: beyond, without any limit"
for _ in 1 2 3 4; do sql "SELECT pg_switch_wal()" >/dev/null; sql "INSERT INTO t VALUES (-1, 'x') ON CONFLICT (id) DO UPDATE SET v = 'z'"; done
sql CHECKPOINT
expect_exit 1 lag
expect_words lag.err "slot 'lag'"

say "--watch ends with the last verdict"
cdc-lag --source "$(pg_url)" --watch 200ms --json >watch.json 2>lag.err &
WATCH=$!
sleep 1
kill -TERM $WATCH
expect_exit 1 wait $WATCH
[ "$(wc -l <watch.json)" -ge 3 ] || fail "--watch looked only $(wc -l <watch.json) times"
say done
