#!/usr/bin/env bash
# cdc-verify of MySQL and MariaDB: the same after a stream, each kind of difference is found and named, also in
# keyless tables, composite and string keys, unsigned 64-bit keys, any two tables, and while rows move.
source "$(dirname "$0")/lib.sh"
start clickhouse mysql mariadb11
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }
for database in mysql mariadb11; do TARGET=$CDC_TEST_CLICKHOUSE_URL ch "CREATE DATABASE $database"; done

check() { # SERVER URL
    local server=$1 url=$2 state=$1.json port
    port=${url##*:}
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/$server
    my() { mariadb --no-defaults --default-character-set=utf8mb4 -h 127.0.0.1 -P "${port%%/*}" -u root --skip-column-names -B -e "$1" shop; }
    pipe() {
        cdc-capture --source "$url/shop" --checkpoint "$state" --exit-at-end "$@" 2>capture.err | kept "$server" |
            cdc-load --target "$TARGET" --checkpoint "$state" 2>load.err || fail "$server: ${PIPESTATUS[*]}"
    }
    verify() { cdc-verify --source "$url/shop" --target "$TARGET" "$@" 2>verify.err; }
    found() { jq -c --arg t "$1" '[.tables[] | select(.table == $t) | .missing, .extra, .different]' out.json; }

    mariadb --no-defaults -h 127.0.0.1 -P "${port%%/*}" -u root -e "CREATE DATABASE shop"
    pipe
    my "CREATE TABLE plain (id int PRIMARY KEY, v varchar(20), n decimal(10,2), f float, d double, at datetime(6), ts timestamp(3) NULL);
        CREATE TABLE big (id bigint unsigned PRIMARY KEY, v int);
        CREATE TABLE pairs (a varchar(20) CHARACTER SET latin1, b binary(3), c date, v int, PRIMARY KEY (a, b, c));
        CREATE TABLE folded (k varchar(20) COLLATE utf8mb4_unicode_ci PRIMARY KEY, v int);
        CREATE TABLE keyless (v varchar(20), w int);
        CREATE TABLE hollow (id int PRIMARY KEY);
        INSERT INTO plain VALUES (1, 'é€', 1.5, 0.1, 0.1, '2025-07-21 10:00:00.123456', '2025-07-21 10:00:00.5'), (2, NULL, NULL, NULL, NULL, NULL, NULL);
        INSERT INTO plain SELECT seq.id, CONCAT('v', seq.id), seq.id / 100, seq.id / 3, seq.id / 7, NOW(6), NOW(3) FROM
            (SELECT a.n + 10 * b.n + 100 * c.n + 3 AS id FROM (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a,
             (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b,
             (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c) seq;
        INSERT INTO big VALUES (0, 1), (9223372036854775808, 2), (18446744073709551615, 3);
        INSERT INTO pairs VALUES ('ä', 'ab', '2025-01-01', 1), ('ä', 'ac', '2025-01-01', 2), ('', '', '1999-12-31', 3);
        INSERT INTO folded VALUES ('Ärger', 1), ('x ', 2), ('ß', 3);
        INSERT INTO keyless VALUES ('a', 1), ('a', 1), ('b', NULL), (NULL, NULL);
        INSERT INTO hollow VALUES (1); DELETE FROM hollow"
    pipe

    say "$server: the same after a stream"
    verify --json >out.json || fail "it differs: $(cat out.json verify.err)"
    expect "tables" "$(jq -r '[.tables[] | .table + ":" + .verdict] | join(" ")' out.json)" \
        "shop.big:same shop.folded:same shop.hollow:same shop.keyless:same shop.pairs:same shop.plain:same"
    expect "rows" "$(jq -r '[.tables[].source_rows] | join(" ")' out.json)" "3 3 0 4 3 1002"
    for jobs in 1 3 7; do verify --jobs $jobs >out || fail "$jobs readers: it differs: $(cat out)"; done
    verify --explain --jobs 3 --tables shop.big >out || fail "it cannot be explained"
    expect_words verify.err "in 3 parts"
    verify --rows >out || fail "row by row it differs: $(cat out)"
    verify --counts >out || fail "the counts differ: $(cat out)"

    say "$server: what differs is named, with both sides' values"
    touch_target() { ch "INSERT INTO $1 SELECT * REPLACE ($3 AS $4, _version + 1 AS _version) FROM $1 FINAL WHERE $2"; }
    touch_target plain_raw "id = 7" "0.25" f
    touch_target big_raw "id = 18446744073709551615" "4" v
    touch_target pairs_raw "b = 'ac\\0'" "9" v
    touch_target folded_raw "k = 'ß'" "9" v
    my "SET SESSION sql_log_bin=0; INSERT INTO folded VALUES ('fehlt', 1); INSERT INTO keyless VALUES ('a', 1); DELETE FROM plain WHERE id = 9"
    expect_exit 1 verify --json >out.json
    expect "plain" "$(found shop.plain)" "[0,1,1]"
    expect "big" "$(found shop.big)" "[0,0,1]"
    expect "pairs" "$(found shop.pairs)" "[0,0,1]"
    expect "folded" "$(found shop.folded)" "[1,0,1]"
    expect "keyless" "$(found shop.keyless)" "[1,0,0]"
    expect_exit 1 verify >out
    expect_words out "18446744073709551615"
    expect_exit 1 verify --tables shop.plain --float-tolerance 0.99 --json >out.json
    expect "within the tolerance" "$(found shop.plain)" "[0,1,0]"

    say "$server: the repair makes it right, and keeps the shapes of the tables"
    ch "SELECT name, type FROM system.columns WHERE database = '$server' ORDER BY table, position" >columns.before
    verify --repair >repair.lines || expect "exit status of the repair" $? 1
    expect_words repair.lines '"op":"d"'
    "$BIN/cdc-load" --target "$TARGET" <repair.lines 2>load.err || fail "the repair cannot be loaded"
    verify >out || fail "after the repair it differs: $(cat out verify.err)"
    expect "shapes" "$(ch "SELECT name, type FROM system.columns WHERE database = '$server' ORDER BY table, position")" "$(cat columns.before)"
    expect "table lines are the stream's" \
        "$(grep -h '^{"table"' "$server.lines" repair.lines | jq -c '.table + {name: .source.table} | {name, columns, version}' | sort -u | wc -l)" 6
    touch_target plain_raw "id = 7" "0.25" f
    my "SET SESSION sql_log_bin=0; DELETE FROM plain WHERE id = 10"

    say "$server: a key of floats is looked for by its value"
    my "CREATE TABLE floats (id float PRIMARY KEY, v int); INSERT INTO floats VALUES (0.1, 1), (3.4e38, 2), (-2, 3)"
    pipe
    touch_target floats_raw 1 9 v
    verify --tables shop.floats --repair >repair.lines || expect "exit status of the repair" $? 1
    expect "rows that are deleted" "$(grep -c '"op":"d"' repair.lines || true)" 0
    "$BIN/cdc-load" --target "$TARGET" <repair.lines 2>load.err || fail "the repair cannot be loaded"
    verify --tables shop.floats >out || fail "after the repair it differs: $(cat out verify.err)"

    say "$server: any two tables, conditions, columns left out"
    ch "CREATE TABLE mine (id UInt64, v Int64) ENGINE = MergeTree ORDER BY id"
    ch "INSERT INTO mine VALUES (0, 1), (9223372036854775808, 2), (18446744073709551615, 3)"
    cdc-verify --source "$url/shop" --target "$TARGET" --table big=mine >out 2>verify.err || fail "big and mine differ: $(cat out verify.err)"
    ch "INSERT INTO mine VALUES (5, 5)"
    expect_exit 1 cdc-verify --source "$url/shop" --target "$TARGET" --table big=mine >out 2>verify.err
    cdc-verify --source "$url/shop" --target "$TARGET" --table big=mine --where "v < 4" >out 2>verify.err || fail "--where: $(cat out verify.err)"
    cdc-verify --source "$url/shop" --target "$CDC_TEST_CLICKHOUSE_URL" --table "big=$server.mine" --where "v < 4" >out 2>verify.err ||
        fail "a target that cdc-load does not fill: $(cat out verify.err)"
    verify --tables shop.plain --exclude-columns f,d --where "plain=id <> 10" >out || fail "without f and row 10: $(cat out verify.err)"

    say "$server: a target that is behind is waited for, rows that move are looked at again"
    my "UPDATE plain SET v = 'late' WHERE id < 500"
    expect_exit 2 verify --settle 2s --tables shop.plain --where "plain=id NOT IN (7, 10)" >out
    expect_words out "the target stands at "
    pipe &
    verify --tables shop.plain --where "plain=id NOT IN (7, 10)" --settle 60s >out || fail "behind: $(cat out verify.err)"
    wait $!

    expect_exit 2 cdc-verify --source "$url/shop" --target "$TARGET" --slot x 2>verify.err
    expect_words verify.err "--slot is for PostgreSQL"
}

check mysql "$CDC_TEST_MYSQL_URL"
check mariadb11 "$CDC_TEST_MARIADB11_URL"
say "nothing is repaired from another server, or from a log that was begun anew"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/mysql
expect_exit 2 cdc-verify --source "$CDC_TEST_MARIADB11_URL/shop" --target "$TARGET" --no-wait --repair >out 2>verify.err
expect_words verify.err "the target was not filled from this server"
PORT=${CDC_TEST_MYSQL_URL##*:}
mariadb --no-defaults -h 127.0.0.1 -P "${PORT%%/*}" -u root -e "DELETE FROM plain WHERE id = 11; RESET MASTER" shop
expect_exit 2 cdc-verify --source "$CDC_TEST_MYSQL_URL/shop" --target "$TARGET" --no-wait --repair >out 2>verify.err
expect_words verify.err "its log ends at binlog.000001:"
expect "lines of repair" "$(grep -c '"op"' out)" 0
say "all good"
