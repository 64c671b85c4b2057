#!/usr/bin/env bash
# mysql-users between servers that fail under its hands, while a shop writes: stages killed, the broker away, the target's
# disk full, the network cut, passwords changed. After each the rows are the same, and nobody started anything again.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline_users.bash"
. "$HERE/pipeline_faults.bash"
AWAY=$([ -n "$SOAK" ] && echo 60 || echo 5) # seconds
ROUNDS=$([ -n "$SOAK" ] && echo 10 || echo 1)

say "servers elsewhere, a user with the rights of the pages, passwords in files"
target_of_its_own 200
at_end() {
    pipeline_with_env destroy --yes
    target_gone
}
start "$SERVER" kafka clickhouse
find_servers
make_source
route "${SOURCE##*:}"; source_port=$routed
at=${CDC_TEST_CLICKHOUSE_URL##*:}
route "${at%%/*}"; target_port=$routed
network up
password first
cat >env <<ENV
# as a user writes it
PIPELINE_SERVICES=elsewhere
CDC_SOURCE="$([ "$SERVER" = mysql ] && echo mysql || echo mariadb)://cdc@127.0.0.1:$source_port/mydb?defaults-file=$WORK/my.cnf"
CDC_BROKERS=$CDC_TEST_KAFKA_BROKERS
CDC_TARGET='http://cdc@127.0.0.1:$target_port/mydb?passfile=$WORK/password'
ENV
pipeline_with_env() { "$ROOT/scripts/pipelines/mysql-users" --env "$WORK/env" "$@"; }
pipeline=pipeline_with_env
pipeline_with_env setup 2>setup.err || fail "setup"
pipeline_with_env start 2>start.err || fail "start"

writing() { # COMMAND…: meanwhile, and for a moment before and behind
    "$ROOT/scripts/generate-load" --source "$SOURCE/mydb" --rate 50 --seed "$RANDOM" 2>>shop.err &
    local shop=$!
    sleep 1
    "$@"
    sleep 1
    kill -TERM $shop
    wait $shop || fail "generate-load"
}
settled() { # all pipes run, and the rows are the same
    for pipe in capture load aggregate dlq lag; do wait_until 90 is $pipe running; done
    parity
}
settled

for round in $(seq "$ROUNDS"); do
    say "round $round: stages are killed"
    kill_stages() {
        local stage
        for stage in "capture cdc-capture" "load cdc-load" "capture cdc-publish" "load cdc-consume"; do
            # shellcheck disable=SC2086
            kill_stage $stage
            sleep 2
        done
    }
    writing kill_stages
    settled
    before="$(restarts capture load)"

    say "round $round: the broker is away for $AWAY s"
    writing broker_away
    settled

    say "round $round: the target's disk is full, then it is not"
    writing disk_full "$state"
    settled

    say "round $round: the network is silent, then it breaks"
    writing network_cut
    settled

    say "round $round: passwords are changed, the servers first, the files later; nothing is started again"
    writing change_passwords "changed$round"
    settled
    expect "restarts since the stages were killed" "$(restarts capture load)" "$before"
done
say "stop"
pipeline_with_env stop 2>stop.err || fail "stop"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"
say done
