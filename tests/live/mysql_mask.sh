#!/usr/bin/env bash
# --leave-out and --mask of MySQL and MariaDB: in rows of a snapshot and in changes alike, in keys, `before`, short
# row images and partial JSON; the secret values leave neither process, in no line and no checkpoint. Patterns that
# meet nothing are refused with the name that was meant.
source "$(dirname "$0")/lib.sh"
start mysql mariadb
my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" shop; }
printf 'key of the hashes\n' >mask.key
hash_of() { printf '%s' "$1" | openssl dgst -sha256 -hmac 'key of the hashes' | sed 's/.*= //'; }
edits=(--mask '*.email=hash' --mask 'people.phone=fixed:hid"den' --mask 'people.doc=hash' --mask 'visits.n=hash' --mask-key mask.key
    --leave-out 'shop.*.pin')
refused() { # STATUS WORDS COMMAND…
    expect_exit "$1" "${@:3}" >lines 2>err
    expect_words err "$2"
}

for KIND in mysql mariadb; do
    [ $KIND = mysql ] && BASE=$CDC_TEST_MYSQL_URL || BASE=$CDC_TEST_MARIADB_URL
    PORT=${BASE##*:} URL=$BASE/shop TARGET=chdb:$WORK/$KIND
    mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root -e "CREATE DATABASE shop"
    my "CREATE TABLE people (pin int, email varchar(50) CHARACTER SET latin1 PRIMARY KEY, name varchar(40), phone varchar(20), doc json, n int);
        CREATE TABLE visits (id int, email varchar(50), pin int, n int unsigned);
        INSERT INTO people VALUES (424242, 'secret-a@x', 'A', 'secret-1', '{\"a\": \"secret\"}', 1), (NULL, 'secret-\"b\\\\é', 'B', NULL, NULL, 1);
        INSERT INTO visits VALUES (1, 'secret-a@x', 424242, 777777)"
    rm -f state.json

    say "$KIND: rows and changes"
    cdc-snapshot --source "$URL" --chunk-rows 1 --checkpoint state.json "${edits[@]}" 2>snapshot.err |
        tee rows | cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "snapshot"
    my "UPDATE people SET n = 2; UPDATE people SET email = 'secret-c@x' WHERE name = 'A'"
    my "DELETE FROM people WHERE name = 'B'; INSERT INTO people VALUES (424242, 'secret-d@x', 'D', 'secret-2', '[]', 1)"
    my "SET binlog_row_image=MINIMAL; UPDATE people SET phone = 'secret-3', pin = 424242 WHERE name = 'D'"
    [ $KIND = mariadb ] || my "SET binlog_row_value_options=PARTIAL_JSON; UPDATE people SET doc = JSON_SET(doc, '\$.a', 'secret-x') WHERE name = 'A'"
    my "UPDATE visits SET n = 777778; INSERT INTO visits VALUES (2, 'secret-d@x', 424242, 777779)"
    cdc-capture --source "$URL" --checkpoint state.json --exit-at-end "${edits[@]}" 2>capture.err |
        tee changes | cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "capture"
    cat rows changes state.json ./*.err >everything
    grep -qE 'secret-|424242|77777' everything && fail "a secret left: $(grep -oE '.{40}(secret-|424242|77777).{20}' everything | head -n 3)"

    a=$(hash_of secret-a@x) c=$(hash_of secret-c@x) d=$(hash_of secret-d@x)
    expect "row" "$(jq -c 'select(.op == "r" and .after.name == "A") | [.key, .after.phone, (.after.doc | length), (.after | has("pin"))]' rows)" \
        "[{\"email\":\"$a\"},\"hid\\\"den\",64,false]"
    expect "NULL stays, and the text is hashed as it is" \
        "$(jq -c 'select(.op == "r" and .after.name == "B") | [.key.email, .after.phone, .after.doc]' rows)" "[\"$(hash_of 'secret-"b\é')\",null,null]"
    expect "shape" "$(jq -c 'select(.table.name == "shop.people") | [.table.columns[] | [.name, .type, .key]]' changes | sed -n 1p)" \
        '[["email","text",1],["name","varchar(40)",null],["phone","text",null],["doc","text",null],["n","int",null]]'
    expect "the same shape in the snapshot" "$(jq -r 'select(.table.name == "shop.people") | .table.version' rows changes | sort -u | wc -l)" 1
    expect "a key change" "$(jq -c 'select(.key_after) | [.op, .key.email, .before.email, .key_after.email]' changes)" "[\"d\",\"$a\",\"$a\",\"$c\"]"
    expect "a short image" "$(jq -c 'select(.unchanged) | [.key.email, .after.phone, (.unchanged | index("pin"))]' changes)" "[\"$d\",\"hid\\\"den\",null]"
    expect "a number" "$(jq -c 'select(.op == "u" and .source.table == "visits") | [.before.n, .after.n]' changes)" "[\"$(hash_of 777777)\",\"$(hash_of 777778)\"]"
    expect "the target" "$(ch "SELECT email, name, phone, n FROM people ORDER BY name FORMAT TSV" | tr '\t\n' '| ')" "$c|A|hid\"den|2 $d|D|hid\"den|1 "

    say "$KIND: what may not be"
    refused 4 "belongs to its key" cdc-snapshot --source "$URL" --leave-out 'people.email'
    refused 4 "every column of table" cdc-snapshot --source "$URL" --leave-out 'visits.*'
    my "INSERT INTO people VALUES (1, 'x', 'X', NULL, NULL, 1)"
    refused 4 "belongs to its key" cdc-capture --source "$URL" --checkpoint state.json --exit-at-end --mask 'people.email=fixed:x'
    refused 2 "people.emial" cdc-capture --source "$URL" --checkpoint state.json --exit-at-end --mask 'people.emial=hash'
    expect_words err "people.email"
    refused 2 "'shop.peeple' meets no table" cdc-capture --source "$URL" --tables shop.peeple --exit-at-end
    expect_words err "shop.people"
    refused 2 "--leave-out" cdc-snapshot --source "$URL" --leave-out 'people.pim'
    cdc-capture --source "$URL" --checkpoint state.json --peek --exit-at-end --tables 'people,peeple' --allow-no-match >lines 2>err || fail "allowed"
done
say "all good"
