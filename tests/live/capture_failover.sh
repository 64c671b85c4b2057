#!/usr/bin/env bash
# PostgreSQL 17: the primary is killed under load, its standby promoted; the same pipe goes on from
# the failover slot there, its orders rise over the change of timeline, and the target is equal.
# Pain 4: the slot is there after a failover, and none is made anew in silence.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
export CDC_PG_CONF=$'hot_standby_feedback = on\nfsync = off\nsync_replication_slots = on\nsynchronized_standby_slots = physical'
start postgres17
PRIMARY=${CDC_TEST_POSTGRES17_URL%/*}
CDC_TEST_POSTGRES_URL=$CDC_TEST_POSTGRES17_URL
create_db
sql "CREATE TABLE t (id serial PRIMARY KEY, v text, n int DEFAULT 0); CREATE TABLE ticks (id serial PRIMARY KEY)"
standby postgres17 "primary_slot_name = 'physical'" "synchronized_standby_slots = ''"
on_standby() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$STANDBY/${2:-$DB}" -c "$1"; }

say "a failover slot, and the standby has it"
capture --create --exit-after-create 2>create.err
expect "failover" "$(slot_is failover)" t
BOTH=postgresql://postgres@127.0.0.1:${PRIMARY##*:},${STANDBY##*@}/$DB?target_session_attrs=read-write
pipe() {
    cdc-capture --source "$BOTH" --slot "$SLOT" --checkpoint state.json --retry 2m --heartbeat 200ms 2>capture.err |
        tee lines | cdc-load --target "$TARGET" --checkpoint state.json 2>load.err
}
pipe &
PIPE=$!
sql "INSERT INTO t (v) SELECT 'first' FROM generate_series(1, 500)"
synced() { [ "$(on_standby "SELECT synced AND NOT temporary AND invalidation_reason IS NULL FROM pg_replication_slots WHERE slot_name = '$SLOT'")" = t ]; }
for _ in $(seq 60); do
    synced && break
    sql "INSERT INTO ticks DEFAULT VALUES; SELECT pg_log_standby_snapshot()" >/dev/null
    sleep 0.5
done
synced || fail "the standby never got the slot: $(on_standby 'SELECT * FROM pg_replication_slots' )"

say "the primary is killed under load, the standby promoted"
(while sql "INSERT INTO t (v) SELECT 'load' FROM generate_series(1, 20); UPDATE t SET n = n + 1 WHERE id % 7 = 0" 2>/dev/null; do :; done) &
sleep 2
kill -STOP "$(pgrep -P "$PIPE" -x cdc-capture)" # a backlog on the old timeline
# One that takes the server some heartbeats to decode.
sql "INSERT INTO t (v) SELECT 'backlog' FROM generate_series(1, 200000)"
filled=$(sql "SELECT pg_current_wal_insert_lsn()")
received() { [ "$(on_standby "SELECT pg_last_wal_replay_lsn() >= '$filled'")" = t ]; }
wait_until 60 received
"$ROOT/scripts/services" kill postgres17 >/dev/null 2>&1
sleep 1
on_standby "SELECT pg_promote()" postgres >/dev/null
wait_until 30 eval '[ "$(on_standby "SELECT pg_is_in_recovery()")" = f ]'
kill -CONT "$(pgrep -P "$PIPE" -x cdc-capture)"
on_standby "INSERT INTO t (v) SELECT 'after' FROM generate_series(1, 500); UPDATE t SET v = 'touched' WHERE id % 11 = 0; DELETE FROM t WHERE id % 13 = 0"
goal=$(on_standby "SELECT pg_current_wal_flush_lsn()")
reached() {
    local at
    at=$(jq -r .checkpoint.position state.json) && [ "$(on_standby "SELECT '$at'::pg_lsn >= '$goal'::pg_lsn")" = t ]
}
wait_until 40 reached
kill -TERM "$(pgrep -P "$PIPE" -x cdc-capture)"
wait "$PIPE" || fail "the pipe ended with $?"
expect_words capture.err "trying again"

say "no checkpoint has the new timeline's order before the old one's backlog is read"
"$HERE/order_check.py" lines || fail "a checkpoint promises what was not read"

say "the orders rise over both timelines; nothing is lost, nothing doubled"
jq -r 'select(.op) | .source.order' lines | cut -c1-4 | sort -u | tr '\n' ' ' >epochs
expect "timelines" "$(cat epochs)" "0001 0002 "
# Lines of a transaction that was cut come again with the same orders; none of them goes back behind
# a change that an acknowledged one followed.
jq -r 'select(.op and .source.order[0:4] == "0001") | .source.order' lines | sort -u | tail -n 1 >last_old
jq -r 'select(.op and .source.order[0:4] == "0002") | .source.order' lines | sort -u | sed -n 1p >first_new
[ "$(cat last_old)" \< "$(cat first_new)" ] || fail "orders: $(cat last_old) $(cat first_new)"
CDC_TEST_POSTGRES_URL=$STANDBY/postgres
parity t ticks

say "a checkpoint of the history that was left is refused"
jq -c '.checkpoint.position = "F/0" | .checkpoint.order = "00010000000f000000000000000000" + "00"' state.json >other.json
expect_exit 3 cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint other.json --exit-at-end 2>other.err >/dev/null
expect_words other.err "timeline"

say "without a failover slot nothing is made anew"
on_standby "SELECT pg_drop_replication_slot('$SLOT')" >/dev/null
expect_exit 3 cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint state.json --exit-at-end 2>gone.err >/dev/null
expect_words gone.err "is gone"
expect_exit 4 cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint state.json --create 2>create.err >/dev/null
expect "slots" "$(on_standby "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '$SLOT'")" 0
say "all good"
