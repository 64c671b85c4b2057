#!/usr/bin/env bash
# Truncates and whole-table snapshots void what is below them, whenever it arrives.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
load() { cdc-load --target "$TARGET" 2>load.err || fail load; }
ids() { ch "SELECT arraySort(groupArray(id)) FROM t"; }
words() { ch "SELECT arraySort(groupArray(word)) FROM log"; }
T="print(table('t', T, 'v1'))"
L="print(table('log', L, 'v1'))"

say 'a truncate between rows, in one batch'
lines "$T
rows('c', [1, 2], 16)
print(change('t', 't', None, 17))
rows('c', [3], 18)" | load
expect 'rows' "$(ids)" '[3]'

say 'late rows below it stay void, in a later run too'
lines "$T
rows('c', [4], 16)" | load
expect 'rows' "$(ids)" '[3]'

say 'rows of the same transaction, before and after the truncate'
lines "$T
print(change('c', 't', {'id': 5}, 20, 1, after={'id': 5, 'q': 1, 'note': None}))
print(change('t', 't', None, 20, 2))
print(change('c', 't', {'id': 6}, 20, 3, after={'id': 6, 'q': 1, 'note': None}))" | load
expect 'rows' "$(ids)" '[6]'

say 'a whole snapshot replaces: what it does not bring is gone, also when its end comes alone'
lines "$T
print(snapshot('begin', 't', 32))
for n in [6, 7]: print(change('r', 't', {'id': n}, 32, 0, after={'id': n, 'q': 0, 'note': 's'}))
print(change('c', 't', {'id': 8}, 33, after={'id': 8, 'q': 0, 'note': None}))" | load
lines "$T
rows('c', [9], 30)" | load
expect 'rows before the end line' "$(ids)" '[6,7,8,9]'
lines "$T
print(snapshot('end', 't', 32))" | load
expect 'rows after the end line' "$(ids)" '[6,7,8]'
expect 'rows of the snapshot itself' "$(ch "SELECT q, note FROM t WHERE id = 7")" $'0\ts'

say 'a part of a table sets no barrier'
lines "$T
print(snapshot('begin', 't', 48, False))
print(change('r', 't', {'id': 7}, 48, 0, after={'id': 7, 'q': 1, 'note': 's'}))
print(snapshot('end', 't', 48, False))" | load
expect 'rows' "$(ids)" '[6,7,8]'

say 'a table without key is emptied at the begin line; equal rows are counted'
lines "$L
print(change('c', 'log', None, 16, after={'word': 'old'}))
print(snapshot('begin', 'log', 32))
for w in ['a', 'a', 'b']: print(change('r', 'log', None, 32, 0, after={'word': w}))
print(snapshot('end', 'log', 32))
print(change('d', 'log', None, 33, before={'word': 'a'}))" >log
load <log
expect 'words' "$(words)" "['a','b']"
load <log
expect 'words after a repeat' "$(words)" "['a','b']"
lines "$L
print(change('r', 'log', None, 32, 0, after={'word': 'a'}))" >middle
expect_exit 4 cdc-load --target "$TARGET" <middle 2>load.err
expect_words load.err 'take it again'

say 'the space of void rows is given back'
wait_until 20 sh -c "[ \"\$('$ROOT/scripts/chdb.py' '${TARGET#chdb:}' 'SELECT count() FROM log_raw WHERE _version < 1')\" = 0 ]"
say 'all passed'
