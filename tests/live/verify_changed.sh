#!/usr/bin/env bash
# cdc-verify --keys-from and --changed-since look at the rows of changed keys and at no others: a lost insert, delete
# and update and a changed value are found, a difference in another row is not looked at. PostgreSQL and MySQL.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse mysql
create_db
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }
for database in pg my; do TARGET=$CDC_TEST_CLICKHOUSE_URL ch "CREATE DATABASE $database"; done
mysql_port=${CDC_TEST_MYSQL_URL##*:}
my() { mariadb --no-defaults -h 127.0.0.1 -P "${mysql_port%%/*}" -u root --skip-column-names -B -e "$1" "${2:-shop}"; }
my "CREATE DATABASE shop" mysql

check() { # NAME TABLE-PREFIX SOURCE CAPTURE-OPTION...
    local name=$1 schema=$2 url=$3
    shift 3
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/$name
    run() { if [ "$name" = pg ]; then sql "$1"; else my "$1"; fi; }
    capture() { cdc-capture --source "$url" --checkpoint "$name.json" "${options[@]}" "$@" 2>capture.err || fail "$name: $(tail -n 3 capture.err)"; }
    load() { cdc-load --target "$TARGET" --checkpoint "$name.json" 2>load.err || fail "$name: $(tail -n 3 load.err)"; }
    verify() { cdc-verify --source "$url" --target "$TARGET" --no-wait "$@" 2>verify.err; }
    local options=("$@")
    say "$name: a pair that is the same, and what is recorded of it"
    run "CREATE TABLE items (id int PRIMARY KEY, v varchar(20), n numeric(12,2));
         CREATE TABLE pairs (a varchar(20), b bigint, v int, PRIMARY KEY (a, b));
         CREATE TABLE bag (v varchar(20))"
    [ "$name" = my ] || sql "ALTER TABLE bag REPLICA IDENTITY FULL"
    if [ "$name" = pg ]; then capture --create --exit-after-create; else capture --exit-at-end | load; fi
    run "INSERT INTO items VALUES (1, 'a', 1.5), (2, 'b', 2.5), (3, 'c', 3.5), (4, 'd', 4.5), (5, 'e', 5.5), (6, 'f', 6.5), (99, 'z', 0);
         INSERT INTO pairs VALUES ('x', 1, 1), ('y''', -2, 2); INSERT INTO bag VALUES ('a')"
    capture --exit-at-end | load
    expect_exit 2 verify --changed-since last --tables "$schema.items" >out
    expect_words out "(all)"
    verify >out || fail "$name: it differs: $(cat out verify.err)"
    verify --changed-since last >out || fail "$name: nothing changed: $(cat out verify.err)"
    expect_words out "0 changed keys"

    say "$name: an insert, a delete, an update and a key change that were lost, and a value that was changed"
    run "INSERT INTO items VALUES (7, 'new', 7); DELETE FROM items WHERE id = 2; UPDATE items SET v = 'C' WHERE id = 3;
         UPDATE items SET id = 40 WHERE id = 4; UPDATE pairs SET v = 20 WHERE b = -2; UPDATE items SET v = 'E' WHERE id = 5"
    capture --exit-at-end | tee lines | grep --line-buffered -v '"key":{"id":[2-7]0*}\|"key":{"a"' | load
    grep -v '"key":{"id":5}' lines | grep '"key"' >lost
    ch "INSERT INTO items_raw SELECT * REPLACE ('other' AS v, _version + 1 AS _version) FROM items_raw FINAL WHERE id = 99"
    expect_exit 1 verify --keys-from lost --json >out.json
    expect "$name: what was found" \
        "$(jq -c '[.tables[] | .differences[] | .kind + ":" + ([.key[]] | join(","))] | sort' out.json)" \
        '["different:3","different:y'"'"',-2","extra:2","extra:4","missing:40","missing:7"]'
    expect_exit 1 verify --keys-from - --tables "$schema.items" <lost >out
    grep '^{"table"\|"key":{"id":5}' lines | load
    grep '"key":{"id":5}' lines | verify --keys-from - >out || fail "$name: the key that was loaded: $(cat out)"
    expect_words out "1 changed keys"

    say "$name: rows of the target above an order"
    expect_exit 1 verify --changed-since 00000000000000000000000000000000 --tables "$schema.items" --json >out.json
    expect "$name: 99 was altered" "$(jq -c '[.tables[0].differences[].key.id] | sort' out.json)" '["2","3","4","99"]'
    expect_exit 2 verify --changed-since nonsense >out
    ch "INSERT INTO items_raw SELECT * REPLACE ('mine' AS v, toUInt128('5192296858534827628530496329220096') * 60000 AS _version) FROM items_raw FINAL WHERE id = 1"
    expect_exit 1 verify --changed-since last --tables "$schema.items" --json >out.json
    expect "$name: 1 was altered" "$(jq -c '[.tables[0].differences[] | select(.key.id == "1") | .columns[].name]' out.json)" '["v"]'

    say "$name: a table without key, and a truncate, are said and left out"
    run "INSERT INTO bag VALUES ('b'); TRUNCATE TABLE pairs"
    capture --exit-at-end | tee lines | load
    expect_exit 2 verify --keys-from lines --tables "$schema.bag" >out
    expect_words verify.err "it has no key"
    if [ "$name" = pg ]; then # MySQL's log has no rows of it
        expect_exit 2 verify --keys-from lines --tables "$schema.pairs" >out
        expect_words verify.err "it was truncated"
    fi
}
keys_of_types() { # URL: what lines spell otherwise than the target: every type that a key can have
    local url=$1
    say "keys of other types: a lost insert and a lost update are found by each"
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/pg
    local types=(char\(5\) date numeric numeric\(12,3\) uuid bytea boolean 'timestamptz(3)' timestamp 'double precision' real text time inet)
    local old=("'ab'" "'2025-01-01'" 1.50 1.5 "'00000000-0000-0000-0000-000000000001'" "'\\x00ff'" true "'2025-01-01 10:00:00.5+02'" "'2025-01-01 10:00'" 1e300 0.1 "E'a\n\"'" "'10:00:00'" "'10.0.0.1'")
    local new=("'b'" "'1800-01-01'" 2.00 2.25 "'00000000-0000-0000-0000-000000000002'" "'\\x5c'" false "'infinity'" "'infinity'" "'NaN'" "'Infinity'" "'é'" "'24:00:00'" "'::1'")
    local i
    for i in "${!types[@]}"; do sql "CREATE TABLE typed_$i (k ${types[i]} PRIMARY KEY, v int); INSERT INTO typed_$i VALUES (${old[i]}, 1)"; done
    cdc-capture --source "$(pg_url)" --slot changed --prefix verify --checkpoint pg.json --exit-at-end 2>capture.err | cdc-load --target "$TARGET" --checkpoint pg.json 2>load.err || fail "the pipe"
    for i in "${!types[@]}"; do sql "UPDATE typed_$i SET v = 2; INSERT INTO typed_$i VALUES (${new[i]}, 1)"; done
    cdc-capture --source "$(pg_url)" --slot changed --prefix verify --peek --exit-at-end --types debezium 2>capture.err >debezium
    expect_exit 2 verify --keys-from debezium >out
    expect_words verify.err "Debezium's encodings"
    cdc-capture --source "$(pg_url)" --slot changed --prefix verify --peek --exit-at-end 2>capture.err >lines || fail "capture"
    expect_exit 1 verify --keys-from lines --tables 'public.typed_*' --json >out.json
    for i in "${!types[@]}"; do
        expect "${types[i]}: what was found" "$(jq -c --arg t "public.typed_$i" '.tables[] | select(.table == $t) | [.missing, .extra, .different]' out.json)" '[1,0,1]'
    done
}
check pg public "$(pg_url)" --slot changed --prefix verify
check my shop "$CDC_TEST_MYSQL_URL/shop"
keys_of_types "$(pg_url)"
say "all good"
