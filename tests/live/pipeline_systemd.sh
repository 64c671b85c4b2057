#!/usr/bin/env bash
# The units of scripts/pipelines/pg-orders under a real systemd: a manager of its own, in namespaces for processes and
# mounts, so that it needs no machine that systemd has started. It starts the pipes, starts one again that was killed,
# leaves one down that refuses, and stops them drained.
. "$(dirname "$0")/lib.sh"
[ -x /lib/systemd/systemd ] || fail "no systemd; run scripts/install-deps"
unshare -mp --fork true || fail "no right to namespaces: run as root"
start postgres kafka clickhouse
create_db
sql "$(cat "$ROOT/scripts/pipelines/sql/inventory.sql")"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=inventory
cat >env <<ENV
PIPELINE_SERVICES=elsewhere
CDC_SOURCE=$(pg_url)
CDC_BROKERS=$CDC_TEST_KAFKA_BROKERS
CDC_TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/inventory
ENV
export WORK ROOT BIN SQL_URL TARGET
SQL_URL=$(pg_url)

# In the namespaces; /run is theirs, and what the units may not see (/tmp) holds nothing that they need.
cat >inside <<'INSIDE'
set -uo pipefail
pipeline=$ROOT/scripts/pipelines/pg-orders
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user /run/units /run/cdc
cp env /run/cdc/env
export XDG_RUNTIME_DIR=/run/user SYSTEMD_UNIT_PATH=/run/units:/usr/lib/systemd/user PIPELINE_STATE=/run/cdc/state PIPELINE_ENV=/run/cdc/env
state=$PIPELINE_STATE/pg-orders
fail() {
    echo "FAILED: $*"
    systemctl --user --no-pager status 'cdc-*' 2>&1 | tail -n 40
    tail -n 20 /run/cdc/*.log "$state"/run/*.end "$state"/run/*.codes
    exit 1
}
wait_until() { # SECONDS COMMAND…
    local end=$((SECONDS + 3 * $1)) # as in lib.sh
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited in vain for: $*"
        sleep 0.2
    done
}
rows() { [ "$(curl -sS --data-binary "SELECT count() FROM orders" "$TARGET")" = "$1" ]; }
sql() { psql -X -q -v ON_ERROR_STOP=1 -d "$SQL_URL" -c "$1"; }
is() { [ "$(systemctl --user show -P ActiveState "cdc-pg-orders-$1.service")" = "$2" ]; } # PIPE STATE
restarts() { systemctl --user show -P NRestarts "cdc-pg-orders-$1.service"; }
tool() { pgrep -x "$1"; }

"$pipeline" setup 2>setup.err || fail "setup"
"$pipeline" --systemd /run/units 2>/dev/null || fail "--systemd"
# A clone below /tmp would be hidden from its own units.
[[ $ROOT/ != /tmp/* && $BIN/ != /tmp/* ]] || sed -i 's/^PrivateTmp=.*/PrivateTmp=no/' /run/units/*.service
# There is no journal here.
sed -i '/^\[Service\]/a StandardError=append:/run/cdc/%n.log' /run/units/*.service
# This manager's own user is the one of the units.
sed -i '/^User=/d' /run/units/*.service
/lib/systemd/systemd --user --log-target=console >systemd.err 2>&1 &
wait_until 20 systemctl --user is-system-running --wait
systemctl --user set-environment "CDC_TEST_BIN=$BIN"

echo "--- start: rows come"
systemctl --user start cdc-pg-orders.target || fail "start"
wait_until 60 rows 5000
is capture active && is load active || fail "not active"
"$pipeline" status --pipes >status.txt || { cat status.txt; fail "status"; }
grep -q "runs under systemd" status.txt || fail "status: $(cat status.txt)"
"$pipeline" stop 2>err
[ $? = 2 ] || fail "stop beside systemd"

echo "--- a stage is killed: the pipe is started again"
kill -9 "$(tool cdc-load)"
sql "INSERT INTO inventory.orders (quantity) SELECT 1 FROM generate_series(1, 10)"
wait_until 60 rows 5010
[ "$(restarts load)" = 1 ] && [ "$(restarts capture)" = 0 ] || fail "restarts: $(restarts load), $(restarts capture)"
"$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify"; }

echo "--- what would come again stays down"
echo CDC_BATCH_ROWS=many >>/run/cdc/env
systemctl --user restart cdc-pg-orders-load.service
wait_until 30 is load failed
[ "$(systemctl --user show -P ExecMainStatus cdc-pg-orders-load.service)" = 2 ] || fail "exit status"
sleep 6 # RestartSec
is load failed || fail "started again after 2"
is capture active || fail "capture went with it"
"$pipeline" status --pipes >status.txt
grep -q "last exit status 2 (wrong usage)" status.txt || fail "status: $(cat status.txt)"
cp env /run/cdc/env
systemctl --user start cdc-pg-orders-load.service

"$pipeline" logs 2>logs.txt
[ $? = 1 ] && grep -q "journalctl" logs.txt || fail "logs"

echo "--- stop: drained, nothing runs, nothing is lost"
sql "INSERT INTO inventory.orders (quantity) SELECT 1 FROM generate_series(1, 10)"
wait_until 60 rows 5020
systemctl --user stop cdc-pg-orders.target || fail "stop"
for pipe in capture load; do wait_until 30 is $pipe inactive; done # the units stop with their target, and it does not wait
[ -z "$(pgrep cdc-)" ] || fail "tools run"
grep -q '"snapshot":"done"' "$state/capture.json" || fail "the checkpoint"
systemctl --user exit
INSIDE
say "a manager in namespaces of its own"
unshare -mp --fork --kill-child --mount-proc bash inside || fail "under systemd"
say done
