#!/usr/bin/env bash
# cdc-lag against the binary log of MySQL and MariaDB: within, behind in bytes and transactions, a log that was
# purged past the checkpoint. Pain 33: the position that the server no longer has. Pain 46: a stopped pipe.
source "$(dirname "$0")/lib.sh"

start clickhouse mysql mariadb11
TARGET=$CDC_TEST_CLICKHOUSE_URL

check() { # SERVER URL
    local server=$1 url=$2 port state=$1.json rows
    port=${url##*:}
    my() { mariadb --no-defaults -h 127.0.0.1 -P "${port%%/*}" -u root --skip-column-names -B -e "$1" "${@:2}"; }
    pipe() {
        cdc-capture --source "$url/shop" --checkpoint "$state" --exit-at-end 2>capture.err | kept "$server" |
            cdc-load --target "$TARGET" --checkpoint "$state" 2>load.err
    }
    lag() { cdc-lag --source "$url/shop" --checkpoint "$state" --target "$TARGET" "$@" 2>lag.err; }
    of() { jq -r ".hops[] | select(.kind == \"$1\") | .$2" lag.json; }

    my "CREATE DATABASE shop; CREATE TABLE shop.t_$server (id int PRIMARY KEY, v text)"
    say "$server: nothing there yet: could not tell"
    expect_exit 2 lag
    expect_words lag.err "the file is missing"
    expect_exit 2 cdc-lag --source "${url%%:*}://root@127.0.0.1:1/x" 2>lag.err
    expect_words lag.err "cannot connect"

    say "$server: a pipe that has read all is within"
    pipe || fail "the first pipe: ${PIPESTATUS[*]}"
    my "INSERT INTO shop.t_$server VALUES (1, 'a'); INSERT INTO shop.t_$server VALUES (2, 'b')"
    pipe || fail "the second pipe: ${PIPESTATUS[*]}"
    lag --max-bytes 0 --max-seconds 0 --json >lag.json || fail "it is not within: $(cat lag.json)"
    expect "hops" "$(jq -r '[.hops[].kind] | join(" ")' lag.json)" "log checkpoint target"
    expect "bytes" "$(of checkpoint bytes) $(of target bytes)" "0 0"
    expect "seconds" "$(of checkpoint seconds)" 0
    expect "position" "$(of checkpoint position)" "$(of log position)"
    expect "what the table has in its first column" "$(lag | awk '{ print $1 }' | paste -sd' ')" "HOP log checkpoint target"

    say "$server: three transactions in three files are counted"
    for rows in 3 4 5; do my "INSERT INTO shop.t_$server VALUES ($rows, REPEAT('x', 1000)); FLUSH BINARY LOGS"; done
    sleep 1.1
    expect_exit 1 lag --max-bytes 3000 --json >lag.json
    expect_words lag.err "behind, more than"
    expect_exit 1 lag --max-seconds 1s >lag.out
    expect_exit 0 lag --max-bytes 1M >lag.out
    [ "$(of checkpoint bytes)" -gt 3000 ] || fail "$(of checkpoint bytes) bytes behind"
    expect "transactions" "$(of checkpoint transactions) $(of target transactions)" "3 3"
    expect "kept" "$(of checkpoint kept_bytes)" "$(($(of log retained_bytes) - $(of checkpoint bytes)))"
    expect_exit 1 lag --min-safe-wal 1G >lag.out
    expect_words lag.err "of log until the server may give it up"
    lag --prometheus lag.prom --quiet || fail "without limits it is within"
    expect_words lag.prom "cdc_checkpoint_transactions{kind=\"checkpoint\",name=\"$state\"} 3"
    expect_words lag.prom "cdc_log_retained_bytes{"

    say "$server: a log that was purged past the checkpoint is beyond, without any limit"
    purge_logs_to "$(of log position | cut -d: -f1)"
    expect_exit 1 lag --json >lag.json
    expect_words lag.err "checkpoint '$state': the server no longer keeps the log from"
    expect "bytes" "$(of checkpoint bytes)" null

    expect_exit 2 cdc-lag --source "$url" --slot x 2>lag.err
    expect_words lag.err "--slot is for PostgreSQL"
}

check mysql "$CDC_TEST_MYSQL_URL"
check mariadb11 "$CDC_TEST_MARIADB11_URL"

say "the checkpoint of another server is not measured"
expect_exit 2 cdc-lag --source "$CDC_TEST_MYSQL_URL" --checkpoint mariadb11.json 2>lag.err
expect_words lag.err "not to the server of --source"
say "all good"
