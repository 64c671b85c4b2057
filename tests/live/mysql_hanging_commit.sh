#!/usr/bin/env bash
# A transaction whose commit hangs is in MySQL's log and not yet executed: a place in the log and a set of global ids
# that are asked for at that moment do not fit together. What begins there has each change once, and in its place.
source "$(dirname "$0")/lib.sh"

my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" "${@:2}"; }
log_end() { my "SHOW MASTER STATUS" | cut -f1,2; }
executed() { my "SELECT @@gtid_executed" | tr -d '\n'; }
checkpoint_of() { grep '^{"checkpoint"' "$1" | tail -n 1; }
changes() { jq -r 'select(has("key")) | "\(.op) \(.key.id) \(.after.v)"' "$@"; }
capture() { cdc-capture --source "$URL" --exit-at-end "$@" 2>capture.err || fail "cdc-capture: $(cat capture.err)"; }
go_on() { # OUTPUT OPTION…: behind the last checkpoint, which is then the one behind OUTPUT
    local output=$1
    shift
    capture --checkpoint state.json --peek "$@" >"$output"
    [ -z "$(checkpoint_of "$output")" ] || checkpoint_of "$output" >state.json
}

# A second passes between the log and the commit, and no more can be asked for.
hanging() { # STATEMENT
    local before
    my "SET GLOBAL binlog_group_commit_sync_delay = 1000000"
    before=$(log_end)
    my "$1" shop &
    writer=$!
    while [ "$(log_end)" = "$before" ]; do :; done
}
is_over() {
    wait $writer
    my "SET GLOBAL binlog_group_commit_sync_delay = 0"
}
# The place is behind the statement, and the ids are without it, which is known by its id in the log.
hung() { # CHECKPOINT
    local ids
    ids=$(jq -r .checkpoint.gtids "$1")
    [ "$(my "SELECT GTID_SUBTRACT(@@gtid_executed, '$ids')" | tr -d '\n' | sed 's/.*://')" = "$(last_id)" ]
}
# A busy machine does not come within that second each time.
while_it_hangs() { # ID COMMAND…: writes a checkpoint to state.json while an update of that row hangs
    local id=$1 try
    shift
    for try in $(seq 20); do
        hanging "UPDATE t SET v = 'hangs$try' WHERE id = $id"
        "$@"
        is_over
        ! hung state.json || return 0
    done
    fail "no checkpoint of a commit that hangs"
}
last_id() { executed | sed 's/.*[-:]//'; }
# Orders are of places that the log has.
in_the_log() { # LINES
    local end
    end=$(my "SHOW MASTER STATUS" | cut -f2)
    jq -r 'select(has("key")) | .source.pos' "$1" | while read -r pos; do
        [ "$pos" -lt "$end" ] || fail "$1: a change at $pos of $end"
    done
}

start mysql
PORT=${CDC_TEST_MYSQL_URL##*:}
PORT=${PORT%%/*}
URL=mysql://root@127.0.0.1:$PORT/shop
my "CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY, v text); INSERT INTO shop.t VALUES (1, 'old'), (2, 'old')"

say "a stream that begins now"
begins_now() {
    capture >first.lines
    checkpoint_of first.lines >state.json
}
while_it_hangs 1 begins_now
my "UPDATE t SET v = 'later' WHERE id = 1" shop
my "INSERT INTO t VALUES (3, 'new')" shop
go_on second.lines
in_the_log second.lines
expect "changes" "$(changes second.lines | tr '\n' ';')" "u 1 later;c 3 new;"
my "UPDATE t SET v = 'last' WHERE id = 1" shop
go_on third.lines
in_the_log third.lines
expect "changes" "$(changes third.lines | tr '\n' ';')" "u 1 last;"
expect "ids at the end" "$(jq -r .checkpoint.gtids state.json)" "$(executed)"

say "one that begins again, for its place was lost"
my "INSERT INTO t VALUES (4, 'purged'); FLUSH BINARY LOGS; FLUSH BINARY LOGS" shop
my "PURGE BINARY LOGS TO '$(my "SHOW MASTER STATUS" | cut -f1)'"
cp state.json lost.json
begins_again() {
    cp lost.json state.json
    go_on begun.lines --begin-again
}
while_it_hangs 2 begins_again
expect "changes" "$(changes begun.lines)" ""
my "UPDATE t SET v = 'later' WHERE id = 2" shop
go_on again.lines
in_the_log again.lines
expect "changes" "$(changes again.lines | tr '\n' ';')" "u 2 later;"

say "a snapshot that may not lock"
my "CREATE USER reader@'%'; GRANT SELECT ON shop.* TO reader@'%'; GRANT REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO reader@'%'"
URL=mysql://reader@127.0.0.1:$PORT/shop
snapshot() { # as into a sink that acknowledges each line
    cdc-snapshot --source "$URL" --checkpoint state.json 2>snapshot.err | while IFS= read -r line; do
        echo "$line"
        [[ $line != '{"checkpoint"'* ]] || { echo "$line" >state.new && mv state.new state.json; }
    done || fail "cdc-snapshot: $(cat snapshot.err)"
}
rm state.json
hanging "INSERT INTO t VALUES (5, 'hangs')"
snapshot >rows.lines
is_over
expect_words snapshot.err "nothing was locked"
my "UPDATE t SET v = 'behind' WHERE id = 1" shop
go_on behind.lines
in_the_log behind.lines
# The row, or its insert behind the rows.
[ -n "$(changes rows.lines behind.lines | grep '5 hangs')" ] || fail "the row that hung is lost"
cat rows.lines behind.lines | jq -r 'select(has("key")) | [.source.order, .key.id, .after.v] | @tsv' | sort -s -k 1,1 |
    awk -F '\t' '{ v[$2] = $3 } END { for (id in v) print id "\t" v[id] }' | sort -n >kept
my "SELECT id, v FROM t" shop | diff - kept || fail "rows differ"

say "all good"
