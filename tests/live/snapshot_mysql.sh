#!/usr/bin/env bash
# Snapshots of MySQL and MariaDB: who may lock what, prepared XA transactions, tables that cannot be read at one
# place, beside a running stream, and on from a run that was stopped. Pain 8: what was locked, and for how long, is said.
source "$(dirname "$0")/lib.sh"
start mysql mariadb
my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1"; }
snapshot() { cdc-snapshot --source "$URL" "$@" >lines 2>snapshot.err; }
refused() { # STATUS WORDS OPTIONS…
    local code=0
    snapshot "${@:3}" || code=$?
    expect "exit status" "$code" "$1"
    expect_words snapshot.err "$2"
    expect "lines" "$(wc -l <lines)" 0
}
rows() { jq -c 'select(.op == "r") | [.source.table, .after.id]' lines | sort | tr '\n' ' '; }
session_of() { my "SELECT id FROM information_schema.processlist WHERE info LIKE '$1%' LIMIT 1"; } # BEGIN-OF-STATEMENT
runs() { [ -n "$(session_of "$1")" ]; }
begin() { # OPTIONS…: sets `reader`, which is stopped in the midst of table a, whose two rows take it a second
    rm -f lines
    cdc-snapshot --source "$URL" --jobs 1 --max-rows-per-second 1 "$@" >lines 2>snapshot.err &
    reader=$!
    wait_until 20 grep -q '"table":"a"' lines
    kill -STOP $reader
}
end() { # sets `code`
    kill -CONT $reader
    code=0
    wait $reader || code=$?
}

for KIND in mysql mariadb; do
    [ $KIND = mysql ] && BASE=$CDC_TEST_MYSQL_URL || BASE=$CDC_TEST_MARIADB_URL
    PORT=${BASE##*:} URL=$BASE/shop
    rm -f state.json other.json
    my "CREATE DATABASE shop; CREATE TABLE shop.a (id int PRIMARY KEY); INSERT INTO shop.a VALUES (1), (2);
        CREATE TABLE shop.b (id int); INSERT INTO shop.b VALUES (7);
        CREATE TABLE shop.empty (id int PRIMARY KEY, \`odd \`\` name\` varchar(9) INVISIBLE);
        CREATE USER reader@'%' IDENTIFIED BY 'x'; GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO reader@'%'" ||
        fail "$KIND: no tables"

    say "$KIND: every table, its lines in order, nothing else in the database"
    snapshot --jobs 3 || fail "$(cat snapshot.err)"
    expect "rows" "$(rows)" '["a",1] ["a",2] ["b",7] '
    expect "an empty table" "$(jq -c 'select(.source.table == "empty") | keys[0]' lines | tr '\n' ' ')" '"source" "snapshot" "snapshot" '
    expect "keys" "$(jq -c 'select(.op == "r") | .key' lines | sort -u | tr '\n' ' ')" 'null {"id":1} {"id":2} '
    expect "the end" "$(tail -n 1 lines | jq -r .checkpoint.snapshot)" done
    [ $KIND = mysql ] && lock='FLUSH TABLES WITH READ LOCK' || lock='BACKUP STAGE BLOCK_COMMIT'
    expect_words snapshot.err "$lock"
    snapshot --schema-only || fail "$(cat snapshot.err)"
    expect "shapes" "$(jq -r 'select(.table) | .table.name' lines | sort | tr '\n' ' ')" "$(jq -r 'select(.table) | .table.name' lines | sort -u | tr '\n' ' ')"
    expect "no rows" "$(rows)" ''

    say "$KIND: without the right to lock"
    URL=${BASE/root@/reader:x@}/shop
    if [ $KIND = mysql ]; then
        refused 4 "table 'shop.b' has no key, and nothing may be locked"
        snapshot --exclude b || fail "$(cat snapshot.err)"
        expect_words snapshot.err 'nothing was locked'
        expect_words snapshot.err 'whether XA transactions are prepared is not known'
    else
        snapshot --jobs 3 || fail "$(cat snapshot.err)"
        expect_words snapshot.err 'without the right RELOAD one connection reads'
    fi
    expect "rows" "$(rows | grep -o '\["a",.\]' | tr '\n' ' ')" '["a",1] ["a",2] '
    URL=$BASE/shop

    say "$KIND: what cannot be read at one place"
    my "CREATE TABLE shop.old (id int) ENGINE=MyISAM"
    refused 4 "its engine MyISAM gives no consistent snapshot"
    my "DROP TABLE shop.old; XA START 'x1'; INSERT INTO shop.a VALUES (3); XA END 'x1'; XA PREPARE 'x1'" 
    refused 1 "XA transaction" --wait 300ms
    my "XA COMMIT 'x1'" || true
    say "$KIND: an XA transaction that is prepared while the lock is waited for"
    rm -f xa snapshot.err
    mkfifo xa
    mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root <xa &
    xa=$!
    exec 7>xa
    echo "XA START 'x2'; INSERT INTO shop.a VALUES (4); XA END 'x2';" >&7
    wait_until 20 eval '[ "$(my "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0")" = 1 ]'
    my "SELECT SLEEP(600) FROM shop.b" >/dev/null 2>&1 7>&- &
    query=$!
    wait_until 20 runs 'SELECT SLEEP'
    snapshot --jobs 2 7>&- &
    reader=$!
    if [ $KIND = mysql ]; then
        wait_until 20 grep -q 'was not had for 2 s' snapshot.err # nothing of it is held meanwhile
        echo "XA PREPARE 'x2';" >&7
        wait_until 20 eval 'my "XA RECOVER" | grep x2'
        my "KILL $(session_of 'SELECT SLEEP')"
        sleep 1
        kill -0 $reader || fail "it did not wait: $(cat snapshot.err)"
    else
        wait_until 20 grep -q 'commits were locked' snapshot.err
        echo "XA PREPARE 'x2';" >&7
        my "KILL $(session_of 'SELECT SLEEP')"
    fi
    exec 7>&-
    wait $xa || fail "the XA transaction"
    my "XA COMMIT 'x2'"
    wait $reader || fail "$(cat snapshot.err)"
    wait $query || true
    # MariaDB's lock waits for no query: it was there before the XA PREPARE, which the stream has.
    [ $KIND = mysql ] && fourth='["a",4] ' || fourth=''
    expect "rows" "$(rows)" "[\"a\",1] [\"a\",2] [\"a\",3] $fourth[\"b\",7] "
    my "DELETE FROM shop.a WHERE id > 2"
    if [ $KIND = mariadb ]; then
        say "$KIND: another backup runs"
        my "BACKUP STAGE START; DO SLEEP(600); BACKUP STAGE END" >/dev/null 2>&1 &
        backup=$!
        wait_until 20 runs 'DO SLEEP'
        rm -f snapshot.err
        snapshot --jobs 2 &
        reader=$!
        wait_until 20 grep -q 'was not had for 2 s' snapshot.err
        my "KILL $(session_of 'DO SLEEP')"
        wait $backup || true
        wait $reader || fail "$(cat snapshot.err)"
    fi
    refused 2 "meets no table" --tables 'shop.nobody'
    refused 2 "is not for a MySQL or MariaDB source" --chunk-by ctid

    say "$KIND: only rows for which a condition holds"
    snapshot --where 'shop.a=id > 1' || fail "$(cat snapshot.err)"
    expect "rows" "$(rows)" '["a",2] '
    expect "they are a part" "$(jq -c 'select(.snapshot) | .snapshot.whole' lines | sort -u)" false
    refused 4 "which has no key: its rows would be there twice" --where 'shop.b=id > 1'
    refused 2 "meets no table" --where 'shop.nobody=id > 1'

    say "$KIND: a table that is emptied before its turn, and one that is read meanwhile"
    my "CREATE TABLE shop.later (id int PRIMARY KEY); INSERT INTO shop.later VALUES (1), (2)"
    begin --tables shop.a --tables shop.later
    my "TRUNCATE shop.later; INSERT INTO shop.later VALUES (3)"
    my "ALTER TABLE shop.a ADD COLUMN meanwhile int" & # it waits for the reader
    alter=$!
    end
    wait $alter
    expect "exit status" "$code" 1
    expect_words snapshot.err "could not be read to the end: 'shop.later' was altered"
    expect "rows" "$(rows)" '["a",1] ["a",2] '
    expect "no end" "$(jq -c 'select(.checkpoint.snapshot == "done")' lines)" ''
    my "ALTER TABLE shop.a DROP COLUMN meanwhile; DROP TABLE shop.later"

    say "$KIND: what the server itself does not notice: names swapped, of tables and of columns"
    python3 -c 'import time; time.sleep(1.01 - time.time() % 1)' # the catalog has seconds: all are made in one
    my "CREATE TABLE shop.x (id int PRIMARY KEY, one int, two int); INSERT INTO shop.x VALUES (1, 1, 2); CREATE TABLE shop.y LIKE shop.x;
        INSERT INTO shop.y VALUES (5, 5, 5); CREATE TABLE shop.z LIKE shop.x; INSERT INTO shop.z VALUES (6, 6, 7)"
    begin --tables shop.a --tables 'shop.[xyz]'
    my "RENAME TABLE shop.x TO shop.w, shop.y TO shop.x, shop.w TO shop.y; ALTER TABLE shop.z RENAME COLUMN one TO two, RENAME COLUMN two TO one"
    end
    expect "exit status" "$code" 1
    expect_words snapshot.err "could not be read to the end: 'shop.x' was altered, 'shop.y' was altered, 'shop.z' was altered"
    expect "rows" "$(rows)" '["a",1] ["a",2] '
    my "DROP TABLE shop.x, shop.y, shop.z"

    say "$KIND: bytes that are no character of their charset, in a value and in a key that ends a chunk"
    my "CREATE TABLE shop.odd (id int PRIMARY KEY, v varchar(9) CHARACTER SET cp1251);
        INSERT INTO shop.odd VALUES (1, _cp1251 X'cf983f');
        CREATE TABLE shop.keyed (k varchar(9) CHARACTER SET gbk COLLATE gbk_bin PRIMARY KEY);
        INSERT INTO shop.keyed VALUES (_gbk X'c4e3'), (_gbk X'a2ab')"
    snapshot --tables shop.keyed --where "shop.keyed=k = _gbk X'c4e3'" || fail "$(cat snapshot.err)"
    expect "a row beside it" "$(jq -r 'select(.op == "r") | .key.k' lines)" 你
    for table in odd keyed; do
        code=0
        snapshot --tables shop.$table --chunk-rows 1 || code=$?
        expect "exit status" "$code" 5
        expect_words snapshot.err "table 'shop.$table': column '$([ $table = odd ] && echo v || echo k)': "
        expect_words snapshot.err "is not text in $([ $table = odd ] && echo cp1251 || echo gbk)"
        expect "rows" "$(jq -c 'select(.op == "r" and .source.table == "odd")' lines)" ''
    done
    expect_words snapshot.err "(--leave-out; "
    snapshot --tables shop.odd --leave-out odd.v || fail "$(cat snapshot.err)"
    expect "without the column" "$(jq -c 'select(.op == "r") | .after' lines)" '{"id":1}'
    my "DROP TABLE shop.odd, shop.keyed"

    say "$KIND: what the server sets for sessions changes nothing"
    if [ $KIND = mysql ]; then
        own='show_gipk_in_create_table_and_information_schema' value=0 wait=max_execution_time limit=500
        my "SET sql_generate_invisible_primary_key=1; CREATE TABLE shop.own (v int)"
    else
        own=system_versioning_asof value="'2020-01-01'" wait=max_statement_time limit=0.5
        my "CREATE TABLE shop.own (v int) WITH SYSTEM VERSIONING"
    fi
    my "SET NAMES utf8mb4; CREATE TABLE shop.größe (id int PRIMARY KEY); INSERT INTO shop.größe VALUES (1), (2); INSERT INTO shop.own VALUES (1), (2);
        SET GLOBAL init_connect='SET NAMES latin1', GLOBAL sql_select_limit=1, GLOBAL autocommit=0, GLOBAL $own=$value, GLOBAL $wait=$limit"
    URL=${BASE/root@/reader:x@}/shop
    snapshot --tables 'shop.a,shop.größe,shop.own' --where 'shop.a=SLEEP(0.4) = 0' || fail "$(cat snapshot.err)"
    expect "rows" "$(jq -c 'select(.op == "r") | [.source.table, .after.id // .after.v]' lines | sort | tr '\n' ' ')" \
        '["a",1] ["a",2] ["größe",1] ["größe",2] ["own",1] ["own",2] '
    expect "the key" "$(jq -c 'select(.table.name == "shop.own") | .table.columns[0].name' lines)" "$([ $KIND = mysql ] && echo '"my_row_id"' || echo '"v"')"
    rm -f lines capture.err
    cdc-capture --source "$URL" --tables 'shop.größe' >lines 2>capture.err &
    wait_until 20 grep -q 'streaming from' capture.err
    my "SET NAMES utf8mb4; SET autocommit=1, lock_wait_timeout=10, $wait=0; INSERT INTO shop.größe VALUES (3)"
    wait_until 20 grep -q '"op":"c"' lines
    my "SET NAMES utf8mb4; SET autocommit=1, lock_wait_timeout=10, $wait=0; ALTER TABLE shop.größe ADD c int DEFAULT 5; INSERT INTO shop.größe VALUES (4, 4)"
    wait_until 20 grep -q '"id":4' lines
    kill -TERM $!
    wait $! || true
    expect "the catalog as it is" "$(jq -c 'select(.mark)' lines)" ''
    expect "old rows" "$(jq -c 'select(.table) | .table.columns[1].default' lines | tail -n 1)" 5
    URL=$BASE/shop
    my "SET $wait=0; SET GLOBAL init_connect='', GLOBAL sql_select_limit=DEFAULT, GLOBAL autocommit=1, GLOBAL $own=DEFAULT, GLOBAL $wait=0; SET NAMES utf8mb4;
        DROP TABLE shop.größe, shop.own"

    say "$KIND: beside a stream"
    snapshot --exclude b || fail "$(cat snapshot.err)"
    tail -n 1 lines | jq -c '.checkpoint.snapshot = null' | sed 's/"order":"..../"order":"0007/' >state.json
    refused 4 "to read tables beside it, name it with --beside" --checkpoint state.json
    snapshot --beside state.json --tables shop.a || fail "$(cat snapshot.err)"
    expect "the stream's epoch" "$(jq -r 'select(.op == "r") | .source.order[0:4]' lines | sort -u)" 0007
    expect "its checkpoint is nobody's start" "$(jq -c 'select(.checkpoint) | .checkpoint.beside' lines | sort -u)" true
    sed 's/"server":"[^"]*"/"server":"another"/' state.json >other.json
    refused 4 "belongs to $KIND 'another'" --beside other.json

    say "$KIND: on from a run that was stopped"
    begin --exclude empty
    read_one() { [ -n "$(grep '^{"checkpoint"' lines | tail -n 1 | jq -c 'select(.checkpoint.snapshot.tables | length == 1)')" ]; }
    until read_one; do # in small steps, for it has the next one within a second
        kill -CONT $reader
        sleep 0.1
        kill -STOP $reader
    done
    kill -TERM $reader
    end
    tail -n 1 lines >state.json
    expect "what it has read" "$(jq -c '.checkpoint.snapshot.tables | map(.table)' state.json)" '["a"]'
    first=$(jq -r .checkpoint.position state.json)
    my "INSERT INTO shop.b VALUES (8)"
    cdc-snapshot --source "$URL" --exclude empty --checkpoint state.json --drain 1s >lines 2>snapshot.err || true
    expect "only what was missing" "$(rows)" '["b",7] ["b",8] '
    expect "the stream begins where it did" "$(tail -n 1 lines | jq -r .checkpoint.position)" "$first"

    say "$KIND: the place where the stream is to begin is removed from the log, before and while it reads"
    purge() { # a file that recovery may need stays for a moment
        local file
        file=$(my 'SHOW MASTER STATUS' | cut -f1)
        while my 'SHOW BINARY LOGS' | grep -q "$file"; do
            my "FLUSH BINARY LOGS; PURGE BINARY LOGS TO '$(my 'SHOW MASTER STATUS' | cut -f1)'"
            sleep 0.1
        done
    }
    jq -c '.checkpoint.snapshot = {"seq": 5, "tables": []}' state.json >stopped.json
    purge
    refused 3 "no longer has the log" --checkpoint stopped.json
    expect_words snapshot.err "$first"
    begin --tables shop.b --tables shop.a
    my "INSERT INTO shop.b VALUES (9)"
    purge
    end
    expect "exit status" "$code" 3
    expect_words snapshot.err 'no longer has the log'
    expect "no end" "$(jq -c 'select(.checkpoint.snapshot == "done")' lines)" ''
done
say "all good"
