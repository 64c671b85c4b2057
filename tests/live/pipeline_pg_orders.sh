#!/usr/bin/env bash
# scripts/pipelines/pg-orders as a user has it: set up, started, loaded, a stage killed, a slot dropped, verified,
# stopped, destroyed; nothing is left.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline.bash"
the_pipeline pg-orders
export PIPELINE_LOG_BYTES=1500
at_end() { "$pipeline" destroy --yes; }
same() { "$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify"; }; }

say "before setup"
expect_exit 3 "$pipeline" status >status.txt
expect_exit 2 "$pipeline" start 2>err
expect_words err "run: pg-orders setup"
expect_exit 2 "$pipeline" pause 2>err

say "set up, start"
"$pipeline" setup 2>setup.err || fail "setup"
expect_words "$state/README" "cdc-toolkit"
"$pipeline" start 2>start.err || fail "start"
"$pipeline" start 2>start.err || fail "started once more"
expect_words start.err "runs already"
export CDC_TEST_POSTGRES_URL
eval "$("$ROOT/scripts/services" env postgres kafka clickhouse)"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=inventory
orders() { [ "$(ch "SELECT count() FROM orders")" = "$1" ]; }
wait_until 30 orders 5000

for topic in orders customers products; do
    expect "partitions of $topic" "$(admin partitions postgres-server.inventory.$topic)" 3
    expect "days that $topic is kept" "$(admin config postgres-server.inventory.$topic retention.ms)" \
        $((7 * 86400 * 1000))
done

say "changes, verified while they come"
sql "UPDATE inventory.orders SET quantity = quantity + 1 WHERE id <= 50; DELETE FROM inventory.orders WHERE id > 4990"
same
expect_words verify.txt "inventory.orders     4990 rows  same"
expect "operations" "$(ch "SELECT operation_type, count() FROM orders_final FINAL GROUP BY 1 ORDER BY 1 FORMAT CSV" | tr -d '"' | tr '\n' ' ')" "d,10 r,5000 u,50 "

say "a stage is killed: its pipe is started again"
for stage in "capture cdc-publish" "load cdc-load"; do
    before=$(restarts capture load)
    # shellcheck disable=SC2086
    kill_stage $stage
    sql "INSERT INTO inventory.orders (quantity) SELECT 1 FROM generate_series(1, 10)"
    wait_until 20 eval "[ \$(restarts capture load) -gt $before ]"
    wait_until 20 is capture running
    wait_until 20 is load running
done
same
expect_words verify.txt "inventory.orders     5010 rows  same"
wait_until 20 test -s "$state/logs/capture.log.1" # put aside at its size

say "what would come again stays down, with its reason"
"$pipeline" stop 2>stop.err || fail "stop"
expect_exit 3 "$pipeline" status >status.txt
CDC_BATCH_ROWS=many "$pipeline" start 2>start.err || fail "start"
wait_until 20 is load failed
expect_exit 1 "$pipeline" status >status.txt
expect_words status.txt "last exit status 2 (wrong usage)"
expect_words status.txt "batch-rows"
sleep 2
is load failed || fail "started again after 2"
"$pipeline" restart 2>start.err || fail "restart"
wait_until 20 is load running
supervisor_left || fail "no process of the supervisor is found"

say "the slot is gone: named, and only what is missing is brought"
wait_until 20 eval "[ \"\$(sql postgres 'SELECT active FROM pg_replication_slots')\" = t ]"
capture=$(tool capture cdc-capture)
kill -STOP "$capture"
sql "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots" >/dev/null
sql "UPDATE inventory.orders SET quantity = 1000 WHERE id BETWEEN 101 AND 120; DELETE FROM inventory.orders WHERE id = 1"
wait_until 10 sql "SELECT pg_drop_replication_slot('pg_orders')"
kill -CONT "$capture"
wait_until 20 is capture failed
expect_words status.txt "position lost"
before=$(topic_end postgres-server.inventory.orders)
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
expect_words repair.err "21 lines of repair were written"
same
expect_words verify.txt "inventory.orders     5009 rows  same"
lines=$(($(topic_end postgres-server.inventory.orders) - before))
[ "$lines" -lt 60 ] || fail "$lines records for 21 rows"

say "the topics once more: nothing changes"
"$pipeline" replay beginning 2>replay.err || fail "replay"
same
"$HERE/parity.py" --source "$(pg_url)" --target "${CDC_TEST_CLICKHOUSE_URL%/*}/inventory" inventory.orders=orders inventory.customers=customers inventory.products=products >parity.txt 2>&1 || { cat parity.txt; fail "parity"; }

say "unit files"
"$pipeline" --systemd units 2>/dev/null || fail "--systemd"
[ "$(find units -type f | wc -l)" = 3 ] || fail "unit files"
systemd-analyze --man=no verify "$PWD"/units/* >verify.units 2>&1 || { cat verify.units; fail "systemd-analyze"; }
! grep "units/" verify.units || fail "systemd-analyze complains"

say "stop, destroy: nothing is left"
"$pipeline" stop 2>stop.err || fail "stop"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"
! supervisor_left || fail "the supervisor runs"
expect_exit 2 "$pipeline" destroy 2>err
"$pipeline" destroy --yes 2>destroy.err || fail "destroy"
[ ! -e "$state" ] || fail "the state folder is left"
[ ! -e "$PIPELINE_SERVICES_DIR" ] || fail "the services are left"
for verb in setup start verify stop repair replay destroy; do expect_words "$state.audit.log" "verb=$verb"; done
expect_words "$state.audit.log" "user="
echo PASSED
