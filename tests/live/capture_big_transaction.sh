#!/usr/bin/env bash
# One transaction of CDC_TEST_BIG_ROWS rows (300,000; 5,000,000 in a soak), and one value of 50 MB:
# memory does not grow with the transaction. Pain 35: one huge transaction. Pain 47: its memory.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
ROWS=${CDC_TEST_BIG_ROWS:-300000}
[ -z "$SOAK" ] || ROWS=5000000
start postgres
create_db
sql "CREATE TABLE t (id integer PRIMARY KEY, a bigint, b numeric(12,2), v text, at timestamptz DEFAULT now())"
capture --create --exit-after-create 2>/dev/null
sql "INSERT INTO t SELECT i, i::bigint * 1000, i / 100.0, 'row number ' || i FROM generate_series(1, $ROWS) i"

say "$ROWS rows in one transaction"
measured use cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --exit-at-end >out 2>out.err
expect "rows" "$(grep -c '"op":"c"' out)" "$ROWS"
expect "last row" "$(grep '"op":"c"' out | tail -n 1 | jq -c .key)" "{\"id\":$ROWS}"
read -r seconds memory <use
echo "    $seconds s, greatest resident size: $memory MB"
[ "$memory" -le 64 ] || fail "$memory MB for one transaction; 64 MB is the limit"

say "no checkpoint inside a transaction, however long it takes"
capture --peek --exit-at-end --heartbeat 200ms >lines 2>lines.err
expect "rows" "$(grep -c '"op":"c"' lines)" "$ROWS"
"$HERE/order_check.py" lines || fail "a checkpoint stands where it must not"

say "a value of 50 MB"
sql "INSERT INTO t (id, v) VALUES (0, repeat('long text ', 5000000))"
measured use cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --exit-at-end >out 2>out.err
expect "its length" "$(grep '"key":{"id":0}' out | jq '.after.v | length')" 50000000
read -r seconds memory <use
echo "    $seconds s, greatest resident size: $memory MB"
# libpq's buffer, and the message that it gives out of it, which goes while its line comes.
[ "$memory" -le 150 ] || fail "$memory MB for a value of 50 MB; 150 MB is the limit"
say "all good"
