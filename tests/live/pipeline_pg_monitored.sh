#!/usr/bin/env bash
# scripts/pipelines/pg-monitored under a real Prometheus and Alertmanager: figures that promtool accepts, data for
# every panel and alert of ours, a schema change that needs no restart, and a stopped stage whose alert arrives.
. "$(dirname "$0")/lib.sh"
for tool in prometheus prometheus-alertmanager promtool; do
    command -v $tool >/dev/null || fail "no $tool; run scripts/install-deps"
done
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export PIPELINE_STATE=$WORK/state PIPELINE_SERVICES_DIR=$CDC_SERVICES_DIR TEXTFILES=$WORK/textfiles
export METRICS_PORT=$((20000 + RANDOM % 12000)) CDC_PG_CONF='max_slot_wal_keep_size = 4GB'
pipeline=$ROOT/scripts/pipelines/pg-monitored
mkdir textfiles monitoring
at_end() { "$pipeline" destroy --yes; }

"$pipeline" setup 2>setup.err || fail "setup"
eval "$("$ROOT/scripts/services" env postgres kafka clickhouse)"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=inventory
"$pipeline" start 2>start.err || fail "start"
"$ROOT/scripts/generate-load" --source "$(pg_url)" --rate 10 2>load.err &
load=$!

say "Prometheus and Alertmanager"
prometheus_port=$(free_port) alerts_port=$(free_port) files_port=$(free_port) hook_port=$(free_port)
cp "$ROOT"/scripts/monitoring/*.yml monitoring/
sed -i -e 's/15s/1s/' -e "s/127.0.0.1:9093/127.0.0.1:$alerts_port/" -e "s/127.0.0.1:9100/127.0.0.1:$files_port/" monitoring/prometheus.yml
for n in 1 2 3 4; do sed -i "s/127.0.0.1:947$n/127.0.0.1:$((METRICS_PORT + n - 1))/" monitoring/prometheus.yml; done
sed -i 's/for: .*m$/for: 2s/' monitoring/rules.yml
sed -i -e "s/9095/$hook_port/" -e 's/group_wait: .*/group_wait: 1s/' monitoring/alertmanager.yml
cat >hook.py <<'PY'
import http.server, pathlib, sys
files, hook = map(int, sys.argv[1:])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # stands for the node exporter's textfile folder
        body = "".join(p.read_text() for p in sorted(pathlib.Path("textfiles").glob("*.prom"))).encode()
        self.send_response(200), self.send_header("Content-Type", "text/plain"), self.end_headers(), self.wfile.write(body)
    def do_POST(self):
        with open("received", "ab") as out:
            out.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\n")
        self.send_response(200), self.end_headers()
    def log_message(self, *_): pass
import threading
threading.Thread(target=http.server.HTTPServer(("127.0.0.1", files), Answer).serve_forever, daemon=True).start()
http.server.HTTPServer(("127.0.0.1", hook), Answer).serve_forever()
PY
python3 hook.py "$files_port" "$hook_port" &
prometheus --config.file=monitoring/prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$prometheus_port" >prometheus.log 2>&1 &
prometheus-alertmanager --config.file=monitoring/alertmanager.yml --storage.path=alerts --cluster.listen-address= \
    --web.listen-address="127.0.0.1:$alerts_port" >alertmanager.log 2>&1 &
ask() { curl -sS --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query"; }
has_data() { [ "$(ask "$1" | jq '.data.result | length')" -gt 0 ]; }

say "a schema change reaches the target, and nothing is started again"
wait_until 60 eval '[ "$(ch "SELECT count() FROM orders")" -ge 5000 ]'
sql "ALTER TABLE inventory.orders ADD COLUMN note text; UPDATE inventory.orders SET note = 'new' WHERE id = 7"
wait_until 30 eval '[ "$(ch "SELECT note FROM orders WHERE id = 7")" = new ]'
expect "restarts" "$(cat "$PIPELINE_STATE"/pg-monitored/run/*.restarts | sort -u)" 0
topics=$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -L | grep -o 'topic "[^"]*"')
for topic in heartbeat schema-changes; do grep -qF "\"postgres-server.$topic\"" <<<"$topics" || fail "no topic $topic"; done

say "figures"

"$pipeline" verify >verify.txt 2>&1 || { cat verify.txt; fail "verify"; }
"$ROOT/scripts/cron/cdc-check" --textfile textfiles/check.prom --max-seconds 60 "$pipeline" >report.txt 2>&1 || { cat report.txt; fail "cdc-check"; }
for n in 0 1 2 3; do curl -sS "http://127.0.0.1:$((METRICS_PORT + n))/metrics"; done >metrics.txt
promtool check metrics <metrics.txt >promtool.txt 2>&1 && [ ! -s promtool.txt ] || { cat promtool.txt; fail "promtool"; }
cat textfiles/*.prom | promtool check metrics >promtool.txt 2>&1 && [ ! -s promtool.txt ] || { cat promtool.txt; fail "promtool"; }
expect_words metrics.txt cdc_load_resident_memory_bytes

say "data for every panel and every alert of ours"
wait_until 40 has_data 'cdc_lag_seconds{kind="group"}'
jq -r '.panels[].targets[].expr' "$ROOT"/scripts/monitoring/dashboards/*.json | grep 'cdc' >expressions
grep -oE '\bcdc_[a-z_]+' "$ROOT/scripts/monitoring/rules.yml" | grep -v '_$' | sort -u >>expressions
[ "$(wc -l <expressions)" -gt 30 ] || fail "expressions"
while IFS= read -r expression; do wait_until 20 has_data "$expression"; done <expressions
"$ROOT/scripts/monitoring/make-dashboards" monitoring
for file in "$ROOT"/scripts/monitoring/dashboards/*.json; do cmp "$file" "monitoring/${file##*/}" || fail "make-dashboards was not run"; done

say "a stage stops: its alert arrives"
! grep -q CdcStageDown received 2>/dev/null || fail "an alert before"
"$pipeline" stop 2>stop.err || fail "stop"
wait_until 30 grep -q '"alertname":"CdcStageDown"' received
kill $load
echo PASSED
