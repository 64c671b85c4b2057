#!/usr/bin/env bash
# A standby that is promoted while it is read (PostgreSQL 16 and later): what commits from there on has
# the new timeline as its epoch, and so has the checkpoint, without a new connection.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
name=postgres${CDC_TEST_POSTGRES_VERSION:-16}
export CDC_PG_CONF=$'hot_standby_feedback = on\nfsync = off'
start "$name"
url=CDC_TEST_${name^^}_URL
CDC_TEST_POSTGRES_URL=${!url}
create_db
sql "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION capture WITH (publish_via_partition_root = true); ALTER PUBLICATION capture ADD TABLE t"
standby "$name" "primary_slot_name = 'standby'"
PRIMARY=$(pg_url)
STANDBY=$STANDBY/$DB
there() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$STANDBY" -c "$1"; }
(while sql "SELECT pg_log_standby_snapshot()" >/dev/null 2>&1; do sleep 0.5; done) &
there "SELECT pg_create_logical_replication_slot('capture', 'pgoutput')" >/dev/null
sql "INSERT INTO t VALUES (1, 'on the primary')"
cdc-capture --source "$STANDBY" --slot capture --checkpoint state.json --heartbeat 300ms 2>capture.err | sink state.json &
wait_until 30 grep -q '"id":1' state.json.lines
there "SELECT pg_promote()" >/dev/null
wait_until 30 there "INSERT INTO t VALUES (2, 'on the promoted one')"
there "UPDATE t SET v = 'changed' WHERE id = 1"
wait_until 30 grep -q '"op":"u"' state.json.lines
epochs() { jq -r 'select(.op) | .source.order[0:4] + " " + .op' state.json.lines | sort -u | tr '\n' ' '; }
expect "epochs" "$(epochs)" "0001 c 0002 c 0002 u "
at_epoch_2() { [ "$(jq -r '.checkpoint.order[0:4]' state.json)" = 0002 ]; }
wait_until 20 at_epoch_2
expect "connections" "$(grep -c 'streaming from slot' capture.err)" 1
expect_words capture.err "timeline 2"
pid=$(there "SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'capture'")
there "SELECT pg_terminate_backend($pid)" >/dev/null
there "INSERT INTO t VALUES (3, 'behind a new connection')"
wait_until 30 grep -q '"id":3' state.json.lines
expect "epochs" "$(epochs)" "0001 c 0002 c 0002 u "
expect "changes, each once" "$(jq -r 'select(.op) | .op' state.json.lines | wc -l)" 4
