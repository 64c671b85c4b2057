#!/usr/bin/env bash
# Pain 18: --purge removes deleted rows that nothing can bring back, and no others; nobody sees a row again.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
TARGET=${CDC_TEST_CLICKHOUSE_URL%/}
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=default"; }
load() { cdc-load --target "$TARGET" --checkpoint state.json "$@" 2>load.err || fail "load: $(cat load.err)"; }
purge() { cdc-load --target "$TARGET" --purge "$@" 2>purge.err || fail "purge: $(cat purge.err)"; }
rows_of() { ch 'SELECT * FROM t ORDER BY id FORMAT CSV'; }
deleted() { ch 'SELECT arraySort(groupUniqArray(id)) FROM t_raw WHERE _deleted = 1'; }
T="print(table('t', T, 'v1'))"

say 'below the checkpoint they go, with what they hide; above it they stay'
lines "$T
rows('c', range(1, 11), 16)" | load
ch 'SYSTEM STOP MERGES t_raw'
lines "$T
for n in range(1, 6): print(change('d', 't', {'id': n}, 20, n, before={'id': n}))" | load
lines "$T
rows('c', [5], 21)
print(checkpoint(30))" | load
lines "$T
print(change('d', 't', {'id': 6}, 40, before={'id': 6}))
print(change('u', 't', {'id': 7}, 41, after={'id': 7, 'q': 1}, unchanged=['note']))" >behind
load <behind
wanted=$(rows_of)
expect 'rows before' "$(ch 'SELECT arraySort(groupArray(id)) FROM t')" '[5,7,8,9,10]'
ch 'SYSTEM START MERGES t_raw'
while [ ! -e stop ]; do rows_of >seen; cmp -s seen <(echo "$wanted") || cp seen differs; done &
reader=$!
purge --checkpoint state.json >out
touch stop
wait "$reader"
[ ! -e differs ] || fail "a reader saw: $(cat differs)"
expect 'what it says' "$(cat out)" \
    "t: 5 deleted rows below 0001000000000000001e000000000000 (the checkpoint of postgres:7312345678901234567:inventory:orders) removed"
expect 'deleted rows that are left' "$(deleted)" '[6]'
expect 'rows hidden by them' "$(ch 'SELECT count() FROM t_raw WHERE id < 5')" 0
ch 'OPTIMIZE TABLE t_raw FINAL'
expect 'rows after' "$(rows_of)" "$wanted"

say 'what comes again behind the checkpoint changes nothing, and a second purge finds nothing'
load <behind
expect 'rows after the same lines' "$(rows_of)" "$wanted"
purge >out
expect_words out 't: 0 deleted rows'

say 'parked keys, waiting updates, snapshots under way and a checkpoint file keep the bound lower'
lines "$T
print(change('u', 't', {'id': 100}, 52, after={'id': 100, 'q': 1}, unchanged=['note']))
print(checkpoint(90))" | load
purge >out
expect_words out '00010000000000000034000000000001 (an update that waits)'
lines "$T
print(change('u', 't', {'id': 8}, 51, after={'id': 8, 'q': 99999999999, 'note': 'x'}))" |
    load --on-error dead-letter --dead-letter dead
purge >out
expect_words out '00010000000000000033000000000001 (the parked key {"id":8})'
lines "$T
print(snapshot('begin', 't', 50, False))" | load
purge >out
expect_words out '00010000000000000032000000000000 (a snapshot that has not ended)'
expect 'deleted rows' "$(deleted)" '[]'
lines "$T
print(change('c', 't', {'id': 200}, 49, after={'id': 200, 'q': 1, 'note': 's'}))
print(change('d', 't', {'id': 200}, 50, 2, before={'id': 200}))
print(snapshot('end', 't', 50, False))" | load
purge >out
expect_words out 'parked key'
expect 'deleted rows' "$(deleted)" '[]'
echo "$(lines 'print(checkpoint(7))')" >old.json
purge --checkpoint old.json >out
expect_words out "below 00010000000000000007000000000000 (the checkpoint of 'old.json')"
purge --checkpoint missing.json >out
expect_words out 'below 00000000000000000000000000000000'

say 'a barrier makes everything below it void'
lines "$T
print(change('d', 't', {'id': 9}, 95, before={'id': 9}))
print(change('t', 't', None, 96))
rows('c', [9], 97)" | load --on-error dead-letter --dead-letter dead
purge >out
expect_words out "(the table's barrier)"
lines "$T
rows('c', [9], 94)" | load
expect 'rows' "$(ch 'SELECT id, q FROM t')" $'9\t97'
say 'all passed'
