#!/usr/bin/env bash
# cdc-verify of MySQL and MariaDB while they are written to: rows that change several times a second, and busy tables
# without key, are the same, in both modes of the target, over a rotation of the log; what is wrong among them is found.
source "$(dirname "$0")/lib.sh"
start clickhouse mysql mariadb11
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }

check() { # SERVER URL MODE
    local server=$1 url=$2 state=$1.json port writer pipe before
    port=${url##*:}
    TARGET=$CDC_TEST_CLICKHOUSE_URL ch "CREATE DATABASE $server"
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/$server
    my() { mariadb --no-defaults -h 127.0.0.1 -P "${port%%/*}" -u root --skip-column-names -B "$@"; }
    verify() { cdc-verify --source "$url/shop" --target "$TARGET" "$@" 2>verify.err; }

    my -e "CREATE DATABASE shop"
    cdc-capture --source "$url/shop" --checkpoint "$state" --exit-at-end 2>capture.err | cdc-load --target "$TARGET" --checkpoint "$state" 2>load.err
    my shop -e "CREATE TABLE hot (id int PRIMARY KEY, v int); CREATE TABLE bag (v int, w varchar(10)); CREATE TABLE still (id int PRIMARY KEY);
        INSERT INTO hot VALUES (1, 0), (2, 0), (3, 0); INSERT INTO bag VALUES (0, 'a'), (0, 'a'), (1, 'b'); INSERT INTO still VALUES (1), (2)"
    { exec cdc-capture --source "$url/shop" --checkpoint "$state" --heartbeat 500ms 2>capture.err | kept "$server" |
        cdc-load --target "$TARGET" --checkpoint "$state" --mode "$3" 2>load.err; } &
    pipe=$!

    say "$server, $3: an idle log that was rotated"
    for _ in $(seq 300); do [ "$(ch "SELECT count() FROM system.tables WHERE database = '$server' AND name LIKE 'still%'")" = 0 ] || break; sleep 0.1; done
    my -e "FLUSH BINARY LOGS"
    verify --settle 60s >out || fail "it differs: $(cat out verify.err)"

    say "$server, $3: rows that change several times a second, a busy table without key, rotations"
    while sleep 0.05; do
        echo "UPDATE hot SET v = v + 1 WHERE id = $((1 + RANDOM % 3)); INSERT INTO bag VALUES (RAND() * 5, 'c'); DELETE FROM bag WHERE v = 3 LIMIT 1;"
        [ $((RANDOM % 20)) != 0 ] || echo "FLUSH BINARY LOGS;"
    done | my -f shop &
    writer=$!
    written() { my shop -e 'SELECT SUM(v) FROM hot'; }
    for _ in $(seq 300); do [ "$(written)" -le 20 ] || break; sleep 0.1; done
    before=$(written)
    for _ in 1 2 3; do verify --settle 60s >out || fail "it differs: $(cat out verify.err)"; done
    [ "$(written)" -gt "$before" ] && [ "$before" -gt 20 ] || fail "nothing was written meanwhile"

    if [ "$server" = mariadb11 ]; then
        say "$server, $3: a user who may lock nothing"
        my -e "CREATE USER looker@'%' IDENTIFIED BY 'x'; GRANT SELECT, BINLOG MONITOR ON *.* TO looker@'%'"
        cdc-verify --source "${url/root@/looker:x@}/shop" --target "$TARGET" --settle 60s >out 2>verify.err || fail "it differs: $(cat out verify.err)"
    fi

    say "$server, $3: a row too many in the busy table is found"
    if [ "$3" = replace ]; then
        ch "INSERT INTO bag_raw SELECT * REPLACE (77 AS v, _version - 1 AS _version) FROM bag_raw ORDER BY _version LIMIT 1"
        expect_exit 1 verify --settle 60s --tables shop.bag >out
        expect_words out "77"
        say "$server, $3: of rows that never rest, one that stands still in the target is found"
        ch "INSERT INTO hot_raw SELECT * REPLACE (-5 AS v, toUInt128('340282366920938463463374607431768211455') AS _version) FROM hot_raw FINAL WHERE id = 2"
        expect_exit 1 verify --settle 60s --tables shop.hot --json >out
        jq -e '.tables[0] | .different == 1 and .unsettled == 0 and .differences[0].key.id == "2"' out >/dev/null || fail "not just that row: $(cat out verify.err)"
    fi
    pkill -P $writer 2>/dev/null || true
    kill $writer 2>/dev/null || true
    for pid in $(below $pipe); do kill -TERM "$pid" 2>/dev/null || true; done
    wait $pipe || true
}

check mysql "$CDC_TEST_MYSQL_URL" replace
check mariadb11 "$CDC_TEST_MARIADB11_URL" history
say "all good"
