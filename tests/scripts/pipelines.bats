#!/usr/bin/env bats
# scripts/pipelines without servers: tools that only say how they end stand for the real ones. What needs servers is
# in tests/live/pipeline_*.sh.
bats_require_minimum_version 1.5.0

setup() {
    ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    pipelines=$ROOT/scripts/pipelines
    tools=$BATS_TEST_TMPDIR/tools
    export PIPELINE_STATE=$BATS_TEST_TMPDIR/state PIPELINE_ENV=$BATS_TEST_TMPDIR/env PIPELINE_STOP_S=2 CDC_TEST_BIN=$tools
    mkdir "$tools"
    for tool in cdc-capture cdc-snapshot cdc-publish cdc-consume cdc-load cdc-verify cdc-lag cdc-query cdc-transform; do
        # Ends as the file of its name says; without one it stays, as long as nobody stops it.
        cat >"$tools/$tool" <<'TOOL'
#!/usr/bin/env bash
tool=${0##*/}
echo "$tool $*" >>"$CDC_TEST_BIN/calls"
case "$tool $*" in
    *--check | *--drop | *-verify* | *cdc-lag*--connect-timeout* | cdc-snapshot*) exit "$(cat "$CDC_TEST_BIN/$tool.once" 2>/dev/null || echo 0)" ;;
esac
if [ -s "$CDC_TEST_BIN/$tool.ends" ]; then
    echo "2026-01-01T00:00:00.000Z $tool: error: it was told to" >&2
    exit "$(<"$CDC_TEST_BIN/$tool.ends")"
fi
case $tool in
    cdc-publish | cdc-load) exec cat >/dev/null ;;
    cdc-transform) exec cat ;;
    cdc-capture | cdc-consume) while echo line; do sleep 0.1; done 2>/dev/null; exit 1 ;;
esac
exec sleep 1000
TOOL
        chmod +x "$tools/$tool"
    done
    cat >"$PIPELINE_ENV" <<ENV
PIPELINE_SERVICES=elsewhere
CDC_SOURCE=postgresql://app@db/inventory
CDC_BROKERS=k1:9092
CDC_TARGET=http://cdc@ch/inventory
ENV
}

teardown() {
    unset BASH_ENV
    for name in pg-orders pg-monitored mysql-users ecommerce-stream mysql-enrich; do
        [ ! -d "$PIPELINE_STATE/$name" ] || "$pipelines/$name" destroy --yes >&2 || true
    done
}

@test "what is wrong on the command line is exit status 2, with a word about it" {
    run -2 "$pipelines/pg-orders"
    [[ $output == *'no verb given'*'Try "pg-orders --help"'* ]]
    run -2 "$pipelines/pg-orders" pause
    [[ $output == *"unknown verb 'pause'"* ]]
    run -2 "$pipelines/pg-orders" --env "$BATS_TEST_TMPDIR/none" status
    [[ $output == *"--env: cannot read"* ]]
    run -2 "$pipelines/pg-orders" start
    [[ $output == *"is not set up; run: pg-orders setup"* ]]
    run -2 "$pipelines/pg-orders" status --env "$PIPELINE_ENV"
    [[ $output == *"--env stands before the verb: pg-orders --env FILE status"* ]]
    run -2 "$pipelines/pg-orders" repair --tables inventory.orders
    [[ $output == *"repair takes no word more: '--tables inventory.orders'"* ]]
    run -2 "$pipelines/pg-orders" destroy
    [[ $output == *"pg-orders destroy --yes"* ]]
    run -2 "$pipelines/pg-orders" dead-letters
    [[ $output == *"keeps no dead letters"* ]]
    run -2 "$pipelines/pg-orders" watch
    [[ $output == *"has nothing to watch"* ]]
    run -2 "$pipelines/mysql-users" replay dead-letters "$BATS_TEST_TMPDIR/none"
    [[ $output == *"there is no file"* ]]
}

@test "help names every verb" {
    for name in pg-orders pg-monitored mysql-users ecommerce-stream mysql-enrich; do
        run -0 "$pipelines/$name" --help
        for verb in setup start stop restart status lag verify repair replay logs destroy --systemd --env; do
            [[ $output == *$verb* ]] || { echo "$name: $verb"; false; }
        done
    done
}

@test "a pipeline that was not set up says so" {
    run -3 "$pipelines/mysql-users" status
    [ "$output" = "mysql-users: not set up" ]
    run -0 "$pipelines/mysql-users" destroy --yes
    run -1 "$pipelines/mysql-users" logs
}

@test "settings: comments, quotes and spaces; nothing of the file is run; the environment wins" {
    cat >>"$PIPELINE_ENV" <<ENV

  # a comment
  CDC_PREFIX="with quotes"
CDC_GROUP='of \$HOME'
CDC_SLOT=\$(touch $BATS_TEST_TMPDIR/was_run)
CDC_TABLES=a=b
ENV
    CDC_TABLES=mine run -0 "$pipelines/pg-orders" setup
    cat >"$tools/cdc-capture" <<'TOOL'
#!/usr/bin/env bash
printf '%s|' "$CDC_PREFIX" "$CDC_GROUP" "$CDC_SLOT" "$CDC_TABLES" >"$CDC_TEST_BIN/settings"
TOOL
    CDC_TABLES=mine run -0 "$pipelines/pg-orders" setup
    [ "$(<"$tools/settings")" = "with quotes|of \$HOME|\$(touch $BATS_TEST_TMPDIR/was_run)|mine|" ]
    [ ! -e "$BATS_TEST_TMPDIR/was_run" ]
}

@test "settings of a Windows editor: a byte order mark, DOS line ends, blanks behind values" {
    sed -i -e '1s/^/\xef\xbb\xbf/' -e 's/$/ \r/' "$PIPELINE_ENV"
    printf 'CDC_PREFIX="kept blank " \r\n\r\n# a comment\r\nPARTITIONS=7\t\r\n' >>"$PIPELINE_ENV"
    cat >"$tools/cdc-capture" <<'TOOL'
#!/usr/bin/env bash
printf '%s|' "$CDC_SOURCE" "$CDC_TARGET" "$CDC_PREFIX" "$PARTITIONS" >"$CDC_TEST_BIN/settings"
TOOL
    run -0 "$pipelines/pg-orders" setup
    [ "$(<"$tools/settings")" = "postgresql://app@db/inventory|http://cdc@ch/inventory|kept blank |7|" ]
}

@test "settings that are wrong are named with their line" {
    echo 'CDC_SLOT' >>"$PIPELINE_ENV"
    run -2 "$pipelines/pg-orders" status
    [[ $output == *", line 5: not NAME=VALUE: 'CDC_SLOT'"* ]]
    printf 'LD_PRELOAD=x\n' >"$PIPELINE_ENV"
    run -2 "$pipelines/pg-orders" status
    [[ $output == *"line 1: 'LD_PRELOAD' is no setting"* ]]
    printf 'PIPELINE_SERVCES=elsewhere\n' >"$PIPELINE_ENV"
    run -2 "$pipelines/pg-orders" setup
    [[ $output == *"line 1: 'PIPELINE_SERVCES' is no setting"* ]]
    echo 'PIPELINE_SERVICES=somewhere' >"$PIPELINE_ENV"
    run -2 "$pipelines/pg-orders" status
    [[ $output == *"neither local nor elsewhere"* ]]
    echo 'PIPELINE_SERVICES=elsewhere' >"$PIPELINE_ENV"
    run -2 "$pipelines/pg-orders" verify
    [[ $output == *"CDC_SOURCE is not set"*"$PIPELINE_ENV"* ]]
    printf 'SNAPSHOT_MODE=never\n' >"$PIPELINE_ENV"
    run -2 "$pipelines/mysql-users" status
    [[ $output == *"SNAPSHOT_MODE is 'never', which is none of: initial schema_only"* ]]
}

@test "--env comes before PIPELINE_ENV" {
    sed 's/inventory$/other/' "$PIPELINE_ENV" >"$BATS_TEST_TMPDIR/second"
    run -0 "$pipelines/pg-orders" --env "$BATS_TEST_TMPDIR/second" --systemd
    [[ $output == *"--env \"$BATS_TEST_TMPDIR/second\" run capture"* ]]
}

@test "the audit log has who did what, with which result, also of what failed; it outlives destroy" {
    SUDO_USER=ann run -0 "$pipelines/pg-orders" setup
    echo 4 >"$tools/cdc-capture.once"
    run -4 "$pipelines/pg-orders" setup
    echo 0 >"$tools/cdc-capture.once"
    run -0 "$pipelines/pg-orders" stop
    run -0 "$pipelines/pg-orders" status --pipes || [ "$status" = 3 ]
    log=$PIPELINE_STATE/pg-orders/audit.log
    [ "$(cut -f2-4 "$log" | tr '\t' ' ')" = "user=ann verb=setup result=0
user=$(id -un) verb=setup result=4
user=$(id -un) verb=stop result=0" ]
    [[ $(cut -f1 "$log" | head -n 1) =~ ^20[0-9-]+T[0-9:]+Z$ ]]
    run -0 "$pipelines/pg-orders" destroy --yes
    [ ! -e "$PIPELINE_STATE/pg-orders" ]
    grep -q 'verb=destroy pg-orders' "$PIPELINE_STATE/pg-orders.audit.log"
    grep -q 'cdc-capture --drop' "$tools/calls"
}

@test "nothing is dropped at a MySQL source" {
    sed -i 's/^CDC_SOURCE=.*/CDC_SOURCE=mysql:\/\/cdc@db\/mydb/' "$PIPELINE_ENV"
    run -0 "$pipelines/mysql-users" setup
    run -0 "$pipelines/mysql-users" destroy --yes
    ! grep -q -- '--drop' "$tools/calls"
}

@test "--systemd prints a service for each pipe and a target over them" {
    run -0 "$pipelines/mysql-users" --systemd "$BATS_TEST_TMPDIR/units"
    [[ $output == *"systemctl enable --now cdc-mysql-users.target"* ]]
    [ "$(ls "$BATS_TEST_TMPDIR/units" | tr '\n' ' ')" = "cdc-mysql-users-aggregate.service cdc-mysql-users-capture.service cdc-mysql-users-dlq.service cdc-mysql-users-lag.service cdc-mysql-users-load.service cdc-mysql-users.target " ]
    unit=$BATS_TEST_TMPDIR/units/cdc-mysql-users-load.service
    grep -qxF "ExecStart=\"$pipelines/mysql-users\" --env \"$PIPELINE_ENV\" run load" "$unit"
    grep -qxF "RestartPreventExitStatus=2 3 4 5" "$unit"
    grep -qxF "TimeoutStopSec=2s" "$unit"
    grep -qxF "User=$(id -un)" "$unit"
    grep -qxF "Wants=cdc-mysql-users-capture.service cdc-mysql-users-load.service cdc-mysql-users-aggregate.service cdc-mysql-users-dlq.service cdc-mysql-users-lag.service " "$BATS_TEST_TMPDIR/units/cdc-mysql-users.target"
    run -0 "$pipelines/pg-orders" --systemd
    [[ $output == *"# /etc/systemd/system/cdc-pg-orders-load.service"*"# /etc/systemd/system/cdc-pg-orders.target"* ]]
    [ ! -e "$PIPELINE_STATE/pg-orders" ]
}

@test "--prometheus prints what is asked of a pipeline; a folder gets it as files that Prometheus takes" {
    cd "$BATS_TEST_TMPDIR"
    echo METRICS_PORT=19000 >>"$PIPELINE_ENV"
    run -0 "$pipelines/pg-monitored" --prometheus
    [[ $output == *"# targets/cdc-pg-monitored.yml"*"'127.0.0.1:19000'"*"stage: capture"*"'127.0.0.1:19003'"*"stage: load"*"# targets/postgres-pg-monitored.yml"*"'127.0.0.1:9187'"* ]]
    run -0 "$pipelines/pg-monitored" --prometheus targets
    DATABASE_EXPORTER=db:9104 run -0 "$pipelines/mysql-users" --prometheus targets
    [ "$(ls targets | tr '\n' ' ')" = "cdc-mysql-users.yml cdc-pg-monitored.yml mysql-mysql-users.yml postgres-pg-monitored.yml " ]
    grep -qF "'db:9104'" targets/mysql-mysql-users.yml
    cp "$ROOT"/scripts/monitoring/*.yml .
    run -0 promtool check config prometheus.yml
    run -2 "$pipelines/pg-orders" --prometheus
    [[ $output == *"pg-orders tells no figures"* ]]
}

pipe_is() { # NAME PIPE STATE
    local tries=0
    until "$pipelines/$1" status --pipes 2>/dev/null | grep -Eq "^  $2 +$3 "; do
        ((++tries < 100)) || return 1
        sleep 0.1
    done
}

@test "a pipe that fails is started again, one that refuses stays down with its reason" {
    run -0 "$pipelines/pg-orders" setup
    echo 4 >"$tools/cdc-load.ends"
    echo 1 >"$tools/cdc-publish.ends"
    run -0 "$pipelines/pg-orders" start
    pipe_is pg-orders load failed
    run -1 "$pipelines/pg-orders" status --pipes
    [[ $output == *"last exit status 4 (source or target refuses)"*"cdc-load: error: it was told to"* ]]
    pipe_is pg-orders capture 'waiting|running'
    rm "$tools/cdc-publish.ends"
    pipe_is pg-orders capture running
    [ "$(<"$PIPELINE_STATE/pg-orders/run/capture.restarts")" -gt 0 ]
    run -0 "$pipelines/pg-orders" start
    [[ $output == *"runs already"* ]]
    run -0 "$pipelines/pg-orders" stop
    ! pgrep -f "$BATS_TEST_TMPDIR" | grep -vx $$ | xargs -r ps -o args= -p | grep -E 'supervise|run (capture|load)'
}

@test "a stage that a signal ended is the reason, not what the others made of it" {
    run -0 "$pipelines/pg-orders" setup
    run -0 "$pipelines/pg-orders" start
    pipe_is pg-orders load running
    tries=0
    until killed=$(pgrep -s "$(sed -n 's/^pid=\([0-9]*\).*/\1/p' "$PIPELINE_STATE/pg-orders/run/load")" -x cat); do
        ((++tries < 100))
        sleep 0.1
    done
    kill -9 "$killed"
    until run "$pipelines/pg-orders" status --pipes; [[ $output == *"last exit status 1"* ]]; do
        ((++tries < 200))
        sleep 0.1
    done
    [[ $output == *"stage 2 of 2 was ended by signal 9 (KILL)"* ]]
}

@test "a target that does not come is waited for, and what differs then is no verdict" {
    run -0 "$pipelines/pg-orders" setup
    export PIPELINE_VERIFY_S=1
    echo 1 >"$tools/cdc-verify.once"
    run -2 "$pipelines/pg-orders" verify
    [[ $output == *"has not come to where the source was 1 s ago"* ]]
    echo 0 >"$tools/cdc-verify.once"
    run -0 "$pipelines/pg-orders" verify
    PIPELINE_VERIFY_S=soon run -2 "$pipelines/pg-orders" verify
    [[ $output == *"PIPELINE_VERIFY_S is 'soon', which is no whole number"* ]]
}

@test "under systemd: status says that it runs, and start, stop and destroy are refused" {
    run -0 "$pipelines/pg-orders" setup
    INVOCATION_ID=1 setsid "$pipelines/pg-orders" run capture >/dev/null 2>&1 3>&- &
    unit=$!
    pipe_is pg-orders capture running
    run -0 --separate-stderr "$pipelines/pg-orders" status --pipes || [ "$status" = 1 ]
    [[ $output == *"pg-orders runs under systemd (cdc-pg-orders.target)"* ]]
    for verb in start stop "destroy --yes"; do
        run -2 "$pipelines/pg-orders" $verb
        [[ $output == *"systemctl stop cdc-pg-orders.target"* ]]
    done
    kill -TERM -- -$unit
    wait $unit || true
    run -3 "$pipelines/pg-orders" status --pipes
}

@test "destroy keeps the state of what does not stop" {
    run -0 "$pipelines/pg-orders" setup
    run -0 "$pipelines/pg-orders" start
    pipe_is pg-orders load running
    # Signals that end processes do not arrive.
    cat >"$BATS_TEST_TMPDIR/no_kill" <<'BASH'
kill() { case "$*" in *TERM* | *KILL*) return 0 ;; *) builtin kill "$@" ;; esac; }
BASH
    BASH_ENV=$BATS_TEST_TMPDIR/no_kill run -1 "$pipelines/pg-orders" destroy --yes
    [[ $output == *"do not end"* ]]
    [ -s "$PIPELINE_STATE/pg-orders/run/load" ]
    grep -q 'verb=destroy --yes	result=1' "$PIPELINE_STATE/pg-orders/audit.log"
    run -0 "$pipelines/pg-orders" destroy --yes
    [ ! -e "$PIPELINE_STATE/pg-orders" ]
}

@test "letters go on by whole lines, once, and come again where they were not taken; a file that is large begins anew" {
    file=$BATS_TEST_TMPDIR/letters
    forward() { bash -c '
        state=$1 PIPELINE_LOG_BYTES=${4:-1000}
        . "$2"
        forward_news "$3" tee -a "$3.taken" >/dev/null' _ "$PIPELINE_STATE" "$ROOT/scripts/lib/forward.sh" "$file" "$@"; }
    forward
    printf 'one\ntwo\nhal' >"$file"
    forward
    [ "$(<"$file.taken")" = $'one\ntwo' ]
    printf 'f\n' >>"$file"
    forward
    forward
    [ "$(<"$file.taken")" = $'one\ntwo\nhalf' ]
    rm "$file.sent"
    forward
    [ "$(wc -l <"$file.taken")" = 6 ]

    printf 'torn' >>"$file"
    forward 5 # not while it has what was not sent
    [ -s "$file" ] && [ ! -e "$file.1" ]
    printf '\n' >>"$file"
    forward 5
    [ ! -s "$file" ] && [ "$(<"$file.1")" = $'one\ntwo\nhalf\ntorn' ] && [ "$(<"$file.sent")" = 0 ]
    inode=$(stat -c %i "$file")
    for word in second third; do
        echo "$word" >"$file"
        forward 5
    done
    [ "$(tail -n 2 "$file.taken")" = $'second\nthird' ]
    [ "$(cat "$file.1" "$file.2" "$file.3")" = $'third\nsecond\none\ntwo\nhalf\ntorn' ]
    [ "$(stat -c %i "$file")" = "$inode" ]
}

@test "load that lost its place in the topics: repair reads what they have, once, and the pipe goes on" {
    run -0 "$pipelines/pg-orders" setup
    echo 3 >"$tools/cdc-consume.ends"
    run -0 "$pipelines/pg-orders" start
    pipe_is pg-orders load failed
    export PIPELINE_VERIFY_S=0
    run -3 "$pipelines/pg-orders" repair
    [[ $output == *"the topics no longer have what the checkpoint needs"* ]]
    pipe_is pg-orders load failed
    # As the real one does when it may begin again.
    sed -i '2i [ -z "${CDC_BEGIN_AGAIN:-}${CDC_EXIT_AT_END:-}" ] || { echo "$CDC_BEGIN_AGAIN $CDC_EXIT_AT_END" >>"$CDC_TEST_BIN/again"; rm -f "$CDC_TEST_BIN/cdc-consume.ends"; exit 0; }' "$tools/cdc-consume"
    run -0 "$pipelines/pg-orders" repair
    pipe_is pg-orders load running
    [ "$(<"$tools/again")" = "true true" ]
}

@test "deploy is setup and start, terminate is destroy" {
    run -0 "$pipelines/mysql-enrich" deploy
    for pipe in capture enrich load; do pipe_is mysql-enrich $pipe running; done
    run -2 "$pipelines/mysql-enrich" terminate
    [[ $output == *"mysql-enrich terminate --yes"* ]]
    run -0 "$pipelines/mysql-enrich" terminate --yes
    [ ! -e "$PIPELINE_STATE/mysql-enrich" ] && [ ! -e "$PIPELINE_STATE/mysql-enrich.lock" ]
}

@test "a container whose process 1 reaps nothing: what was killed has ended" {
    sed -i 's/cdc-load) exec cat/cdc-load) trap "" TERM; exec sleep 1000/' "$tools/cdc-load"
    cat >"$BATS_TEST_TMPDIR/steps" <<'STEPS'
set -e
"$1" deploy
for _ in {1..100}; do ! "$1" status >/dev/null || break; sleep 0.1; done
kill -KILL -- -"$(sed 's/^pid=\([0-9]*\).*/\1/' "$PIPELINE_STATE/mysql-enrich/run/supervisor")"
"$1" terminate --yes
STEPS
    run -0 unshare --fork --pid --mount-proc python3 -c 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))' \
        bash "$BATS_TEST_TMPDIR/steps" "$pipelines/mysql-enrich"
    [ ! -e "$PIPELINE_STATE/mysql-enrich" ]
}

@test "a format with schemas wants a registry; Flink's SQL wants JSON, and a pipeline with a view" {
    FORMAT=xml run -2 "$pipelines/mysql-enrich" status
    [[ $output == *"FORMAT is 'xml', which is none of: json avro"* ]]
    FORMAT=avro run -2 "$pipelines/mysql-enrich" setup
    [[ $output == *"CDC_REGISTRY is not set"* ]]
    FORMAT=avro CDC_REGISTRY=http://r run -2 "$pipelines/mysql-enrich" flink-sql
    [[ $output == *"FORMAT is 'avro'"* ]]
    run -2 "$pipelines/pg-orders" flink-sql
    [[ $output == *"has no views for Flink"* ]]
}

@test "messages: the places so many records before the ends; nobody's group" {
    run -2 "$pipelines/pg-orders" messages
    [[ $output == *"messages wants a topic or a table"* ]]
    run -2 "$pipelines/pg-orders" messages orders many
    cat >"$tools/cdc-consume" <<'TOOL'
#!/usr/bin/env bash
echo "$* group=${CDC_GROUP:-}" >>"$CDC_TEST_BIN/calls"
case "$*" in
    *"--from end"*) echo '{"checkpoint":{"v":1,"position":"a.orders:0=5,1=70;b.orders:0=2","order":"00"},"ts_ms":1}' ;;
    *) printf '{"key":1}\n{"checkpoint":{}}\n' ;;
esac
TOOL
    run -0 "$pipelines/pg-orders" messages orders 3
    [ "$output" = '{"key":1}' ]
    grep -qF -- '--topics ^postgres-server[.](.*[.])?orders$ --from a.orders:0=2,1=67;b.orders:0=0 --begin-again --exit-at-end --with kafka group=' "$tools/calls"
    ! grep -q 'group=pg-orders' "$tools/calls"
}

@test "a schema registry's login comes from files, and is no word of a command" {
    cat >"$tools/curl" <<'TOOL'
#!/usr/bin/env bash
echo "$*" >>"$CDC_TEST_BIN/calls"
while [ $# != 0 ]; do
    [ "$1" != --config ] || cat "$2" >>"$CDC_TEST_BIN/login"
    shift
done
echo '{"schema":"{\"type\":\"long\"}"}'
TOOL
    chmod +x "$tools/curl"
    echo secret >"$BATS_TEST_TMPDIR/password"
    CDC_REGISTRY="https://ann@r:8081/?passfile=$BATS_TEST_TMPDIR/password&sslrootcert=/ca" run -0 "$pipelines/pg-orders" schemas a/b 2
    [ "$(jq -c . <<<"$output")" = '{"type":"long"}' ]
    grep -qF -- 'https://r:8081/subjects/a%2Fb/versions/2' "$tools/calls"
    ! grep -q secret "$tools/calls"
    [ "$(<"$tools/login")" = $'user = "ann:secret"\ncacert = "/ca"' ]
}
