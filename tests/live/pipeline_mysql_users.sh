#!/usr/bin/env bash
# scripts/pipelines/mysql-users as a user has it: both ways to begin, topics, current rows, an aggregate that stays right
# under updates, deletes and replays, dead letters mended and replayed, a purged binary log repaired by what differs.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline_users.bash"

say "settings that are wrong"
SNAPSHOT_MODE=never expect_exit 2 "$pipeline" setup 2>err
expect_words err "none of: initial schema_only"

say "set up, start, verify"
"$pipeline" setup 2>setup.err || fail "setup"
find_servers
"$pipeline" start 2>start.err || fail "start"
parity
expect_words verify.txt "mydb.users     1000 rows  same"
engine=$(ch "SELECT engine_full FROM system.tables WHERE database = 'mydb' AND name = 'users_raw'")
[[ $engine == "ReplacingMergeTree(_version, is_deleted)"* ]] || fail "users_raw is $engine"
for topic in users products orders; do
    expect "partitions of $topic" "$(admin partitions "mysql-cdc.mydb.$topic")" 3
    expect "days that $topic is kept" "$(admin config "mysql-cdc.mydb.$topic" retention.ms)" $((7 * 86400 * 1000))
done
expect "group" "$("$pipeline" lag --json 2>/dev/null | jq -r '.hops[] | select(.kind == "group") | .name')" clickhouse-sink-group

say "updates, deletes, other keys, other days, and the topics once more: the aggregate is that of the source"
ch "CREATE MATERIALIZED VIEW naive ENGINE = SummingMergeTree ORDER BY (day, country) AS
    SELECT ifNull(toDate32(created_at), toDate32(0)) AS day, ifNull(country, '') AS country, toUInt64(1) AS users FROM users_raw"
"$ROOT/scripts/generate-load" --source "$SOURCE/mydb" --rate 0 --events 400 --batch 5 2>load.err || fail "generate-load"
my "UPDATE users SET country = 'SE' WHERE id % 7 = 0; UPDATE users SET created_at = created_at - INTERVAL 5 DAY WHERE id % 11 = 0;
    DELETE FROM users WHERE id % 13 = 0; UPDATE users SET id = id + 500000 WHERE id % 97 = 0"
parity
"$pipeline" replay beginning 2>replay.err || fail "replay"
parity
[ "$(ch "SELECT sum(users) FROM naive")" -gt "$(my "SELECT COUNT(*) FROM users")" ] || fail "a summing view counts right: the page says it does not"
my "TRUNCATE TABLE users; INSERT INTO users (first_name, country, created_at) VALUES ('new', 'FI', '2026-02-03')"
parity
expect "after a truncate" "$(ch "SELECT * FROM users_by_day FORMAT CSV")" '"2026-02-03","FI",1'

say "what the target refuses is in the topic, mended and replayed"
my "INSERT INTO users (first_name, country) VALUES ('a', 'NO'), ('b', 'NO'), ('c', 'DK')"
parity
expect "no letters yet" "$("$pipeline" dead-letters 2>/dev/null | wc -l)" 0
ch "ALTER TABLE users_raw ADD CONSTRAINT known CHECK country != 'NO'"
my "UPDATE users SET last_name = 'x' WHERE country = 'NO'"
letters() { "$pipeline" dead-letters 2>/dev/null | wc -l; }
wait_until 30 eval '[ "$(letters)" -ge 2 ]'
my "UPDATE users SET last_name = 'y' WHERE country = 'NO'; UPDATE users SET last_name = 'y' WHERE country = 'DK'"
wait_until 30 eval '[ "$(letters)" -ge 4 ]'
wait_until 30 eval "[ \"\$(ch \"SELECT last_name FROM users WHERE country = 'DK'\")\" = y ]"
expect_exit 5 "$pipeline" replay dead-letters 2>replay.err
"$pipeline" dead-letters 2>/dev/null | jq -c '.dead_letter.bytes | @base64d | fromjson' | sed 's/"NO"/"XX"/g' >mended
"$pipeline" replay dead-letters mended 2>replay.err || fail "replay of mended letters"
expect "the mended rows" "$(ch "SELECT count() FROM users WHERE country = 'XX' AND last_name = 'y'")" 2
expect_exit 1 "$pipeline" verify >verify.txt 2>&1
ch "ALTER TABLE users_raw DROP CONSTRAINT known"
"$pipeline" repair >repair.txt 2>repair.err || fail "repair" # what was mended differs, and is repaired
parity

say "figures for Prometheus: of every stage, and of every alert and panel that a MySQL pipeline has"
for n in 0 1 2 3; do curl -sS "http://127.0.0.1:$((METRICS_PORT + n))/metrics"; done >metrics.txt
wait_until 30 test -s "$state/cdc_lag_mysql-users.prom"
cat "$state/cdc_lag_mysql-users.prom" >>metrics.txt
promtool check metrics <metrics.txt >promtool.txt 2>&1 && [ ! -s promtool.txt ] || { cat promtool.txt; fail "promtool"; }
for figure in cdc_capture_changes_total cdc_publish_records_total cdc_consume_bytes_total cdc_load_rows_total cdc_load_parked_keys \
    cdc_load_dead_letters_total cdc_lag_seconds cdc_log_retained_bytes cdc_log_files cdc_lag_run_timestamp_seconds; do
    grep -qE "^$figure[ {]" metrics.txt || fail "no $figure"
done

say "a stage is killed"
for stage in "capture cdc-capture" "load cdc-load"; do
    read -r pipe name <<<"$stage"
    before=$(restarts "$pipe")
    kill_stage "$pipe" "$name"
    my "INSERT INTO users (first_name, country) VALUES ('k', 'IS')"
    wait_until 20 eval "[ \$(restarts $pipe) -gt $before ]"
    wait_until 20 is "$pipe" running
done
parity

say "a topic's retention passes what was not loaded: named exactly, and only what is missing is brought"
consume=$(tool load cdc-consume)
kill -STOP "$consume"
before=$(users_end orders)
my "UPDATE orders SET quantity = quantity + 100 WHERE id <= 30"
wait_until 20 eval "[ \$(users_end orders) -ge $((before + 30)) ]"
for partition in 0 1 2; do
    admin delete-records mysql-cdc.mydb.orders $partition \
        "$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -Q -t "mysql-cdc.mydb.orders:$partition:-1" | awk '{ print $NF }')"
done
kill -9 "$consume"
wait_until 40 is load failed
expect_words status.txt "position lost: mysql-users repair"
expect_words status.txt "are gone"
before=$(users_end orders)
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
expect_words repair.err "going on with what they have"
parity
brought=$(($(users_end orders) - before))
[ "$brought" -ge 1 ] && [ "$brought" -lt 60 ] || fail "$brought records for 30 rows"

say "the binary log is purged behind us: named exactly, and only what is missing is brought"
"$pipeline" stop 2>stop.err || fail "stop"
at=$(jq -r .checkpoint.position "$state/capture.json")
my "UPDATE users SET last_name = 'purged' WHERE id <= 2; FLUSH BINARY LOGS"
my "DELETE FROM orders WHERE id = 7; FLUSH BINARY LOGS"
purge_logs_to "$(my "SHOW MASTER STATUS" | cut -f1)"
"$pipeline" start 2>start.err || fail "start"
wait_until 20 is capture failed
expect_words status.txt "position lost: mysql-users repair"
expect_words status.txt "no longer has the log behind $at"
before=$(($(users_end users) + $(users_end orders) + $(users_end products)))
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
expect_words repair.err "lines of repair were written"
parity
brought=$(($(users_end users) + $(users_end orders) + $(users_end products) - before))
[ "$brought" -lt 20 ] || fail "$brought records for 3 rows"
my "INSERT INTO users (first_name, country) VALUES ('behind', 'PT')"
parity
cut -f3,4 "$state/audit.log" | grep -q $'verb=repair\tresult=' || fail "the audit log"

say "nothing is left"
"$pipeline" destroy --yes 2>destroy.err || fail "destroy"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"

say "schema_only: tables, and what comes from now on"
export SNAPSHOT_MODE=schema_only
"$pipeline" setup 2>setup.err || fail "setup"
find_servers
"$pipeline" start 2>start.err || fail "start"
wait_until 30 eval '[ "$(ch "EXISTS users")" = 1 ]'
my "INSERT INTO users (first_name, country) VALUES ('s', 'CH')"
wait_until 30 eval '[ "$(ch "SELECT count() FROM users")" = 1 ]'
expect "rows from before" "$(ch "SELECT count() FROM orders")" 0
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
parity
say done
