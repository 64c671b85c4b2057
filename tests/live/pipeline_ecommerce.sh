#!/usr/bin/env bash
# scripts/pipelines/ecommerce-stream as a user has it: set up, started, loaded while a stage is killed; at the end each view
# in ClickHouse has the rows that PostgreSQL itself answers to the same SELECT.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline.bash"
the_pipeline ecommerce-stream
at_end() { "$pipeline" destroy --yes; }

say "set up, start"
"$pipeline" setup 2>setup.err || fail "setup"
"$pipeline" start 2>start.err || fail "start"
eval "$("$ROOT/scripts/services" env postgres kafka clickhouse)"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=inventory
wait_until 60 eval '[ "$(ch "SELECT count() FROM processed_orders")" = 1000 ]'
for topic in inventory.orders inventory.customer_activity views.processed_orders views.inventory_alerts; do
    expect "partitions of $topic" "$(admin partitions "ecommerce.$topic")" 3
    expect "days that $topic is kept" "$(admin config "ecommerce.$topic" retention.ms)" $((7 * 86400 * 1000))
    expect "compression of $topic" "$(admin config "ecommerce.$topic" compression.type)" snappy
done

say "PostgreSQL's own views, by the same SELECTs"
sed -E -e 's/^(CREATE VIEW [a-z_]+) (KEY|PARTITION) \([a-z_]*\) AS$/\1 AS/' "$ROOT/scripts/pipelines/sql/ecommerce_views.sql" >own.sql
views=$(sed -n 's/^CREATE VIEW \([a-z_]*\) AS$/\1/p' own.sql)
[ "$(wc -w <<<"$views")" = "$(grep -c '^CREATE VIEW' "$ROOT/scripts/pipelines/sql/ecommerce_views.sql")" ] || fail "views"
sql "CREATE SCHEMA views"
PGOPTIONS='-c search_path=views,inventory' sql "$(cat own.sql)"
same_views() {
    local pairs=() view
    for view in $views; do pairs+=("views.$view=$view"); done
    "$HERE/parity.py" --source "$(pg_url)" --target "${CDC_TEST_CLICKHOUSE_URL%/*}/inventory" "${pairs[@]}" >parity.txt 2>&1
}
same() { wait_until 60 same_views; }
same

say "a shop's load, and each stage killed in the midst of it"
"$pipeline" watch 'fraud_*' >watched.txt 2>watch.err &
"$ROOT/scripts/generate-load" --source "$(pg_url)" --rate 60 --seed 7 2>load.err &
load=$!
for stage in "capture cdc-transform" "load cdc-load" "capture cdc-publish"; do
    read -r pipe name <<<"$stage"
    wait_until 20 is "$pipe" running
    orders=$(ch "SELECT count() FROM processed_orders")
    wait_until 30 eval "[ \"\$(ch 'SELECT count() FROM processed_orders')\" != $orders ]"
    before=$(restarts "$pipe")
    kill_stage "$pipe" "$name"
    wait_until 20 eval "[ \$(restarts $pipe) -gt $before ]"
done
say "what a load has not: a customer who orders again and again, one who orders far too much, late and lost events"
sql "$(cat "$ROOT/scripts/lib/late-rows.sql")"
kill -TERM $load
wait $load || fail "generate-load"
same
for view in inventory_alerts fraud_many_orders fraud_large_amounts; do
    [ "$(ch "SELECT count() FROM $view")" -gt 0 ] || fail "$view is empty"
done
[ "$(ch "SELECT count() FROM fraud_many_orders WHERE customer_id = 13")" -ge 4 ] || fail "many orders are not seen"
expect "a large amount" "$(ch "SELECT count() FROM fraud_large_amounts WHERE amount = 999999")" 1
[ "$(ch "SELECT max(events) FROM customer_sessions")" -ge 5 ] || fail "sessions"
"$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify"; }
for table in customers products orders order_items inventory_movements customer_activity; do
    grep -Eq "inventory.$table +[0-9]+ rows +same" verify.txt || { cat verify.txt; fail "$table"; }
done
expect "addresses in the target" "$(ch "SELECT countIf(email LIKE 'siv1:%') = count() FROM customers")" 1
cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics ecommerce.inventory.customers --exit-at-end \
    --decrypt "$state/encrypt.key" 2>decrypt.err |
    jq -r 'select(.after) | "\(.key.id) \(.after.email)"' | sort -u >decrypted.txt
sql "SELECT id || ' ' || email FROM inventory.customers ORDER BY 1" | sort -u | comm -13 decrypted.txt - >unread.txt
[ -s decrypted.txt ] && [ ! -s unread.txt ] || { head -5 unread.txt; fail "addresses that the key reads"; }

say "files and the console"
wait_until 20 grep -q '"amount":"999999.00"' "$state/alerts.ndjson"
wait_until 20 grep -q '^fraud_large_amounts [cu] .*"amount":"999999.00"' watched.txt

say "the slot is gone: all is read again, and the views come to what they should be"
wait_until 20 is capture running
capture=$(tool capture cdc-capture)
kill -STOP "$capture"
sql "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots" >/dev/null
sql "DELETE FROM inventory.order_items WHERE order_id BETWEEN 101 AND 120; UPDATE inventory.customers SET last_name = 'Missed' WHERE id = 5"
wait_until 10 sql "SELECT pg_drop_replication_slot('ecommerce_stream')"
kill -CONT "$capture"
wait_until 20 is capture failed
expect_words status.txt "position lost"
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
same
"$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify behind the repair"; }

say "nothing is left"
"$pipeline" stop 2>stop.err || fail "stop"
cdc-transform --views "$ROOT/scripts/pipelines/sql/ecommerce_views.sql" --state "$state/views" --check 2>check.err || fail "--check"
"$pipeline" destroy --yes 2>destroy.err || fail "destroy"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"
[ ! -e "$state" ] || fail "the state folder is left"
echo PASSED
