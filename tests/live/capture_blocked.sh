#!/usr/bin/env bash
# Standard output is not read for twice wal_sender_timeout, in the middle of a large transaction: the
# connection lives, and no line is lost. Then a reader that goes away. Pain 36: no walsender timeout.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
TIMEOUT=${CDC_TEST_SENDER_TIMEOUT:-3}
export CDC_PG_CONF="wal_sender_timeout = ${TIMEOUT}s"
start postgres
create_db
rows=300000
sql "CREATE TABLE t (id integer PRIMARY KEY, v text)"
capture --create --exit-after-create 2>/dev/null
sql "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, $rows) i"

say "$rows rows into a pipe that nobody reads for $((2 * TIMEOUT)) s"
mkfifo pipe
cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint state.json --exit-at-end >pipe 2>blocked.err &
pid=$!
exec 7<pipe
wait_until 20 slot_active
backend=$(slot_is active_pid)
sleep $((2 * TIMEOUT))
expect "the connection" "$(slot_is active_pid)" "$backend"
cpu=$(awk '{print $14 + $15}' /proc/$pid/stat)
sleep 1
spent=$(($(awk '{print $14 + $15}' /proc/$pid/stat) - cpu))
[ $spent -lt 30 ] || fail "capture spins while blocked: $spent ticks in a second"
sink state.json <&7 &
sink_pid=$!
exec 7<&-
wait $pid || fail "capture ended with $?: $(cat blocked.err)"
wait $sink_pid
expect "connections" "$(grep -c 'streaming from' blocked.err)" 1
expect "rows" "$(jq -r 'select(.op == "c") | .key.id' state.json.lines | sort -nu | wc -l)" $rows

say "a reader that goes away"
rm -f state.json*
sql "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series($rows + 1, $rows + 1000) i"
code=0
(capture || echo $? >code) 2>gone.err | head -n 1 >/dev/null
expect "exit status" "$(cat code)" 1
expect_words gone.err "cannot write output"
say "an idle one, too"
rm gone.err # of the one before
(capture --ack on-write --heartbeat 1h || echo $? >code) 2>gone.err | head -c 100 >/dev/null &
wait_until 20 grep -q "cannot write output" gone.err
wait
say "all good"
