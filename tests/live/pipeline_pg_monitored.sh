#!/usr/bin/env bash
# scripts/pipelines/pg-monitored under a real Prometheus and Alertmanager: figures that promtool accepts, data for
# every panel and alert of ours, a schema change that needs no restart, and a stopped stage whose alert arrives.
. "$(dirname "$0")/lib.sh"
for tool in prometheus prometheus-alertmanager promtool prometheus-node-exporter prometheus-postgres-exporter prometheus-mysqld-exporter; do
    command -v $tool >/dev/null || fail "no $tool; run scripts/install-deps"
done
. "$HERE/pipeline.bash"
the_pipeline pg-monitored
export TEXTFILES=$WORK/textfiles CDC_PG_CONF='max_slot_wal_keep_size = 4GB'
mkdir textfiles monitoring
at_end() { "$ROOT/scripts/services" stop --purge mariadb; "$pipeline" destroy --yes; } # destroy takes the folder of the servers away

"$pipeline" setup 2>setup.err || fail "setup"
eval "$("$ROOT/scripts/services" env postgres kafka clickhouse)"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=inventory
"$pipeline" start 2>start.err || fail "start"
"$ROOT/scripts/generate-load" --source "$(pg_url)" --rate 10 2>load.err &
load=$!

say "Prometheus, Alertmanager and Debian's exporters"
start mariadb
prometheus_port=$(free_port) alerts_port=$(free_port) node_port=$(free_port) hook_port=$(free_port) pg_port=$(free_port) mysql_port=$(free_port)
cp "$ROOT"/scripts/monitoring/*.yml monitoring/
sed -i -e 's/15s/1s/' -e "s/127.0.0.1:9093/127.0.0.1:$alerts_port/" -e "s/127.0.0.1:9100/127.0.0.1:$node_port/" \
    monitoring/prometheus.yml
DATABASE_EXPORTER=127.0.0.1:$pg_port "$pipeline" --prometheus monitoring/targets 2>err || fail "--prometheus"
DATABASE_EXPORTER=127.0.0.1:$mysql_port "$ROOT/scripts/pipelines/mysql-users" --prometheus >mysql.targets
sed '1,/^# targets.mysql/d' mysql.targets >monitoring/targets/mysql-other.yml # another one's, whose tools do not run here
sed -i 's/for: .*m$/for: 6s/' monitoring/rules.yml # an answer that a busy machine is late with is no alert
sed -i -e "s/9095/$hook_port/" -e 's/group_wait: .*/group_wait: 1s/' monitoring/alertmanager.yml
cat >hook.py <<'PY'
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open("received", "ab") as out:
            out.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\n")
        self.send_response(200), self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
PY
python3 hook.py "$hook_port" &
prometheus-node-exporter --web.listen-address="127.0.0.1:$node_port" --collector.textfile.directory="$TEXTFILES" >node.log 2>&1 &
DATA_SOURCE_NAME="$(pg_url)?sslmode=disable" prometheus-postgres-exporter --web.listen-address="127.0.0.1:$pg_port" >pg.log 2>&1 &
mariadb_place=${CDC_TEST_MARIADB_URL#*@}
DATA_SOURCE_NAME="root@(${mariadb_place%%/*})/" prometheus-mysqld-exporter --web.listen-address="127.0.0.1:$mysql_port" --collect.binlog_size >mysqld.log 2>&1 &
cdc-lag --source "$CDC_TEST_MARIADB_URL" --quiet --watch 2s --prometheus "$TEXTFILES/mariadb.prom" 2>lag.err &
prometheus --config.file=monitoring/prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$prometheus_port" >prometheus.log 2>&1 &
prometheus-alertmanager --config.file=monitoring/alertmanager.yml --storage.path=alerts --cluster.listen-address= \
    --web.listen-address="127.0.0.1:$alerts_port" >alertmanager.log 2>&1 &
ask() { curl -sS --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query"; }
has_data() { [ "$(ask "$1" | jq '.data.result | length')" -gt 0 ]; }

say "a schema change reaches the target, and nothing is started again"
wait_until 60 eval '[ "$(ch "SELECT count() FROM orders")" -ge 5000 ]'
sql "ALTER TABLE inventory.orders ADD COLUMN note text; UPDATE inventory.orders SET note = 'new' WHERE id = 7"
wait_until 30 eval '[ "$(ch "SELECT note FROM orders WHERE id = 7")" = new ]'
expect "restarts" "$(cat "$state"/run/*.restarts | sort -u)" 0
topics=$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -L | grep -o 'topic "[^"]*"')
for topic in heartbeat schema-changes; do grep -qF "\"postgres-server.$topic\"" <<<"$topics" || fail "no topic $topic"; done

say "figures"

"$pipeline" verify >verify.txt 2>&1 || { cat verify.txt; fail "verify"; }
"$ROOT/scripts/cron/cdc-check" --textfile textfiles/check.prom --max-seconds 60 "$pipeline" >report.txt 2>&1 || { cat report.txt; fail "cdc-check"; }
for n in 0 1 2 3; do curl -sS "http://127.0.0.1:$((METRICS_PORT + n))/metrics"; done >metrics.txt
promtool check metrics <metrics.txt >promtool.txt 2>&1 && [ ! -s promtool.txt ] || { cat promtool.txt; fail "promtool"; }
for file in cdc_lag_pg-monitored mariadb check; do
    promtool check metrics <"textfiles/$file.prom" >promtool.txt 2>&1 && [ ! -s promtool.txt ] || { cat promtool.txt; fail "promtool"; }
done
expect_words metrics.txt cdc_load_resident_memory_bytes
expect_words metrics.txt 'cdc_load_table_rows_total{table="inventory.orders"}'
say "man pages list all that is told"
sed -n 's/^# TYPE \(cdc_[a-z_]*\) .*/\1/p' metrics.txt textfiles/cdc_lag*.prom textfiles/mariadb.prom | sort -u >told
cat "$ROOT"/man/*.md | grep -oE '^\| `cdc_[a-z_]+' | cut -c4- | sort -u >listed
expect "told and not listed" "$(comm -23 told listed)" ""

say "looking at topics, as cdc-pipelines(7) says"
export BROKERS=$CDC_TEST_KAFKA_BROKERS
sed -n '/^# LOOKING AT TOPICS/,/^# LOAD/p' "$ROOT/man/cdc-pipelines.7.md" | sed -n 's/^    //p' | grep -v '^…' |
    sed -e 's/pg-orders/pg-monitored/' -e 's/2025-07-21T10:00:00Z/beginning/' >commands
command=
while IFS= read -r line; do
    command+=$line$'\n'
    [[ $line != *'|' ]] || continue # it goes on
    timeout "$([[ $command = *--watch* ]] && echo 20 || echo 60)" bash -o pipefail -c "$command" >seen 2>err </dev/null || [[ $? = 124 && $command = *--watch* ]] || { cat err; fail "$command"; }
    [ -s seen ] || [[ $command = *--quiet* ]] || { cat err; fail "nothing is seen: $command"; }
    command=
done <commands
[ "$(wc -l <commands)" -ge 15 ] || fail "commands"

say "data for every panel, every alert and every recording rule"
wait_until 40 has_data 'cdc_lag_seconds{kind="group"}'
"$HERE/monitoring_expressions.py" "$ROOT/scripts/monitoring" >expressions
[ "$(wc -l <expressions)" -gt 70 ] || fail "expressions"
while IFS= read -r expression; do wait_until 30 has_data "$expression" || fail "no data: $expression"; done <expressions

say "a stage stops: its alert arrives"
! grep -q CdcStageDown received 2>/dev/null || fail "an alert before"
"$pipeline" stop 2>stop.err || fail "stop"
wait_until 30 grep -q '"alertname":"CdcStageDown"' received

repaired() { # WORDS of the repair
    "$pipeline" repair >repair.txt 2>repair.err || fail "repair"
    expect_words repair.err "$1"
    "$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify behind the repair"; }
    ! pgrep -f "$state/run/target.json" >/dev/null || fail "target-position was left behind"
}

say "rows that differ are brought again beside the running pipe, each once"
"$pipeline" start 2>start.err || fail "start"
for pipe in capture load lag; do wait_until 20 is $pipe running; done
sql "INSERT INTO inventory.customers (id, first_name) VALUES (-1, 'a'), (-2, 'b'), (-3, 'c')" # generate-load changes none of them
wait_until 30 eval '[ "$(ch "SELECT count() FROM customers WHERE id < 0")" = 3 ]'
ch "ALTER TABLE customers_final DELETE WHERE id < 0 SETTINGS mutations_sync = 1"
expect_exit 1 "$pipeline" verify >verify.txt 2>verify.err
repaired "3 lines of repair were written"

say "a repair that is cut off leaves nothing behind"
ch "ALTER TABLE customers_final DELETE WHERE id < 0 SETTINGS mutations_sync = 1"
setsid "$pipeline" repair >repair.txt 2>repair.err &
repair=$!
wait_until 20 pgrep -s $repair -x cdc-publish
kill -9 $repair
wait_until 60 eval "! pgrep -s $repair >/dev/null"
repaired "lines of repair were written"

say "the slot is gone: named, and only what is missing is brought"
wait_until 20 eval "[ \"\$(sql postgres 'SELECT active FROM pg_replication_slots')\" = t ]"
kill -TERM $load
wait $load || true
capture=$(tool capture cdc-capture)
kill -STOP "$capture"
sql "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots" >/dev/null
sql "UPDATE inventory.customers SET last_name = 'missed' WHERE id BETWEEN 1 AND 10"
wait_until 10 sql "SELECT pg_drop_replication_slot('pg_monitored')"
kill -CONT "$capture"
wait_until 20 is capture failed
expect_words status.txt "position lost: pg-monitored repair"
repaired "10 lines of repair were written"
sql "INSERT INTO inventory.customers (first_name) VALUES ('behind')"
wait_until 30 eval "[ \"\$(ch \"SELECT count() FROM customers WHERE first_name = 'behind'\")\" = 1 ]"
echo PASSED
