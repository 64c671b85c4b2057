#!/usr/bin/env bash
# SIGTERM and SIGINT: at a transaction's end, inside one, with a sink that answers late or never, and
# twice. Connections that are cut, and a server that is killed and comes back.
# Pain 39: what was acknowledged is confirmed at a clean stop, and not read again.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
sql "CREATE TABLE t (id integer PRIMARY KEY, v text)"
capture --create --exit-after-create 2>/dev/null
ids() { cat "$@" | jq -r 'select(.op == "c") | .key.id' | sort -nu | wc -l; }

# Runs capture with OPTIONS into `sink FILE`, gives its pid in $pid and its status in FILE.code.
run_pipe() { # FILE OPTIONS…
    local file=$1
    shift
    rm -f pipe
    mkfifo pipe
    sink "$file" <pipe &
    sink_pid=$!
    (
        code=0
        cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint "$file" "$@" >pipe 2>>"$file.err" || code=$?
        echo $code >"$file.code"
    ) &
    shell=$!
    wait_until 10 pgrep -P $shell cdc-capture
    pid=$(pgrep -P $shell cdc-capture)
}

say "SIGINT between transactions: acknowledged, and nothing is read again"
sql "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 100) i"
run_pipe state.json
wait_until 20 grep -q '"id":100}' state.json.lines
kill -INT $pid
wait $shell $sink_pid
expect "exit status" "$(cat state.json.code)" 0
expect "the slot" "$(slot_is confirmed_flush_lsn)" "$(jq -r .checkpoint.position state.json)"
expect "read again" "$(capture --checkpoint state.json --peek --exit-at-end 2>/dev/null | ids)" 0

say "SIGTERM while a look at the catalog connects anew"
run_pipe state.json --log-level debug
looks="FROM pg_stat_activity WHERE application_name = 'cdc-capture' AND query ~ 'pg_current_snapshot'"
wait_until 20 eval '[ "$(sql "SELECT count(*) $looks")" = 1 ]'
sql "ALTER SYSTEM SET pre_auth_delay = '4s'"
sql "SELECT pg_reload_conf(); SELECT pg_sleep(0.5)" >/dev/null
wait_until 20 eval '[ "$(sql "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) $looks")" = 1 ]'
wait_until 60 grep -q "a look at the catalog failed" state.json.err
sleep 2 # it connects
kill -TERM $pid
wait $shell $sink_pid
expect "exit status" "$(cat state.json.code)" 0
sql "ALTER SYSTEM RESET pre_auth_delay" && sql "SELECT pg_reload_conf()" >/dev/null

say "SIGTERM inside a transaction: it is finished first"
sql "INSERT INTO t SELECT i, 'x' FROM generate_series(101, 200000) i"
run_pipe state.json
wait_until 20 grep -q '"id":150}' state.json.lines
kill -TERM $pid
wait $shell $sink_pid
expect "exit status" "$(cat state.json.code)" 0
expect "rows" "$(ids state.json.lines)" 200000

say "SIGTERM, and a sink that never writes its file: time is over, exit 1, not confirmed"
before=$(slot_is confirmed_flush_lsn)
sql "INSERT INTO t VALUES (200001, 'x')"
(
    code=0
    capture --checkpoint never.json --drain 2s --until-idle 500ms 2>never.err || code=$?
    echo $code >never.code
) | cat >never.lines
expect "exit status" "$(cat never.code)" 1
expect_words never.err "within --drain"
expect "the slot" "$(slot_is confirmed_flush_lsn)" "$before"

say "a blocked output: time is over"
sql "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(200002, 230000) i"
mkfifo stuck
(
    code=0
    capture --drain 2s >stuck 2>stuck.err || code=$?
    echo $code >stuck.code
) &
shell=$!
exec 7<stuck
wait_until 10 grep -q streaming stuck.err
sleep 2
kill -TERM "$(pgrep -P $shell cdc-capture)"
SECONDS=0
wait $shell
[ $SECONDS -lt 20 ] || fail "a blocked output held the stop for $SECONDS s"
expect "exit status" "$(cat stuck.code)" 1
exec 7<&-

say "the second signal ends at once"
(
    code=0
    capture --checkpoint never.json 2>twice.err || code=$?
    echo $code >twice.code
) | cat >/dev/null &
shell=$!
wait_until 10 grep -q streaming twice.err
pid=$(pgrep -f "cdc-capture --source $(pg_url) --slot $SLOT --checkpoint never.json")
sleep 0.5
taken() { ! grep -q '^\(Sig\|Shd\)Pnd:.*[4-7c-f]...$' "/proc/$pid/status"; } # a SIGTERM that waits is one, however often it is sent
kill -TERM $pid
wait_until 10 taken
sleep 0.3
kill -TERM $pid
wait $shell
expect "exit status" "$(cat twice.code)" 1
expect_words twice.err "second signal"

say "sessions that are cut, and a server that is killed: capture goes on"
rm -f state.json.lines
run_pipe state.json
wait_until 30 grep -q '"id":230000}' state.json.lines
sql "SELECT pg_terminate_backend('$(slot_is active_pid)')" >/dev/null
sql "INSERT INTO t VALUES (230001, 'x')"
wait_until 30 grep -q '"id":230001}' state.json.lines
"$ROOT/scripts/services" kill postgres 2>/dev/null
sleep 2
"$ROOT/scripts/services" start postgres 2>/dev/null
sql "INSERT INTO t VALUES (230002, 'x')"
wait_until 60 grep -q '"id":230002}' state.json.lines
kill -TERM $pid
wait $shell $sink_pid
expect "exit status" "$(cat state.json.code)" 0
[ "$(grep -c 'streaming from' state.json.err)" -ge 3 ] || fail "no new connections: $(cat state.json.err)"
expect "the slot" "$(slot_is confirmed_flush_lsn)" "$(jq -r .checkpoint.position state.json)"
say "all good"
