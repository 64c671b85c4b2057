#!/usr/bin/env bash
# One transaction of CDC_TEST_BIG_ROWS rows (200,000; 5,000,000 in a soak), and one value of 50 MB:
# memory does not grow with the transaction. Pain 35: one huge transaction. Pain 47: its memory.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
ROWS=${CDC_TEST_BIG_ROWS:-200000}
[ -z "$SOAK" ] || ROWS=5000000
start postgres
create_db
sql "CREATE TABLE t (id integer PRIMARY KEY, a bigint, b numeric(12,2), v text, at timestamptz DEFAULT now())"
capture --create --exit-after-create 2>/dev/null
sql "INSERT INTO t SELECT i, i::bigint * 1000, i / 100.0, 'row number ' || i FROM generate_series(1, $ROWS) i"

say "$ROWS rows in one transaction"
measured() { # OUT COMMAND…: runs it, prints its greatest resident size in kB
    python3 - "$@" <<'PY'
import os, subprocess, sys
with open(sys.argv[1], "wb") as out, open(sys.argv[1] + ".err", "wb") as err:
    child = subprocess.Popen(sys.argv[2:], stdout=out, stderr=err)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
PY
}
rss=$(measured out cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --exit-at-end)
expect "rows" "$(grep -c '"op":"c"' out)" "$ROWS"
expect "last row" "$(grep '"op":"c"' out | tail -n 1 | jq -c .key)" "{\"id\":$ROWS}"
echo "    greatest resident size: $rss kB"
[ "$rss" -le 65536 ] || fail "$rss kB for one transaction; 64 MB is the limit"

say "a value of 50 MB"
sql "INSERT INTO t (id, v) VALUES (0, repeat('long text ', 5000000))"
rss=$(measured out cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --exit-at-end)
expect "its length" "$(grep '"key":{"id":0}' out | jq '.after.v | length')" 50000000
echo "    greatest resident size: $rss kB"
say "all good"
