#!/usr/bin/env bash
# pg-orders and mysql-users side by side, while two shops write and things fail at random: stages killed, the broker away,
# the target's disk full, networks cut, passwords changed, a slot dropped, a binary log purged. Rows stay the same, no
# process is left over, none grows, and the servers keep no more of their logs than is still to be read.
# CDC_TEST_SECONDS: how long (an hour in soak, else five minutes and what was begun); CDC_TEST_SEED: which faults.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline_users.bash"
. "$HERE/pipeline_faults.bash"
SECONDS_OF_IT=${CDC_TEST_SECONDS:-$([ -n "$SOAK" ] && echo 3600 || echo 300)}
AWAY=$([ -n "$SOAK" ] && echo 30 || echo 3) # seconds
RATE=50 # events a second, of each shop
PATIENCE=$((AWAY + 120))
KEPT_BYTES=100000000 # of a log, once all that failed is back
SEED=${CDC_TEST_SEED:-$RANDOM}
RANDOM=$SEED
say "CDC_TEST_SEED=$SEED"

printf -v A_STATE %s "$PIPELINE_STATE/pg-orders"
C_STATE=$state
a() { "$ROOT/scripts/pipelines/pg-orders" --env "$WORK/a.env" "$@"; }
c() { "$ROOT/scripts/pipelines/mysql-users" --env "$WORK/c.env" "$@"; }
both() { a "$@" && c "$@"; }

target_of_its_own $((SECONDS_OF_IT < 1700 ? 300 + SECONDS_OF_IT : 2000)) # megabytes; the engine writes many small parts
at_end() {
    a destroy --yes
    c destroy --yes
    target_gone
}
CDC_PG_CONF='checkpoint_timeout = 30s' start postgres "$SERVER" kafka clickhouse
find_servers
create_db
sql "$(cat "$ROOT/scripts/pipelines/sql/inventory.sql")"
make_source
shops() { echo "$(pg_url)" "$SOURCE/mydb"; }
for shop in $(shops); do "$ROOT/scripts/generate-load" --source "$shop" --create --rate 0 --events 200 2>>shop.err || fail "generate-load"; done
route "$(port=${CDC_TEST_POSTGRES_URL##*:} && echo "${port%%/*}")"; a_port=$routed
route "${SOURCE##*:}"; c_port=$routed
route "$(port=${CDC_TEST_CLICKHOUSE_URL##*:} && echo "${port%%/*}")"; target_port=$routed
network up
password first
env_of() { # SOURCE DATABASE
    cat <<ENV
PIPELINE_SERVICES=elsewhere
PIPELINE_LOG_BYTES=200000
PIPELINE_VERIFY_S=$PATIENCE
CDC_SOURCE=$1
CDC_BROKERS=$CDC_TEST_KAFKA_BROKERS
CDC_TARGET=http://cdc@127.0.0.1:$target_port/$2?passfile=$WORK/password
ENV
}
env_of "postgresql://postgres@127.0.0.1:$a_port/inventory" inventory >a.env
env_of "$([ "$SERVER" = mysql ] && echo mysql || echo mariadb)://cdc@127.0.0.1:$c_port/mydb?defaults-file=$WORK/my.cnf" mydb >c.env
both setup 2>setup.err || fail "setup"
both start 2>start.err || fail "start"

#---------------------------------------------------------------------------- what must hold
pipes_run() {
    a status --pipes >a.status 2>&1 && c status --pipes >c.status 2>&1
}
tools() { "$HERE/pipeline_watch.py" tools "$1" | tr '\n' ' '; }
no_more_tools() {
    [ "$(tools "$A_STATE")" = "cdc-capture cdc-consume cdc-load cdc-publish " ] &&
        [ "$(tools "$C_STATE")" = "cdc-capture cdc-consume cdc-lag cdc-load cdc-publish " ]
}
# Bytes of its log that the server keeps for us.
slot_kept() { sql "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = 'pg_orders'"; }
binlog_kept() {
    my "SHOW BINARY LOGS" | awk -v from="$(binlog_file)" '$1 >= from { n += $2 } END { print n + 0 }'
}
binlog_file() { jq -r '.checkpoint | .file // .position' "$C_STATE/capture.json" | grep -oE "[a-z-]*bin[a-z]*[.][0-9]+" | head -n 1; }
little_is_kept() { [ "$(slot_kept)" -lt $KEPT_BYTES ] && [ "$(binlog_kept)" -lt $KEPT_BYTES ]; }
read_logs_go() { my "FLUSH BINARY LOGS; PURGE BINARY LOGS TO '$(binlog_file)'"; } # what a server's own expiry does

told() { # a or c: 2 is "not known": of rows that are written all the time some may not settle
    answer=0
    "$1" verify >"$1.verify" 2>"$1.verify.err" || answer=$?
    [ "$answer" != 2 ]
}
settled() {
    wait_until $PATIENCE pipes_run
    wait_until 30 no_more_tools
    local pipeline
    for pipeline in a c; do
        wait_until $PATIENCE told $pipeline
        [ "$answer" = 0 ] || { cat $pipeline.verify; fail "verify of $pipeline: $answer"; }
    done
    wait_until $PATIENCE little_is_kept
    read_logs_go
}

writers=()
writing() {
    local shop
    writers=()
    for shop in $(shops); do
        "$ROOT/scripts/generate-load" --source "$shop" --rate "$RATE" --seed "$RANDOM" 2>>shop.err &
        writers+=($!)
    done
}
written() {
    local shop
    kill -TERM "${writers[@]}"
    for shop in "${writers[@]}"; do wait "$shop" || fail "generate-load"; done
}

# Row by row, without our own comparator, while nobody writes.
same_on_both_sides() {
    "$HERE/parity.py" --source "$(pg_url)" --target "${CDC_TEST_CLICKHOUSE_URL%/*}/inventory" \
        inventory.{orders=orders,customers=customers,products=products,order_items=order_items,customer_activity=customer_activity} >parity.err 2>&1 &&
        same_rows && same_counts
}

#---------------------------------------------------------------------------- what fails
some_stage() {
    local stages=("$A_STATE capture cdc-capture" "$A_STATE capture cdc-publish" "$A_STATE load cdc-consume" "$A_STATE load cdc-load"
        "$C_STATE capture cdc-capture" "$C_STATE capture cdc-publish" "$C_STATE load cdc-consume" "$C_STATE load cdc-load")
    read -r state pipe name <<<"${stages[RANDOM % ${#stages[@]}]}"
    say "  ${state##*/}: $name"
    kill_stage "$pipe" "$name"
}
failed() { "$1" status --pipes >$1.status 2>&1 || true; grep -Eq "^  capture +failed " $1.status; } # a or c
repair() { # a or c
    wait_until 60 failed "$1"
    expect_words "$1.status" "position lost"
    "$1" repair >"$1.repair" 2>"$1.repair.err" || fail "repair of $1"
}
lose_slot() {
    local capture
    capture=$(state=$A_STATE tool capture cdc-capture)
    kill -STOP "$capture"
    sql "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active" >/dev/null
    wait_until 20 sql "SELECT pg_drop_replication_slot('pg_orders')"
    sleep 1
    kill -CONT "$capture"
    repair a
}
lose_binlog() {
    c stop 2>stop.err || fail "stop"
    sleep 1
    my "FLUSH BINARY LOGS"
    sleep 1
    my "FLUSH BINARY LOGS"
    purge_logs_to "$(my "SHOW MASTER STATUS" | cut -f1)"
    c start 2>start.err || fail "start"
    repair c
}
new_passwords() { change_passwords "changed$((++passwords))"; }
passwords=0
fill_disk() { disk_full "$C_STATE"; }

# In an order of chance, each once before one comes again.
deck=()
draw() { # FAULT…: sets `fault`
    [ ${#deck[@]} != 0 ] || mapfile -t deck < <(for fault; do echo "$RANDOM $fault"; done | sort | cut -d' ' -f2)
    fault=${deck[0]}
    deck=("${deck[@]:1}")
}

#---------------------------------------------------------------------------- the time of it
say "what is there"
settled
"$HERE/pipeline_watch.py" watch "$A_STATE" "$C_STATE" >samples 2>watch.err &
watch=$!
began=$SECONDS faults=0
while_it_lasts() { # UNTIL FAULT…
    local until=$1
    shift
    deck=()
    while :; do
        writing
        sleep $((1 + RANDOM % 3))
        draw "$@"
        say "$((SECONDS - began)) s: $fault"
        "$fault"
        faults=$((faults + 1))
        sleep 1
        settled
        written
        wait_until $PATIENCE same_on_both_sides
        [ $((SECONDS - began)) -lt "$until" ] || break
    done
}
while_it_lasts $((SECONDS_OF_IT / 2)) some_stage lose_slot some_stage lose_binlog broker_away fill_disk network_cut new_passwords
settled
since=$(date +%s)
restarts_of_both() { cat "$A_STATE"/run/{capture,load}.restarts "$C_STATE"/run/{capture,load}.restarts | tr '\n' ' '; }
before=$(restarts_of_both)
say "from now on nothing ends a process, so that what grows is seen"
while_it_lasts "$SECONDS_OF_IT" broker_away fill_disk network_cut new_passwords
expect "restarts in that time" "$(restarts_of_both)" "$before"
"$HERE/pipeline_watch.py" judge samples "$since" || fail "memory, descriptors"
say "$faults faults, $(sql "SELECT count(*) FROM inventory.orders") and $(my "SELECT COUNT(*) FROM orders") orders, slot $(slot_kept) and binary log $(binlog_kept) bytes kept"
[ "$faults" -ge 2 ] || fail "too few faults"

say "stop, destroy: no process is left over"
kill "$watch"
wait "$watch" || true
both stop 2>stop.err || fail "stop"
[ -z "$(tools "$A_STATE")$(tools "$C_STATE")" ] || fail "tools run"
! pgrep -f "$WORK/(state|a.env|c.env)" >/dev/null || fail "processes of a pipeline run"
say done
