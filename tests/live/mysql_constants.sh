#!/usr/bin/env bash
# What rows have that are older than a column stands in every table line behind the ALTER TABLE, also behind a
# restart: a reader of any of them fills the column alike. A column that goes takes it along.
source "$(dirname "$0")/lib.sh"

my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root -e "$1" shop; }
capture() { # FILE, what comes until the end of the log
    cdc-capture --source "$URL" --checkpoint state.json --peek --exit-at-end >"$1" 2>capture.err || fail "$(cat capture.err)"
    grep '^{"checkpoint"' "$1" | tail -n 1 >state.json
}
tables() { jq -r 'select(.table) | "\(.table.version) \([.table.columns[] | select(.default != null) | "\(.name)=\(.default)"] | join(","))"' "$@"; }
marks() { grep -c '^{"mark"' "$@" || true; }

for NAME in mysql mariadb; do
    start $NAME
    url=CDC_TEST_${NAME^^}_URL
    PORT=${!url##*:}
    PORT=${PORT%%/*}
    URL=mysql://root@127.0.0.1:$PORT/shop
    mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root -e "CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY, v text)"
    cdc-capture --source "$URL" --exit-at-end 2>capture.err | grep '^{"checkpoint"' | tail -n 1 >state.json
    say "$NAME: the line of the statement, the lines of rows behind it, and those behind a restart are one version"
    my "INSERT INTO t VALUES (1, 'a')"
    my "ALTER TABLE t ADD w int NOT NULL DEFAULT 7, ADD x varchar(9) DEFAULT 'it is', ADD y json"
    my "INSERT INTO t(id) VALUES (2)"
    capture one.lines
    tables one.lines >one
    expect "table lines" "$(wc -l <one)" 3
    expect "constants" "$(tail -n 1 one | cut -d ' ' -f 2-)" "w=7,x=it is"
    expect "version of the row's table line" "$(sed -n 3p one)" "$(sed -n 2p one)"
    my "INSERT INTO t(id) VALUES (3)"
    capture two.lines
    expect "version behind a restart" "$(tables two.lines)" "$(tail -n 1 one)"
    if [ $NAME = mariadb ]; then
        say "mariadb: a column that was there already gets none"
        my "UPDATE t SET v = 'c' WHERE id = 1"
        my "ALTER TABLE t ADD IF NOT EXISTS v text DEFAULT 'no', ADD IF NOT EXISTS y int NOT NULL DEFAULT 9, ADD IF NOT EXISTS z int DEFAULT 5"
        capture exists.lines
        expect "constants" "$(tables exists.lines | tail -n 1 | cut -d ' ' -f 2-)" "w=7,x=it is,z=5"
        expect "marks" "$(marks exists.lines)" 0
    fi
    say "$NAME: a type that grows keeps it; a dropped column does not, nor does another table of this name"
    my "UPDATE t SET v = 'b' WHERE id = 1" # a row tells the shape before
    my "ALTER TABLE t MODIFY w bigint NOT NULL"
    my "INSERT INTO t(id, w) VALUES (4, 1)"
    my "ALTER TABLE t DROP x"
    my "INSERT INTO t(id, w) VALUES (5, 1)"
    capture three.lines
    expect "behind DROP" "$(tables three.lines | tail -n 1 | cut -d ' ' -f 2-)" "$([ $NAME = mysql ] && echo w=7 || echo w=7,z=5)"
    expect "marks" "$(marks one.lines two.lines three.lines | cut -d : -f 2 | sort -u)" 0
    my "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, w bigint NOT NULL); INSERT INTO t VALUES (1, 2)"
    capture four.lines
    expect "another table" "$(tables four.lines | tail -n 1 | cut -d ' ' -f 2-)" ""

    say "$NAME: a statement behind a silence of more than wait_timeout"
    my "SET GLOBAL wait_timeout = 1"
    rm -f idle.lines idle.err
    cdc-capture --source "$URL" >idle.lines 2>idle.err &
    IDLE=$!
    wait_until 20 grep -q 'streaming from' idle.err
    sleep 3
    my "SET GLOBAL wait_timeout = 28800; INSERT INTO t VALUES (2, 3); ALTER TABLE t ADD q int NOT NULL DEFAULT 4"
    wait_until 20 grep -q '"name":"q"' idle.lines
    kill -INT $IDLE && wait $IDLE || fail "$(cat idle.err)"
done
say "all good"
