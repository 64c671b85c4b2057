#!/usr/bin/env bash
# Where a stream of MySQL and MariaDB goes on, and where it must not: by global ids and by file, purged logs,
# RESET, another name of the files, another server.
source "$(dirname "$0")/lib.sh"
start mysql mariadb
my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1"; }
capture() { cdc-capture --source "$URL" --checkpoint state.json --peek --exit-at-end "$@" 2>capture.err; }
# Captures, and takes every line as durable; adds it to $KIND.lines.
step() {
    capture "$@" >part || fail "the stream ended with $?"
    grep '^{"checkpoint"' part | tail -n 1 >next || true
    [ ! -s next ] || cp next state.json
    cat part >>"$KIND.lines"
}
ids() { jq -c 'select(.op) | (.after // .before).id' "$1" | tr '\n' ' '; }
epoch() { jq -r '.checkpoint.order[0:4]' state.json; }
add() { my "INSERT INTO shop.t VALUES ($1)"; }

for KIND in mysql mariadb; do
    [ $KIND = mysql ] && URL=$CDC_TEST_MYSQL_URL/shop || URL=$CDC_TEST_MARIADB_URL/shop
    PORT=${URL##*:} PORT=${PORT%%/*}
    rm -f state.json
    my "CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY)"

    say "$KIND: by global ids, over a rotation, a restart and a purge of what was read"
    step
    first=$(epoch)
    add 1; my "FLUSH LOGS"; add 2
    step
    expect "the rows" "$(ids part)" "1 2 "
    "$ROOT/scripts/services" restart $KIND >>services.log 2>&1
    add 3
    step
    expect "the rows behind a restart" "$(ids part)" "3 "
    expect "the epoch" "$(epoch)" "$first"
    step
    expect "the rows where nothing came" "$(ids part)" ""
    add 4
    step --from-position earliest # of no meaning beside a checkpoint
    expect "the rows" "$(ids part)" "4 "
    jq -e '.checkpoint | .gtids != "" and .history.created > 0 and .history.base == "binlog"' state.json >/dev/null ||
        fail "the checkpoint is $(cat state.json)"

    say "$KIND: a position in the middle of a file"
    end=$(jq -r .checkpoint.position state.json)
    add 5
    cdc-capture --source "$URL" --from-position "$end" --exit-at-end >middle 2>capture.err || fail "from $end: $?"
    expect "the rows from $end on" "$(ids middle)" "5 "
    expect "the sets" "$(jq -r 'select(.checkpoint).checkpoint.gtids' middle | tail -n 1)" \
        "$([ $KIND = mysql ] && my "SELECT @@gtid_executed" || my "SELECT @@gtid_binlog_pos")"

    say "$KIND: behind global ids that another reader has"
    set=$(jq -r .checkpoint.gtids state.json)
    cdc-capture --source "$URL" --from-gtids "$set" --exit-at-end >middle 2>capture.err || fail "from $set: $?"
    expect "the rows behind $set" "$(ids middle)" "5 "
    expect "the sets" "$(jq -r 'select(.checkpoint).checkpoint.gtids' middle | tail -n 1)" \
        "$([ $KIND = mysql ] && my "SELECT @@gtid_executed" || my "SELECT @@gtid_binlog_pos")"
    ahead=$([ $KIND = mysql ] && echo "$set,3e11fa47-71ca-11e1-9e33-c80aa9429562:1" || echo "$set,7-1-1")
    expect_exit 4 cdc-capture --source "$URL" --from-gtids "$ahead" --exit-at-end >middle 2>capture.err
    expect_words capture.err "never held transactions"

    say "$KIND: an order that the log has not reached"
    cp state.json kept.json
    jq -c '.checkpoint.order = "\(.checkpoint.order[0:4])0000ff0000000004000000000000"' kept.json >state.json
    expect_exit 4 capture >middle
    expect "lines" "$(wc -l <middle)" 0
    expect_words capture.err "'state.json' says that the changes before binlog.000255:4 were written, but the log"
    expect_exit 4 cdc-capture --source "$URL" --checkpoint state.json --check 2>capture.err
    expect_words capture.err "'state.json' says that the changes"
    mv kept.json state.json

    say "$KIND: a position behind the end of the log"
    expect_exit 3 cdc-capture --source "$URL" --from-position binlog.009999:4 --exit-at-end >middle 2>capture.err
    expect_words capture.err "position binlog.009999:4 is behind the end of the log"

    say "$KIND: files that were read are purged, without anything new in them"
    step
    my "FLUSH LOGS"; sleep 1.1; my "FLUSH LOGS"
    last=$(my "SHOW BINARY LOGS" | tail -n 1 | cut -f 1)
    purge_logs_to "$last"
    add 6
    step
    expect "the rows behind purged files" "$(ids part)" "6 "

    say "$KIND: purged past us"
    cp state.json kept.json
    add 7; my "FLUSH LOGS"; sleep 0.5; my "FLUSH LOGS"
    last=$(my "SHOW BINARY LOGS" | tail -n 1 | cut -f 1)
    purge_logs_to "$last"
    expect_exit 3 capture >/dev/null
    expect_words capture.err "$last:4"

    say "$KIND: begun again, no change goes out before the file holds the new epoch"
    before=$(epoch)
    rm -f again # the other server's
    cdc-capture --source "$URL" --checkpoint state.json --begin-again --drain 500ms >again 2>capture.err &
    again=$!
    wait_until 20 grep -q '^{"checkpoint"' again
    add 8; sleep 1
    expect "the rows" "$(ids again)" ""
    tail -n 1 again >next; mv next state.json
    [[ $(epoch) > $before ]] || fail "the epoch is $(epoch), before $before"
    came() { [ "$(ids again)" = "8 " ]; }
    wait_until 20 came
    kill -TERM $again; wait $again || true # nobody acknowledges
    cat again >>"$KIND.lines"

    say "$KIND: RESET of the logs"
    my "RESET MASTER"
    expect_exit 4 capture >/dev/null
    expect_words capture.err "never held transactions"
    number=20
    executed() { # until the numbers are beyond those of the checkpoint
        number=$((number + 1)); add $number
        capture >/dev/null || true
        grep -q "given again" capture.err
    }
    wait_until 30 executed
    expect_exit 4 capture >/dev/null
done

say "a second capture with the same checkpoint file is kept away, and a waiting one goes on when the first ends"
cdc-capture --source "$URL" --checkpoint held.json --drain 500ms >first 2>first.err &
first=$!
wait_until 20 test -s held.json.lock
expect_exit 1 cdc-capture --source "$URL" --checkpoint held.json --exit-at-end --drain 500ms >second 2>capture.err
expect_words capture.err "another cdc-capture (process $first) uses 'held.json'"
expect "lines" "$(wc -l <second)" 0
(sleep 1; kill -TERM $first) &
cdc-capture --source "$URL" --checkpoint held.json --exit-at-end --drain 500ms >second 2>capture.err || true # nobody acknowledges
expect "lines behind the first" "$(grep -c '^{"checkpoint"' second)" 1
wait $first || true

say "another server"
jq -c '.checkpoint.kind = "mysql"' state.json >other.json
[ -s other.json ]
mv other.json state.json
URL=$CDC_TEST_MYSQL_URL/shop
expect_exit 5 capture >/dev/null # ids of MariaDB mean nothing there
say "all good"
