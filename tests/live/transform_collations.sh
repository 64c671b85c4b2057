#!/usr/bin/env bash
# Columns whose source takes texts as equal that differ in their bytes: snapshot and stream say the same collations of
# MySQL, MariaDB and PostgreSQL, with a table line when one alone changes; cdc-transform refuses a view that compares
# such a column, and with lower(), rtrim() or TYPE has the rows of the source.
. "$(dirname "$0")/lib.sh"
start postgres mysql mariadb
create_db

lines_of() { # SOURCE OPTIONS…: what a snapshot says, in snapshot.out, and the stream of it so far, in lines
    rm -f at.json
    cdc-snapshot --source "$1" "${@:2}" >snapshot.out 2>snapshot.err || fail "snapshot"
    grep '^{"checkpoint"' snapshot.out | tail -n 1 >at.json
}
stream() { # SOURCE OPTIONS…
    cdc-capture --source "$1" --checkpoint at.json --peek --exit-at-end "${@:2}" >lines 2>capture.err || fail "capture"
}
told() { jq -c "select(.table) | .table.collations // {}" "$1"; } # FILE
versions() { jq -r "select(.table) | .table.version" "$@" | sort -u | wc -l; }
view() { # [TYPE…] -- CONDITION: ids of rows, or the exit status
    local types=() code=0
    while [ "$1" != -- ]; do types+=("TYPE $1 text;"); shift; done
    rm -rf state
    printf '%s\n' "${types[@]}" "CREATE VIEW v KEY (id) AS SELECT id FROM texts WHERE $2;" >views.sql
    cat snapshot.out lines | cdc-transform --views views.sql --state state --ack on-write >out 2>transform.err || code=$?
    [ $code = 0 ] || { echo "status $code"; return; }
    jq -r 'select(has("key")) | [.key.id, .op] | @tsv' out | awk '{ if ($2 == "d") delete at[$1]; else at[$1] } END { for (id in at) print id }' | sort -n | tr '\n' ' '
}
refused() { # COLUMN COLLATION
    expect "$1 compared" "$(view -- "$1 = 'a'")" "status 2"
    expect_words transform.err "views.sql:1: view 'v': = on column '$SPACE.texts.$1', which its source compares by $2"
    expect_words transform.err "TYPE $SPACE.texts.$1 text;"
}
values="(1, 'a', 'a', 'a', 'a', 'a', 1), (2, 'A', 'A', 'A', 'A', 'b', 1), (3, 'a ', 'a ', 'a ', 'b', 'b', 1), (4, 'á', 'á', 'á', 'b', 'a', 1)"

for service in mysql mariadb; do
    say "$service"
    url=CDC_TEST_${service^^}_URL
    url=${!url}/shop
    SPACE=shop
    port=${url##*:}
    my() { mariadb --no-defaults --default-character-set=utf8mb4 -h 127.0.0.1 -P "${port%/*}" -u root -NB -e "$1" "${@:2}"; }
    exact=utf8mb4_0900_bin
    insensitive=utf8mb4_0900_ai_ci
    [ $service = mysql ] || { exact=utf8mb4_nopad_bin insensitive=utf8mb4_unicode_520_ci; }
    my "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE $insensitive"
    my "CREATE TABLE texts (id int PRIMARY KEY, ci varchar(20), padded varchar(20) COLLATE utf8mb4_bin, exact text COLLATE $exact,
            old char(5) CHARACTER SET latin1, kind enum('a', 'b'), n int, bytes varbinary(9));
        INSERT INTO texts (id, ci, padded, exact, old, kind, n) VALUES $values" shop
    lines_of "$url"
    wanted='{"ci":"'$insensitive'","kind":"'$insensitive'","old":"latin1_swedish_ci","padded":"utf8mb4_bin"}'
    expect "collations of a snapshot" "$(told snapshot.out)" "$wanted"
    my "UPDATE texts SET n = n + 1; UPDATE texts SET ci = 'A ' WHERE id = 3" shop
    stream "$url"
    expect "collations of the stream" "$(told lines)" "$wanted"
    expect "versions" "$(versions snapshot.out lines)" 1

    refused ci $insensitive
    refused padded utf8mb4_bin
    refused old latin1_swedish_ci
    refused kind $insensitive
    expect "bytes" "$(view -- "exact = 'a'")" "$(my "SELECT id FROM texts WHERE exact = 'a'" shop | tr '\n' ' ')"
    expect "by TYPE" "$(view shop.texts.ci -- "ci = 'a'")" "$(my "SELECT id FROM texts WHERE BINARY ci = 'a'" shop | tr '\n' ' ')"
    expect "wrapped" "$(view -- "lower(ci) = 'a'")" "1 2 "
    expect "blanks" "$(view -- "rtrim(padded) = 'a'")" "$(my "SELECT id FROM texts WHERE padded = 'a'" shop | tr '\n' ' ')"

    say "$service: a collation alone changes"
    my "ALTER TABLE texts MODIFY ci varchar(20) COLLATE $exact; UPDATE texts SET n = 9 WHERE id = 1" shop
    stream "$url"
    expect "collations" "$(told lines | uniq)" "$wanted"$'\n''{"kind":"'$insensitive'","old":"latin1_swedish_ci","padded":"utf8mb4_bin"}'
    expect "versions" "$(versions snapshot.out lines)" 1
    lines_of "$url"
    : >lines
    expect "the column compares by bytes now" "$(view -- "ci = 'a'")" "1 "
done

say postgres
url=$(pg_url)
SPACE=public
sql "CREATE EXTENSION citext; CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE TABLE texts (id int PRIMARY KEY, ci text COLLATE ci, padded char(5), exact text, old citext, kind text COLLATE \"C\", n int);
     INSERT INTO texts VALUES $values"
lines_of "$url" --slot s --create
expect "collations of a snapshot" "$(told snapshot.out)" '{"ci":"ci"}'
sql "UPDATE texts SET n = n + 1"
stream "$url" --slot s
expect "collations of the stream" "$(told lines)" '{"ci":"ci"}'
refused ci ci
refused padded "character(5), without the blanks at its end"
refused old public.citext
expect "blanks" "$(view -- "rtrim(padded) = 'a'")" "$(sql "SELECT id FROM texts WHERE padded = 'a' ORDER BY id" | tr '\n' ' ')"
expect "citext" "$(view -- "lower(old) = 'a'")" "$(sql "SELECT id FROM texts WHERE old = 'a' ORDER BY id" | tr '\n' ' ')"
expect "by TYPE" "$(view public.texts.ci -- "ci = 'a'")" "1 "
expect "bytes" "$(view -- "exact = 'a'")" "1 "

say "postgres: a collation alone changes while the stream runs"
cdc-capture --source "$url" --slot s --checkpoint at.json --peek >running.out 2>capture.err &
wait_until 20 grep -q '"table":{' running.out
sql "ALTER TABLE texts ALTER ci TYPE text COLLATE \"C\"" # rewrites no row
sql "UPDATE texts SET n = 9 WHERE id = 1"
wait_until 20 grep -q '"n":9' running.out
kill $!
wait $! || fail "capture"
expect "collations" "$(told running.out | tr '\n' ' ')" '{"ci":"ci"} {} '
expect "versions" "$(versions snapshot.out running.out)" 1

say done
