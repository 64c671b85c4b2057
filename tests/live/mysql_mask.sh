#!/usr/bin/env bash
# --leave-out and --mask of MySQL and MariaDB: in rows of a snapshot and in changes alike, in keys, `before`, short
# row images and partial JSON; the secret values leave neither process, in no line and no checkpoint. Patterns that
# meet nothing are refused with the name that was meant. cdc-verify, told the same, compares what the masks make of the
# source's values, and repairs with that.
source "$(dirname "$0")/lib.sh"
start mysql mariadb
my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" shop; }
printf 'key of the hashes\n' >mask.key
hash_of() { printf '%s' "$1" | openssl dgst -sha256 -hmac 'key of the hashes' | sed 's/.*= //'; }
edits=(--mask '*.email=hash' --mask 'people.phone=fixed:hid"den' --mask 'people.doc=hash' --mask 'visits.n=hash' --mask-key mask.key
    --mask 'cards.[mdtbxe]=hash' --encrypt 'cards.c' --encrypt 'cards.g=gcm' --encrypt-key mask.long --leave-out 'shop.*.pin')
head -c 32 /dev/urandom | base64 >mask.long
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
        INSERT INTO visits VALUES (1, 'secret-a@x', 424242, 777777);
        CREATE TABLE cards (id int PRIMARY KEY, m decimal(12,2), d double, t datetime(3), b varbinary(20), x bigint unsigned, e enum('secret-1', 'b'),
            c varchar(20), g varchar(20), pin int, v int);
        INSERT INTO cards VALUES (1, 424242.50, 0.1, '2025-07-21 10:00:00.5', 'secret-1', 18446744073709551615, 'secret-1', 'secret-c', 'secret-g', 424242, 1),
            (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2)"
    rm -f state.json

    say "$KIND: rows and changes"
    cdc-snapshot --source "$URL" --chunk-rows 1 --checkpoint state.json "${edits[@]}" 2>snapshot.err |
        tee rows | cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "snapshot"
    my "UPDATE people SET n = 2; UPDATE people SET email = 'secret-c@x' WHERE name = 'A'"
    my "DELETE FROM people WHERE name = 'B'; INSERT INTO people VALUES (424242, 'secret-d@x', 'D', 'secret-2', '[]', 1)"
    my "SET binlog_row_image=MINIMAL; UPDATE people SET phone = 'secret-3', pin = 424242 WHERE name = 'D'"
    [ $KIND = mariadb ] || my "SET binlog_row_value_options=PARTIAL_JSON; UPDATE people SET doc = JSON_SET(doc, '\$.a', 'secret-x') WHERE name = 'A'"
    my "UPDATE visits SET n = 777778; INSERT INTO visits VALUES (2, 'secret-d@x', 424242, 777779)"
    my "INSERT INTO cards VALUES (3, 424242.5, 424242, '1999-12-31', 'secret-3', 777777, 'b', 'secret-c', 'secret-g', 424242, 3)"
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

    say "$KIND: a comparison and a repair that are told the same"
    verify() { cdc-verify --source "$URL" --target "$TARGET" "${edits[@]}" "$@" 2>verify.err; }
    verify --json >out.json || fail "it differs: $(cat out.json verify.err)"
    expect "tables" "$(jq -r '[.tables[] | .table + ":" + .verdict] | join(" ")' out.json)" "shop.cards:same shop.people:same shop.visits:same"
    verify --rows >out || fail "row by row it differs: $(cat out verify.err)"
    expect_exit 1 cdc-verify --source "$URL" --target "$TARGET" --exclude-columns pin --json >out.json 2>verify.err
    for column in m d t b x e c; do
        ch "INSERT INTO cards_raw SELECT * REPLACE ('other' AS $column, _version + 1 AS _version) FROM cards_raw FINAL WHERE id = 3"
    done
    expect_exit 1 verify --tables shop.cards --json >out.json
    expect "what differs" "$(jq -r '[.tables[].differences[] | .key.id, (.columns | map(.name) | sort[])] | join("")' out.json)" 3bcdemtx
    expect_exit 1 verify --tables shop.cards --repair >repair
    grep -qE 'secret-|424242|77777' repair verify.err out.json && fail "a secret is in the repair: $(cat repair verify.err)"
    expect "the row of the repair" "$(jq -r 'select(.op) | "\(.key.id) \(.after | keys | join(""))"' repair)" "3 bcdegidmtvx"
    cdc-load --target "$TARGET" <repair 2>load.err || fail "the repair cannot be loaded: $(cat load.err)"
    verify --tables shop.cards >out || fail "it differs behind the repair: $(cat out verify.err)"
    ch "INSERT INTO people_raw SELECT * REPLACE ('x' AS phone, _version + 1 AS _version) FROM people_raw FINAL WHERE name = 'A'"
    expect_exit 1 verify --tables shop.people >out
    expect_exit 2 verify --tables shop.people --repair >out
    expect_words verify.err "its key is masked"
    refused 2 "people.emial" cdc-verify --source "$URL" --target "$TARGET" --mask 'people.emial=hash'
    expect_words err "people.email"

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

    say "$KIND: names that no pattern meets"
    place() { my "SHOW MASTER STATUS" | cut -f 1,2 | tr '\t' ':'; }
    leaks() { # WORDS SQL OPTION…
        at=$(place)
        my "$2"
        refused 4 "$1" cdc-capture --source "$URL" --from-position "$at" --exit-at-end --tables 'w*' --allow-no-match "${@:3}"
        grep -q 'secret-' lines && fail "a secret left: $(grep 'secret-' lines)"
        return 0
    }
    my "CREATE TABLE w (id int PRIMARY KEY, Email varchar(20))"
    first=$(place)
    leaks "column 'shop.w.mail' is called 'shop.w.Email' elsewhere" \
        "INSERT INTO w VALUES (1, 'secret-1'); ALTER TABLE w CHANGE email mail varchar(30); INSERT INTO w VALUES (2, 'secret-2')" --mask 'w.Email=hash'
    leaks "column 'shop.w.mail' is called 'shop.w.post' elsewhere" \
        "INSERT INTO w VALUES (3, 'secret-3'); ALTER TABLE w RENAME COLUMN mail TO post" --leave-out 'w.post'
    leaks "column 'shop.w2.post' is called 'shop.w.post' elsewhere" \
        "RENAME TABLE w TO w1, w1 TO w2; INSERT INTO w2 VALUES (4, 'secret-4')" --mask 'w.post=hash'
    leaks "column 'shop.w2.post' is called 'shop.w3.post' elsewhere" "INSERT INTO w2 VALUES (5, 'secret-5'); ALTER TABLE w2 RENAME w3" --mask 'w3.post=hash'
    leaks "column 'shop.w3.letter' is called 'shop.w3.post' elsewhere" "INSERT INTO w3 VALUES (6, 'secret-6'); SET sql_log_bin = 0;
        ALTER TABLE w3 RENAME COLUMN post TO letter; SET sql_log_bin = 1; INSERT INTO w3 VALUES (7, 'secret-7')" --mask 'w3.post=hash'
    cdc-capture --source "$URL" --from-position "$first" --exit-at-end --tables 'w*' --allow-no-match --mask 'w*.[Empl]*=hash' >lines 2>err ||
        fail "all names are given: $(cat err)"
    grep -q 'secret-' lines && fail "a secret left under names that are given"
    expect "rows" "$(grep -c '"op":"c"' lines)" 7
done
say "all good"
