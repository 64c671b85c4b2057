#!/usr/bin/env bash
# cdc-load into the embedded engine: kinds of lines, repeats, shapes that change, a locked folder.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
load() { cdc-load --target "$TARGET" --checkpoint state.json "$@" 2>load.err; }
view() { ch 'SELECT * FROM t ORDER BY id FORMAT CSV'; }

say 'rows, changes, a key change, deletes'
lines "
print(table('t', T, 'v1'))
rows('c', range(1, 6), 16)
print(change('u', 't', {'id': 1}, 17, after={'id': 1, 'q': -1}, unchanged=['note']))
print(change('d', 't', {'id': 2}, 18, before={'id': 2}))
print(change('d', 't', {'id': 3}, 19, 1, before={'id': 3}, key_after={'id': 30}))
print(change('c', 't', {'id': 30}, 19, 2, after={'id': 30, 'q': 3, 'note': None}, key_before={'id': 3}))
print(checkpoint(20))" >first
load <first || fail 'the first load'
wanted=$'1,-1,"n"\n4,16,"n"\n5,16,"n"\n30,3,\\N'
expect 'rows' "$(view)" "$wanted"
expect 'checkpoint' "$(cat state.json)" "$(tail -n 1 first)"
expect 'position in the target' "$(ch "SELECT position FROM _cdc_state FINAL WHERE scope = 'source'")" 0/14

say 'the last of several checkpoints within a second, behind which the input ends'
lines "
print(table('often', T, 'v1'))
for n in range(16, 26):
    print(change('c', 'often', {'id': n}, n, after={'id': n, 'q': 1, 'note': 'n'}))
    print(checkpoint(n + 1))" >often
while IFS= read -r line; do echo "$line"; sleep 0.1; done <often |
    cdc-load --target "chdb:$PWD/often.chdb" --flush-interval 20ms 2>load.err || fail 'lines that come one by one'
expect 'position in the target' "$(cdc-query "chdb:$PWD/often.chdb" "SELECT position FROM _cdc_state FINAL WHERE scope = 'source'")" 0/1A

say 'the same again, and parts of it, change nothing'
load <first || fail 'the same again'
{ head -n 1 first; sed -n 3,7p first; } | load || fail 'a part'
expect 'rows after repeats' "$(view)" "$wanted"

# Of two threads one could use what the other has deleted: chdb.cpp.
expect 'threads that load tables' "$(cdc-query "$TARGET" "SELECT value FROM system.server_settings
    WHERE name = 'tables_loader_foreground_pool_size'")" 1

say 'a new column with a default, a wider one; then the old shape again'
lines "
N = [T[0], column('q', 'bigint'), T[2], column('new', 'numeric(6,2)', False, precision=6, scale=2, default='1.50')]
print(table('t', N, 'v2', 21))
print(change('c', 't', {'id': 7}, 22, after={'id': 7, 'q': 5000000000, 'note': 'x', 'new': '2.25'}))
print(change('u', 't', {'id': 5}, 23, after={'id': 5, 'q': 5, 'new': '9.00'}, unchanged=['note']))
print(checkpoint(24))" >second
load <second || fail 'the changed shape'
wanted=$'1,-1,"n",1.5\n4,16,"n",1.5\n5,5,"n",9\n7,5000000000,"x",2.25\n30,3,\\N,1.5'
expect 'rows of both shapes' "$(view)" "$wanted"
load <first || fail 'the old shape again'
expect 'rows after the old shape' "$(view)" "$wanted"

say 'merges wait while batches are full, and what alters the table does not wait for them'
lines "
B = [T[0], column('q', 'bigint'), T[2]]
print(table('held', T, 'v1'))
for n in range(50): print(change('c', 'held', {'id': n}, 16, n + 1, after={'id': n, 'q': n, 'note': 'n'}))
print(table('held', B, 'v2', 17))
print(change('c', 'held', {'id': 50}, 18, after={'id': 50, 'q': 5000000000, 'note': 'n'}))" >held
timeout 300 cdc-load --target "$TARGET" --batch-rows 5 --log-level debug <held 2>held.err || fail "with full batches: $(tail -n 3 held.err)"
expect 'rows' "$(ch 'SELECT count(), max(q) FROM held FORMAT CSV')" 51,5000000000
expect_words held.err 'merges wait'
expect_words held.err 'merges go on'

say 'merges do not wait where a partition has many parts'
ch 'CREATE TABLE crowded (n Int32) ENGINE = MergeTree ORDER BY n SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1'
ch 'INSERT INTO crowded SELECT number FROM numbers(17) SETTINGS max_block_size = 1, min_insert_block_size_rows = 1'
expect 'parts' "$(ch "SELECT count() FROM system.parts WHERE active AND table = 'crowded'")" 17
timeout 300 cdc-load --target "$TARGET" --batch-rows 5 --log-level debug <held 2>held.err || fail "beside many parts: $(tail -n 3 held.err)"
expect_words held.err 'merges do not wait'
ch 'DROP TABLE crowded'

say 'a table without key'
lines "
print(table('log', L, 'v1'))
for n in range(3): print(change('c', 'log', None, 16 + n, after={'word': 'a'}))
print(change('u', 'log', None, 20, before={'word': 'a'}, after={'word': 'b'}))
print(change('d', 'log', None, 21, before={'word': 'a'}))" >log
load <log && load <log || fail 'the table without key'
expect 'words' "$(ch 'SELECT word FROM log ORDER BY word FORMAT CSV')" $'"a"\n"b"'

say 'two source tables with one name'
sed 's/"schema":"inventory"/"schema":"other"/' <first >other
expect_exit 4 load <other
expect_words load.err "{schema}_{table}"
load --table-name '{schema}_{table}' <other || fail 'the other schema'
expect 'rows of the other' "$(ch 'SELECT count() FROM other_t')" 4

say 'another key and another type that are older than the table (load_shapes.sh has younger ones), a name that is taken'
lines "print(table('t', [T[0], column('q', 'integer', False, 2)], 'v3'))" | load || fail 'an older key'
lines "print(table('t', [T[0], column('q', 'boolean')], 'v4'))" | load || fail 'an older type'
expect 'key' "$(ch "SELECT sorting_key FROM system.tables WHERE name = 't_raw'")" '(id)'
expect 'rows' "$(view)" "$wanted"
ch 'CREATE TABLE mine (a Int32) ENGINE = MergeTree ORDER BY a'
lines "print(table('mine', T, 'v1'))" | expect_exit 4 load
expect_words load.err "already has 'mine'"

say 'what is good before a bad line is durable, with its checkpoint'
{ head -n 1 second; lines "
rows('c', [40], 32)
print(checkpoint(33))
rows('c', [41], 34)
print('{\"cheese\":1}')" | sed 's/"note":"n"/"note":"n","new":"0.00"/'; } >bad
expect_exit 5 load <bad
expect_words load.err 'line 5: unknown kind of line'
expect 'rows before the bad line' "$(ch 'SELECT count() FROM t WHERE id >= 40')" 2
expect 'checkpoint before it' "$(grep -o '"position":"[^"]*"' state.json)" '"position":"0/21"'

say 'a locked folder names its holder'
mkfifo hold
cdc-load --target "$TARGET" <hold 2>holder.err &
holder=$!
exec 7>hold
wait_until 20 grep -qx "PID: $holder" target/status
expect_exit 4 load <first
expect_words load.err "process $holder"
exec 7>&-
wait "$holder" || fail 'the holder'

say 'SIGTERM: reads to the end, makes it durable, exit 0'
mkfifo slow
cdc-load --target "$TARGET" --checkpoint state.json --flush-interval 1h <slow 2>slow.err &
pid=$!
exec 7>slow
{ head -n 1 second; lines "
rows('c', [50], 40)
print(checkpoint(41))" | sed 's/"note":"n"/"note":"n","new":"0.00"/'; } >&7
sleep 1.5
kill -TERM "$pid"
lines "print(checkpoint(42))" >&7
exec 7>&-
expect_exit 0 wait "$pid"
expect 'checkpoint after SIGTERM' "$(grep -o '"position":"[^"]*"' state.json)" '"position":"0/2A"'
expect 'row after SIGTERM' "$(ch 'SELECT count() FROM t WHERE id = 50')" 1
say 'all passed'
