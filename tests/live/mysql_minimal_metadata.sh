#!/usr/bin/env bash
# A log without the names of columns (binlog_row_metadata=MINIMAL, MariaDB's NO_LOG): refused, or with
# --allow-minimal-metadata the same lines as with FULL. A catalog that has changed since stops capture or marks
# the table. Pain 12: no history of DDL is needed.
source "$(dirname "$0")/lib.sh"

my() { mariadb --no-defaults --default-character-set=utf8mb4 -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" shop; }
capture() { cdc-capture --source "$URL" --checkpoint state.json --peek --exit-at-end --allow-minimal-metadata "$@" 2>capture.err; }
from_here() { # a checkpoint at the end of the log
    rm -f state.json
    cdc-capture --source "$URL" --exit-at-end --allow-minimal-metadata 2>capture.err >lines || fail "$(cat capture.err)"
    grep '^{"checkpoint"' lines | tail -n 1 >state.json
    grep -q checkpoint state.json || fail "no checkpoint at the end"
}
rows() { jq -c 'select(has("key")) | [.key, .before, .after]' lines; }

kinds="id bigint unsigned, part smallint unsigned, small tinyint, big bigint unsigned, amount decimal(12,2), share float,
    note varchar(20) charset latin1, body text charset utf8mb4, token varbinary(9), fixed binary(4), state enum('x','it''s','ö'), tags set('a','b'),
    made year, day date, slot time(3), placed datetime(6), seen timestamp(2) NULL, bits bit(9), doc json, place point, letter char(3),
    PRIMARY KEY (part, id)"
values="7, 65535, -1, 18446744073709551615, -1.50, 0.5, 'aé', '日本', X'00ff', X'0100', 'ö', 'a,b', 2025, '2025-07-21', '-12:34:56.5',
    '2025-07-21 10:00:00.123456', '2025-07-21 10:00:00.25', b'101010101', '{\"a\": [1, 2.5]}', ST_GeomFromText('POINT(1 2)'), 'xy'"

metadata() { # MINIMAL or NO_LOG
    say "$NAME, $1: refused without the option, the same lines as FULL with it"
    rm -f state.json
    mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root -e "DROP DATABASE IF EXISTS shop; CREATE DATABASE shop"
    my "SET GLOBAL binlog_row_metadata=FULL"
    my "CREATE TABLE kinds ($kinds)"
    from_here
    change="INSERT INTO kinds VALUES ($values); UPDATE kinds SET note = 'ß', small = 3; UPDATE kinds SET part = 9; DELETE FROM kinds"
    my "$change"
    capture >lines || fail "$(cat capture.err)"
    rows >full.rows
    jq -c 'select(has("table")) | .table' lines >full.table
    expect "changes" "$(wc -l <full.rows)" 5
    my "SET GLOBAL binlog_row_metadata=$1"
    expect_exit 4 cdc-capture --source "$URL" --exit-at-end 2>run.err
    expect_words run.err "binlog_row_metadata is $1"
    expect_words run.err "--allow-minimal-metadata"
    from_here
    my "$change"
    my "SET GLOBAL binlog_row_metadata=FULL" # as if it was mended, with this behind
    expect_exit 4 cdc-capture --source "$URL" --checkpoint state.json --peek --exit-at-end >lines 2>run.err
    expect_words run.err "the log does not say the columns of table 'shop.kinds'"
    my "SET GLOBAL binlog_row_metadata=$1"
    capture >lines || fail "$(cat capture.err)"
    rows | diff full.rows - || fail "$NAME, $1: other rows than with FULL"
    jq -c 'select(has("table")) | .table' lines | diff full.table - || fail "$NAME, $1: another table than with FULL"
    cdc-capture --source "$URL" --check --allow-minimal-metadata 2>check.err || fail "not ready: $(cat check.err)"
    expect_words check.err "which are those of the catalog as it is now"

    say "$NAME, $1: names that change, capture beside it"
    my "CREATE TABLE t (id int PRIMARY KEY, a int, b int)"
    from_here
    rm -f lines
    cdc-capture --source "$URL" --checkpoint state.json --peek --allow-minimal-metadata >lines 2>capture.err &
    my "INSERT INTO t VALUES (1, 1, 2)"
    wait_until 20 grep -q '"after":{"id":1,"a":1' lines
    my "ALTER TABLE t RENAME COLUMN a TO c; INSERT INTO t VALUES (2, 1, 2)"
    wait_until 20 grep -q '^{"key":{"id":2}' lines
    kill -TERM $!
    wait $! || fail "the stream ended with $?: $(cat capture.err)"
    expect "the new name" "$(jq -c 'select(.key.id == 2).after' lines)" '{"id":2,"c":1,"b":2}'
    ! grep -q "names of its columns" lines || fail "a mark for names, though nothing was behind"

    say "$NAME, $1: the same, capture behind"
    from_here
    my "INSERT INTO t VALUES (3, 1, 2); ALTER TABLE t RENAME COLUMN c TO d; INSERT INTO t VALUES (4, 1, 2)"
    capture >lines || fail "$(cat capture.err)"
    expect_words capture.err "table 'shop.t' is stale: the names of its columns were asked of a catalog that a later statement had changed"
    expect "the last row" "$(jq -c 'select(has("key")).after' lines | tail -n 1)" '{"id":4,"d":1,"b":2}'

    say "$NAME, $1: a unique key that is younger than the rows, capture behind"
    my "CREATE TABLE u (a int NOT NULL)"
    from_here
    my "INSERT INTO u VALUES (1), (1); DELETE FROM u LIMIT 1; CREATE UNIQUE INDEX u_a ON u (a)"
    capture >lines || fail "$(cat capture.err)"
    expect_words capture.err "table 'shop.u' is stale: the names of its columns were asked of a catalog that a later statement had changed"
    my "DROP TABLE u"

    say "$NAME, $1: masks by names that a later statement changed, capture behind; one that changes none passes"
    my "CREATE TABLE known (id int PRIMARY KEY, email varchar(50)); CREATE TABLE renamed LIKE known; CREATE TABLE emptied LIKE known"
    from_here
    my "INSERT INTO emptied VALUES (1, 'secret'); TRUNCATE emptied; ALTER TABLE emptied ADD INDEX (email); INSERT INTO emptied VALUES (2, 'secret');
        INSERT INTO renamed VALUES (1, 'secret'); ALTER TABLE renamed RENAME COLUMN email TO contact"
    expect_exit 4 capture --mask '*.email=hash' >lines
    expect_words capture.err "the log does not say the names of its columns, by which --leave-out, --mask and --encrypt know them, and behind these rows stands 'ALTER TABLE renamed"
    ! grep -q secret lines || fail "a secret in clear text"
    expect "rows of the other table" "$(jq -c 'select(.op == "c").key' lines | tr '\n' ' ')" '{"id":1} {"id":2} '
    capture --mask '*.email=hash' --mask 'renamed.*=hash' >lines || fail "$(cat capture.err)"
    ! grep -q secret lines || fail "a secret in clear text"
    my "DROP TABLE known, renamed, emptied"

    say "$NAME, $1: statements on partitions change no name"
    my "CREATE TABLE parts (id int PRIMARY KEY, email varchar(50)) PARTITION BY RANGE (id)
        (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20), PARTITION c VALUES LESS THAN (30));
        CREATE TABLE beside (id int PRIMARY KEY, email varchar(50))"
    from_here
    my "INSERT INTO parts VALUES (1, 'secret'); ALTER TABLE parts TRUNCATE PARTITION a; INSERT INTO parts VALUES (11, 'secret');
        ALTER TABLE parts EXCHANGE PARTITION a WITH TABLE beside; INSERT INTO parts VALUES (2, 'secret'); ALTER TABLE parts DROP PARTITION b;
        INSERT INTO parts VALUES (21, 'secret')"
    capture --mask '*.email=hash' >lines || fail "$(cat capture.err)"
    ! grep -q secret lines || fail "a secret in clear text"
    expect "rows" "$(jq -r 'select(.op == "c").key.id' lines | tr '\n' ' ')" "1 11 2 21 "
    expect_words capture.err "an ALTER TABLE took rows away"
    my "ALTER TABLE parts TRUNCATE PARTITION c, CHANGE email mail varchar(50)" 2>/dev/null || my "ALTER TABLE parts CHANGE email mail varchar(50)"
    expect_exit 4 capture --mask '*.email=hash' >lines
    my "DROP TABLE parts, beside"

    say "$NAME, $1: another shape, capture behind"
    from_here
    my "INSERT INTO t VALUES (5, 1, 2); ALTER TABLE t ADD COLUMN more int"
    expect_exit 4 capture >lines
    expect_words capture.err "its rows have 3 columns, the catalog 4"
    my "ALTER TABLE t DROP COLUMN more, MODIFY b bigint"
    expect_exit 4 capture >lines
    expect_words capture.err "column 3 of its rows is of another type than 'b' in the catalog"
    my "DROP TABLE t"
    expect_exit 4 capture >lines
    expect_words capture.err "the catalog has no such table now"
    capture --exclude shop.t --allow-no-match >lines || fail "without that table: $(cat capture.err)"
}

begin() { # NAME
    NAME=$1
    start "$NAME"
    local url=CDC_TEST_${NAME^^}_URL
    PORT=${!url##*:}
    PORT=${PORT%%/*}
    URL=mysql://root@127.0.0.1:$PORT/shop
}
begin mysql
metadata MINIMAL
begin mariadb
metadata MINIMAL
metadata NO_LOG
say "all good"
