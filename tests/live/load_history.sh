#!/usr/bin/env bash
# cdc-load --mode history: a row for each operation, repeats add none; other modes and names.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
load() { cdc-load --target "$TARGET" --mode history --checkpoint state.json "$@" 2>load.err; }
view() { ch 'SELECT * FROM t ORDER BY id FORMAT CSV'; }
history() { ch 'SELECT id, operation_type, q, note FROM t_history FINAL ORDER BY _version FORMAT CSV'; }

say 'each operation is a row'
lines "
print(table('t', T, 'v1'))
rows('c', [1, 2], 16)
print(change('u', 't', {'id': 1}, 17, after={'id': 1, 'q': -1}, unchanged=['note']))
print(change('u', 't', {'id': 1}, 18, after={'id': 1, 'q': -2}, unchanged=['note']))
print(change('d', 't', {'id': 2}, 19, before={'id': 2, 'q': 16, 'note': 'n'}))
print(change('d', 't', {'id': 1}, 20, 1, before={'id': 1}, key_after={'id': 10}))
print(change('c', 't', {'id': 10}, 20, 2, after={'id': 10, 'q': 3, 'note': None}, key_before={'id': 1}))
print(checkpoint(21))" >first
load <first || fail 'the first load'
wanted='1,"c",16,"n"
2,"c",16,"n"
1,"u",-1,"n"
1,"u",-2,"n"
2,"d",16,"n"
1,"d",\N,\N
10,"c",3,\N'
expect 'operations' "$(history)" "$wanted"
expect 'rows' "$(view)" '10,3,\N'
expect 'checkpoint' "$(cat state.json)" "$(tail -n 1 first)"

say 'the same again, whole and in parts, adds nothing'
load <first || fail 'the same again'
{ head -n 1 first; sed -n 3,6p first; } | load --batch-rows 1 || fail 'a part'
expect 'operations after repeats' "$(history)" "$wanted"
expect 'rows after repeats' "$(view)" '10,3,\N'

say 'an update of a row that was never seen waits, and is completed when the row comes'
lines "
print(table('t', T, 'v1'))
print(change('u', 't', {'id': 20}, 40, after={'id': 20, 'q': 1}, unchanged=['note']))
print(change('u', 't', {'id': 20}, 41, after={'id': 20, 'q': 2}, unchanged=['note']))" | load || fail 'waiting'
expect 'waiting' "$(ch 'SELECT count() FROM t_pending FINAL WHERE _done = 0')" 2
expect_words load.err "table 't': 2 updates wait in 't_pending'"
lines "
print(table('t', T, 'v1'))
for position in 40, 41, 41:
    print(change('u', 't', {'id': 20}, position, after={'id': 20, 'q': position - 39}, unchanged=['note']))" | load || fail 'waiting again'
expect_words load.err "table 't': 2 updates wait in 't_pending'"
lines "
print(table('t', T, 'v1'))
print(change('r', 't', {'id': 20}, 30, 0, after={'id': 20, 'q': 0, 'note': 's'}))" | load || fail 'the row'
expect 'waiting' "$(ch 'SELECT count() FROM t_pending FINAL WHERE _done = 0')" 0
expect 'its operations' "$(history | grep '^20')" $'20,"r",0,"s"\n20,"u",1,"s"\n20,"u",2,"s"'

say 'a truncate is a row, voids the rows of the view, and keeps the history'
lines "
print(table('t', T, 'v1'))
print(change('t', 't', None, 50))
rows('c', [0], 51)" >truncate
load <truncate && load <truncate || fail 'a truncate'
expect 'rows' "$(view)" '0,51,"n"'
expect 'operations' "$(history | wc -l)" 12
expect 'the truncate' "$(ch "SELECT count() FROM t_history FINAL WHERE operation_type = 't'")" 1
lines "
print(table('t', T, 'v1'))
rows('c', [5], 45)" | load || fail 'a late row'
expect 'a late row is history, and not a row' "$(view; history | grep '^5,')" $'0,51,"n"\n5,"c",45,"n"'

say 'a whole snapshot replaces in the view only'
lines "
print(table('t', T, 'v1'))
print(snapshot('begin', 't', 60))
print(change('r', 't', {'id': 7}, 60, 0, after={'id': 7, 'q': 0, 'note': 's'}))
print(snapshot('end', 't', 60))" | load || fail 'a snapshot'
expect 'rows' "$(view)" '7,0,"s"'
expect 'operations' "$(history | wc -l)" 14

say 'a table without key'
lines "
print(table('log', L, 'v1'))
for n in range(3): print(change('c', 'log', None, 16 + n, after={'word': 'a'}))
print(change('u', 'log', None, 20, before={'word': 'a'}, after={'word': 'b'}))
print(change('d', 'log', None, 21, before={'word': 'a'}))" >log
load <log && load <log || fail 'the table without key'
expect 'words' "$(ch 'SELECT word FROM log ORDER BY word FORMAT CSV')" $'"a"\n"b"'
expect 'operations' "$(ch "SELECT groupArray(operation_type || word) FROM (SELECT * FROM log_history FINAL WHERE _sign = 1 OR operation_type = 'd' ORDER BY _version)")" \
    "['ca','ca','ca','ub','da']"

say 'another mode, or other names, are refused for a table that is there'
expect_exit 4 cdc-load --target "$TARGET" <first 2>load.err
expect_words load.err "was made with {\"mode\":\"history\""
load --version-column v <first && fail 'another name' || expect_words load.err '"version":"v"'
cdc-load --target "$TARGET" --table-name '{table}2' --raw-name '{name}_all' --deleted-column is_deleted \
    --version-column ver <first 2>load.err || fail 'other names'
expect 'rows' "$(ch 'SELECT * FROM t2 FORMAT CSV')" '10,3,\N'
expect 'deleted' "$(ch 'SELECT sum(is_deleted), max(ver) > 0 FROM t2_all FINAL')" $'0\t1'
expect 'deleted' "$(ch 'SELECT sum(is_deleted) FROM t2_all')" '2'
say 'all passed'
