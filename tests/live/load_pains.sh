#!/usr/bin/env bash
# What users of other loaders complain of, from a real table to the target and back.
# Pain 5, 6: a value that the log did not carry is named, and never overwritten. Pain 18: deletes stay
# deletes. Pain 22: decimals are whole or refused. Pain 23, 24: dates that no column can hold.
# Pain 19: duplicates are not seen, and few. Pain 21: truncates, in their order.
# Pain 43: a target with too many parts is waited for, and not given more of them than it must.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${2:-default}"; }
load() { cdc-load --target "$TARGET" "$@" 2>load.err || fail "cdc-load $*"; }
# What came since the last time, into a file of lines.
captured() { # FILE OPTION…
    local file=$1
    shift
    capture --checkpoint state.json --exit-at-end 2>capture.err | tee "$file" | load --checkpoint state.json "$@"
}
parts() { ch "SELECT uniqExact(_part) FROM $1_raw"; }

sql "CREATE TABLE docs (id int PRIMARY KEY, n int, body text, extra text);
     ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
     CREATE TABLE orders (id int PRIMARY KEY, n int);
     CREATE TABLE items (id serial PRIMARY KEY, order_id int REFERENCES orders)"
capture --create --exit-after-create 2>create.err

say "Pain 5, 6: an update that leaves a long value alone"
sql "INSERT INTO docs SELECT g, 0, repeat(md5(g::text), 200), '__debezium_unavailable_value' FROM generate_series(1, 3) g"
captured rows
sql "UPDATE docs SET n = 1 WHERE id < 3; UPDATE docs SET n = 2 WHERE id = 1; UPDATE docs SET body = NULL WHERE id = 2"
captured updates
expect "lines without the value" "$(jq -c 'select(.unchanged) | [.key.id, .unchanged, (.after | has("body"))]' updates | tr '\n' ' ')" \
    '[1,["body"],false] [2,["body"],false] [1,["body"],false] '
parity docs
ch "CREATE DATABASE fresh"
TARGET=${TARGET%/*}/fresh load <updates
expect "without the row, nothing half is shown" "$(ch 'SELECT id, n, body IS NULL FROM docs ORDER BY id' fresh)" $'2\t1\t1'
expect "and nothing is lost" "$(ch 'SELECT count() FROM docs_pending FINAL WHERE _done = 0' fresh)" 2
TARGET=${TARGET%/*}/fresh load <rows
TARGET=${TARGET%/*}/fresh parity docs

say "Pain 18: deletes, behind merges and replays"
sql "INSERT INTO orders SELECT g, 0 FROM generate_series(1, 100) g; DELETE FROM orders WHERE id > 40"
captured first
sql "DELETE FROM orders WHERE id > 20; INSERT INTO orders VALUES (99, 99)"
captured second
parity orders
ch 'OPTIMIZE TABLE orders_raw FINAL'
cat first second first | load
parity orders
expect "deleted keys are kept, with the order of their delete" \
    "$(ch 'OPTIMIZE TABLE orders_raw FINAL'; ch 'SELECT countIf(_deleted = 1), countIf(_deleted = 0) FROM orders_raw')" $'79\t21'
expect "FINAL without the view" "$(ch 'SELECT count() FROM orders_raw FINAL')" 21
ch "SHOW CREATE TABLE orders_raw" | grep TTL >&2 && fail "the table has a TTL"

say "Pain 19, 43: many small transactions are few inserts of few rows"
ch 'SYSTEM STOP MERGES orders_raw'
before=$(parts orders)
inserted() { ch "SELECT value FROM system.events WHERE event = 'InsertedRows'"; }
for n in $(seq 400); do echo "UPDATE orders SET n = n + 1 WHERE id <= 20;"; done >updates.sql
psql -X -q -v ON_ERROR_STOP=1 -d "$(pg_url)" -f updates.sql
rows=$(ch 'SELECT count() FROM orders_raw') sent=$(inserted)
capture --checkpoint state.json --peek --exit-at-end >many 2>capture.err # as fast as they can be, also on a busy machine
load --checkpoint state.json <many
sent=$(($(inserted) - sent))
expect "changes" "$(grep -c '"op":"u"' many)" 8000
made=$(($(parts orders) - before)) stored=$(($(ch 'SELECT count() FROM orders_raw') - rows))
[ $made -le 5 ] || fail "$made parts for 8000 changes"
[ $stored -ge 20 ] && [ $sent -lt 1000 ] || fail "$sent rows sent, $stored kept, for 8000 changes of 20 keys"
load <many
[ "$(ch 'SELECT count() FROM orders_raw')" -ge $((rows + 40)) ] || fail "nothing is there twice: the view is not tried"
parity orders

say "Pain 43: too many parts (252) is waited for, not given up"
ch "ALTER TABLE orders_raw MODIFY SETTING parts_to_delay_insert = 1000, parts_to_throw_insert = $(parts orders)"
sql "UPDATE orders SET n = -1"
captured late &
pipe=$!
wait_until 30 grep -q 'Code: 252' load.err
sleep 1
kill -0 $pipe || fail "the pipe gave up"
confirmed=$(jq -r .checkpoint.position state.json)
ch 'ALTER TABLE orders_raw RESET SETTING parts_to_throw_insert'
ch 'SYSTEM START MERGES orders_raw'
wait $pipe || fail "the pipe ended with $?"
[ "$confirmed" != "$(jq -r .checkpoint.position state.json)" ] || fail "the checkpoint did not move afterwards"
parity orders

say "Pain 22, 23, 24: numbers and dates that no column can hold: refused, or as told and counted"
sql "CREATE TABLE bounds (id int PRIMARY KEY, free numeric, money numeric(30,10), at timestamptz, day date NOT NULL);
     INSERT INTO bounds VALUES (1, 12345678901234567890123456789012345678901234567890.123456789, 99999999999999999999.9999999999, 'infinity', '4713-01-01 BC'),
                               (2, 0.1, -0.0000000001, '0001-01-01', '5874897-12-31'), (3, NULL, NULL, NULL, '2025-07-21')"
captured odd --on-bad-date null
dates() { # TARGET-DATABASE OPTION…
    local database=$1
    shift
    ch "CREATE DATABASE $database"
    cdc-load --target "${TARGET%/*}/$database" "$@" <odd 2>load.err
}
values() { ch "SELECT id, at, day FROM bounds ORDER BY id FORMAT CSV" "$1" | tr -d '"' | tr '\n' ' '; }
expect_exit 5 dates refused
expect_words load.err "table 'public.bounds': column 'at'"
expect "rows of a refused batch" "$(ch 'SELECT count() FROM bounds_raw' refused)" 0
dates nulls --on-bad-date null || fail "null"
expect "NULL, or the epoch where the column takes none" "$(values nulls)" \
    '1,\N,1970-01-01 2,\N,1970-01-01 3,\N,2025-07-21 '
expect_words load.err "4 dates"
dates nearest --on-bad-date clamp || fail "clamp"
expect "the nearest" "$(values nearest)" \
    '1,2299-12-31 23:59:59.999999,1900-01-01 2,1900-01-01 00:00:00.000000,2299-12-31 3,\N,2025-07-21 '
expect "decimals" "$(ch "SELECT free, toString(money) FROM bounds ORDER BY id LIMIT 2" nearest | tr '\t\n' '  ')" \
    "$(sql "SELECT free || ' ' || money::text FROM bounds ORDER BY id LIMIT 2" | tr '\n' ' ')"

say "Pain 21: truncates of several tables, between rows of one transaction"
sql "INSERT INTO items (order_id) SELECT 1 FROM generate_series(1, 10)"
captured before
sql "SET client_min_messages = warning; BEGIN; INSERT INTO orders VALUES (1000, 1); INSERT INTO items (order_id) VALUES (1000);
     TRUNCATE orders RESTART IDENTITY CASCADE;
     INSERT INTO orders VALUES (1, 1), (2, 2); INSERT INTO items (order_id) VALUES (2); COMMIT;
     UPDATE orders SET n = 7 WHERE id = 1"
captured truncated
expect "events" "$(jq -r 'select(.op == "t") | .source.table' truncated | sort | tr '\n' ' ')" "items orders "
parity orders items
cat before truncated before | load
parity orders items
ch "CREATE DATABASE kept"
cat before truncated >all
sed 's/"name":"inventory"/"name":"kept"/' all | TARGET=${TARGET%/*}/kept load --on-truncate ignore
expect "ignored: the rows stay" "$(ch 'SELECT count() FROM items' kept)" 11
expect_words load.err "2 truncates were ignored"
sql "TRUNCATE orders, items"
captured empty
parity orders items
expect "rows" "$(ch 'SELECT (SELECT count() FROM orders), (SELECT count() FROM items)')" $'0\t0'
say 'all passed'
