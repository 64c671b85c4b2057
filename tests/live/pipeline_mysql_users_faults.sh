#!/usr/bin/env bash
# mysql-users between servers that fail under its hands, while a shop writes: stages killed, the broker away, the target's
# disk full, the network cut, passwords changed. After each the rows are the same, and nobody started anything again.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline_mysql.bash"
AWAY=$([ -n "$SOAK" ] && echo 60 || echo 5) # seconds
ROUNDS=$([ -n "$SOAK" ] && echo 10 || echo 1)

say "servers elsewhere, a user with the rights of the pages, passwords in files"
printf 'cdc:first\ndefault:\n' >users
CDC_CLICKHOUSE_FRONT_ARGS="--user-file $WORK/users"
mkdir -p "$CDC_SERVICES_DIR/clickhouse/data"
mount -t tmpfs -o size=200m none "$CDC_SERVICES_DIR/clickhouse/data" || fail "no right to mount a file system: run as root"
at_end() {
    pipeline_with_env destroy --yes
    umount -l "$CDC_SERVICES_DIR/clickhouse/data"
}
export CDC_CLICKHOUSE_FRONT_ARGS
start "$SERVER" kafka clickhouse
find_servers
mariadb --no-defaults -h 127.0.0.1 -P "${SOURCE##*:}" -u root -e "CREATE DATABASE mydb CHARACTER SET utf8mb4;
    CREATE USER cdc IDENTIFIED BY 'first'; GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD ON *.* TO cdc; GRANT SELECT ON mydb.* TO cdc"
my "$(cat "$ROOT/scripts/pipelines/sql/mydb.sql")"
port_of() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
source_port=$(port_of) target_port=$(port_of)
network() { # up, silent, again, down
    case $1 in
        up)
            "$HERE/proxy.py" "$source_port" "${SOURCE##*:}" 2>>proxy.err & source_proxy=$!
            at=${CDC_TEST_CLICKHOUSE_URL##*:}
            "$HERE/proxy.py" "$target_port" "${at%%/*}" 2>>proxy.err & target_proxy=$!
            wait_until 10 eval "exec 8<>/dev/tcp/127.0.0.1/$source_port 9<>/dev/tcp/127.0.0.1/$target_port 8>&- 9>&-" ;;
        silent) kill -STOP $source_proxy $target_proxy ;;
        again) kill -CONT $source_proxy $target_proxy ;;
        down) kill -9 $source_proxy $target_proxy; wait $source_proxy $target_proxy || true ;;
    esac 2>/dev/null
}
network up
password() { # NEW: into the files
    printf '[client]\npassword=%s\n' "$1" >my.cnf.new && mv my.cnf.new my.cnf
    echo "$1" >password.new && mv password.new password
}
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
            kill -9 "$(tool ${stage})" || fail "$stage does not run"
            sleep 2.5
        done
    }
    writing kill_stages
    settled
    before="$(restarts capture) $(restarts load)"

    say "round $round: the broker is away for $AWAY s"
    broker_away() {
        "$ROOT/scripts/services" stop kafka >>services.log 2>&1
        sleep "$AWAY"
        "$ROOT/scripts/services" start kafka >>services.log 2>&1
    }
    writing broker_away
    settled

    say "round $round: the target's disk is full, then it is not"
    disk_full() {
        dd if=/dev/zero of="$CDC_SERVICES_DIR/clickhouse/data/filler" bs=64k >dd.err 2>&1 || true
        wait_until 60 eval 'tail -n +$((lines + 1)) "$state/logs/load.log" | grep -qiE "space|No space"'
        sleep "$AWAY"
        rm "$CDC_SERVICES_DIR/clickhouse/data/filler"
    }
    lines=$(wc -l <"$state/logs/load.log")
    writing disk_full
    settled

    say "round $round: the network is silent, then it breaks"
    network_cut() {
        network silent
        sleep "$AWAY"
        network again
        sleep 2
        network down
        sleep "$AWAY"
        network up
    }
    writing network_cut
    settled

    say "round $round: passwords are changed, the servers first, the files later; nothing is started again"
    change_passwords() {
        local now=changed$round
        printf 'cdc:%s\ndefault:\n' "$now" >users.new && mv users.new users
        my "ALTER USER cdc IDENTIFIED BY '$now'"
        for id in $(my "SELECT id FROM information_schema.processlist WHERE user = 'cdc'"); do my "KILL $id" 2>/dev/null || true; done
        sleep 3
        password "$now"
    }
    writing change_passwords
    settled
    expect "restarts since the stages were killed" "$(restarts capture) $(restarts load)" "$before"
done
say "stop"
pipeline_with_env stop 2>stop.err || fail "stop"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"
say done
