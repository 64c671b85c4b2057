#!/usr/bin/env bash
# A compressed transaction is one event of the log, however large: cdc-capture holds it once, and what it unpacks
# bit by bit; rows of others are held in parts. Pain 31: none of its rows is missing. Pain 35: memory does not follow its size.
source "$(dirname "$0")/lib.sh"
start mysql
PORT=${CDC_TEST_MYSQL_URL##*:}
PORT=${PORT%%/*}
my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" "${@:2}"; }
my "SET GLOBAL max_binlog_cache_size=4294967296"
my "CREATE DATABASE big; CREATE TABLE big.t (id int AUTO_INCREMENT PRIMARY KEY, token varbinary(120))"

say "200,000 rows that do not compress"
my "FLUSH BINARY LOGS"
my "SET binlog_transaction_compression=ON, cte_max_recursion_depth=1000000;
    INSERT INTO t (token) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT RANDOM_BYTES(120) FROM n" big
event=$(my "SHOW BINARY LOGS" | tail -n 1 | cut -f 2)
file=$(my "SHOW BINARY LOGS" | tail -n 1 | cut -f 1)
[ "$event" -gt 20000000 ] || fail "the transaction has $event bytes only"
my "INSERT INTO t (token) VALUES ('last')" big

/usr/bin/env time -f %M -o peak cdc-capture --source "mysql://root@127.0.0.1:$PORT/big" --from-position "$file:4" --exit-at-end >lines 2>capture.err ||
    fail "$(cat capture.err)"
expect "rows" "$(grep -c '"op":"c"' lines)" 200001
expect "the last row" "$(grep '"op":"c"' lines | tail -n 1 | jq -r .after.token | base64 -d)" "last"
say "$(tail -n 1 peak) KB, of which the event is $((event / 1024))"
[ "$(tail -n 1 peak)" -lt $((event / 1024 + 40 * 1024)) ] || fail "more than the event and 40 MB"

rows=$([ -n "$SOAK" ] && echo 5000000 || echo 200000)
my "CREATE TABLE texts (id int AUTO_INCREMENT PRIMARY KEY, v varchar(60))" big
for compression in OFF ON; do
    say "$rows rows, binlog_transaction_compression=$compression"
    my "FLUSH BINARY LOGS"
    file=$(my "SHOW BINARY LOGS" | tail -n 1 | cut -f 1)
    my "SET binlog_transaction_compression=$compression, cte_max_recursion_depth=10000000;
        INSERT INTO texts (v) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows) SELECT concat('text ', i) FROM n" big
    bytes=$(my "SHOW BINARY LOGS" | awk -v file="$file" '$1 == file { print $2 }')
    [ $compression = ON ] && event=$bytes || event=0
    count=$(/usr/bin/env time -f %M -o peak cdc-capture --source "mysql://root@127.0.0.1:$PORT/big" --from-position "$file:4" --exit-at-end 2>capture.err |
        grep -c '"op":"c"') || fail "$(cat capture.err)"
    expect "rows" "$count" "$rows"
    say "$(tail -n 1 peak) KB, of $((bytes / 1024)) KB of log"
    [ "$(tail -n 1 peak)" -lt $((event / 1024 + 40 * 1024)) ] || fail "more than the event and 40 MB"
done
say "all good"
