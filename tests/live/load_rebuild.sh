#!/usr/bin/env bash
# --rebuild: a whole snapshot fills a new table, which then takes the old one's place; other keys, fewer
# columns and narrower types come with it. A loader that is killed at any of its statements loses nothing.
# Pain 11: a column change that the target cannot make has a way out.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
TARGET=${CDC_TEST_CLICKHOUSE_URL%/}
ch() {
    case $TARGET in
    chdb:*) "$ROOT/scripts/chdb.py" "${TARGET#chdb:}" "$1" ;;
    *) printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}" ;;
    esac
}
L="print(table('log', L, 'v1'))"
FAULTS=$CDC_SERVICES_DIR/clickhouse/fail
load() { cdc-load --target "$TARGET" "$@" 2>load.err || fail "load: $(cat load.err)"; }
refused() { # CODE WORDS OPTION…: the lines of stdin
    local code=$1 words=$2
    shift 2
    expect_exit "$code" cdc-load --target "$TARGET" "$@" 2>load.err
    expect_words load.err "$words"
}
ids() { ch "SELECT arraySort(groupArray(id)) FROM ${1:-t}"; }
tables() { ch "SELECT arraySort(groupArray(name)) FROM system.tables WHERE database = currentDatabase() AND name LIKE '$1%'"; }
rebuilds() { ch "SELECT count() FROM _cdc_state FINAL WHERE name = '$1' AND item = 'rebuild' AND value != ''"; }

# A table `$1` with rows 1 to 5 as it was; its snapshot at 32 has 1, 2, 3 and 6, and 7 and 8 come after it.
old_rows() { lines "print(table('$1', T, 'v1'))
for n in range(1, 6): print(change('c', '$1', {'id': n}, 16, n, after={'id': n, 'q': 1, 'note': 'old'}))" | load; }
snapshot_lines() { lines "print(table('$1', T, 'v1', 32))
print(change('c', '$1', {'id': 7}, 33, after={'id': 7, 'q': 1, 'note': 'before'}))
print(snapshot('begin', '$1', 32))
for n in [1, 2, 3, 6]: print(change('r', '$1', {'id': n}, 32, 0, after={'id': n, 'q': 2, 'note': 'new'}))
print(change('c', '$1', {'id': 8}, 34, after={'id': 8, 'q': 1, 'note': 'inside'}))
print(change('u', '$1', {'id': 2}, 35, after={'id': 2, 'q': 3, 'note': 'inside'}))
print(snapshot('end', '$1', 32))
print(change('c', '$1', {'id': 9}, 36, after={'id': 9, 'q': 1, 'note': 'after'}))"; }
AFTER='[1,2,3,6,7,8,9]'
check_new() {
    expect "rows of $1" "$(ids "$1")" "$AFTER"
    expect "row 2 of $1" "$(ch "SELECT q, note FROM $1 WHERE id = 2")" $'3\tinside'
    expect "tables of $1" "$(tables "$1")" "['$1','$1_raw']"
    expect 'rebuilds' "$(rebuilds "$1")" 0
}

say 'until the end line readers see the old table, then the new one'
old_rows t
snapshot_lines t >all
head -n 8 all | load --rebuild
expect 'rows before the end line' "$(ids)" '[1,2,3,4,5,7,8]'
expect 'the new table' "$(ch 'SELECT arraySort(groupArray(id)) FROM t_raw_rebuild')" '[1,2,3,6]'
load --rebuild <all
check_new t
expect_words load.err "filled anew from the snapshot at 00010000000000000020000000000000"

say 'lines that come again change nothing'
load --rebuild <all
check_new t
load <all
check_new t

say 'what another loader stores in the old table while it is exchanged is not lost'
# The more parts, the longer ATTACH reads them before it looks whether an INSERT uses the table still.
mkfifo pipe
for n in 1 2 3; do
    slow=slow$n
    old_rows $slow
    snapshot_lines $slow >all
    ch "SYSTEM STOP MERGES ${slow}_raw"
    ch "INSERT INTO ${slow}_raw SELECT 1, number, 'old', bitShiftLeft(toUInt128(1), 112) + bitShiftLeft(toUInt128(16), 48), 0, 0, now64(3) FROM numbers(200)
        SETTINGS max_block_size = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1, max_insert_threads = 1"
    expect 'parts' "$(ch "SELECT count() > 200 FROM system.parts WHERE active AND table = '${slow}_raw'")" 1
    cdc-load --target "$TARGET" --rebuild <pipe 2>load.err &
    loader=$!
    exec {lines_in}>pipe
    head -n 9 all >&$lines_in
    wait_until 10 eval '[ "$(ch "SELECT count() FROM ${slow}_raw WHERE id = 8")" = 1 ]'
    ch "INSERT INTO ${slow}_raw SELECT 10, 1, 'slow', bitShiftLeft(toUInt128(1), 112) + bitShiftLeft(toUInt128(40), 48), toUInt8(sleepEachRow(2)), 0, now64(3) FROM numbers(1)" &
    writer=$!
    wait_until 10 eval 'ch "SELECT query FROM system.processes" | grep -q sleepEachRow.2'
    tail -n 2 all >&$lines_in
    exec {lines_in}>&-
    wait $loader || fail "loader: $(cat load.err)"
    wait $writer
    expect 'rows' "$(ids $slow)" '[1,2,3,6,7,8,9,10]'
done

say 'a table without key'
lines "$L
for w in ['a', 'b', 'b']: print(change('c', 'log', None, 16, ord(w), after={'word': w}))" | load
lines "$L
print(snapshot('begin', 'log', 32))
for w in ['b', 'c', 'c']: print(change('r', 'log', None, 32, 0, after={'word': w}))
print(change('c', 'log', None, 33, after={'word': 'd'}))" >all
load --rebuild <all
expect 'words before the end line' "$(ch 'SELECT arraySort(groupArray(word)) FROM log')" "['a','b','d']"
{ cat all; lines "print(snapshot('end', 'log', 32))
print(change('d', 'log', None, 34, before={'word': 'c'}))"; } >more
load --rebuild <more
words() { ch 'SELECT arraySort(groupArray(word)) FROM log'; }
expect 'words' "$(words)" "['b','c','d']"
load --rebuild <more
expect 'words after a repeat' "$(words)" "['b','c','d']"

say 'another key, fewer columns, narrower types'
lines "print(table('s', [column('id', 'bigint', False, 1), column('q', 'bigint'), column('note', 'text')], 'v1'))
for n in range(1, 4): print(change('c', 's', {'id': n}, 16, n, after={'id': n, 'q': n, 'note': 'x'}))" >old
load <old
S="[column('id', 'integer', False, 2), column('q', 'integer', False, 1)]"
lines "print(table('s', $S, 'v2', 30))
print(change('c', 's', {'q': 9, 'id': 9}, 31, after={'id': 9, 'q': 9}))" >changed
load <changed
expect_words load.err "'s': made anew under its name, ordered by (q, id)"
expect 'rows' "$(ids s)" '[1,2,3,9]'
lines "print(table('s', $S, 'v2', 32))
print(snapshot('begin', 's', 32))
for n in [2, 3, 9]: print(change('r', 's', {'q': n, 'id': n}, 32, 0, after={'id': n, 'q': n}))
print(snapshot('end', 's', 32))" | load --rebuild
expect 'columns' "$(ch "SELECT arrayStringConcat(groupArray(name || ' ' || type), ', ') FROM system.columns WHERE table = 's'")" 'id Int32, q Int32'
expect 'key' "$(ch "SELECT sorting_key FROM system.tables WHERE name = 's_raw'")" 'q, id'
expect 'rows' "$(ids s)" '[2,3,9]'

say 'a stream that goes on from before that comes through'
{ cat old changed; lines "print(change('c', 's', {'q': 10, 'id': 10}, 40, after={'id': 10, 'q': 10}))"; } | load
expect 'rows' "$(ids s)" '[2,3,9,10]'
expect 'columns' "$(ch "SELECT count() FROM system.columns WHERE table = 's'")" 2

say 'a loader that runs meanwhile, with the old types, is told to start again'
lines "print(table('w', [column('id', 'integer', False, 1), column('q', 'bigint')], 'v1'))
print(change('c', 'w', {'id': 1}, 16, after={'id': 1, 'q': 1}))" >old
load <old
W="print(table('w', [column('id', 'integer', False, 1), column('q', 'integer')], 'v2', 32))"
cdc-load --target "$TARGET" <pipe 2>stream.err &
loader=$!
exec {lines_in}>pipe
cat old >&$lines_in
lines "$W
print(change('c', 'w', {'id': 2}, 33, after={'id': 2, 'q': 2}))" >stream
cat stream >&$lines_in
wait_until 10 eval '[ "$(ids w)" = "[1,2]" ]'
lines "$W
print(snapshot('begin', 'w', 32))
print(change('r', 'w', {'id': 1}, 32, 0, after={'id': 1, 'q': 1}))
print(snapshot('end', 'w', 32))" | load --rebuild
expect 'type' "$(ch "SELECT type FROM system.columns WHERE table = 'w' AND name = 'q'")" 'Nullable(Int32)'
lines "print(change('c', 'w', {'id': 3}, 34, after={'id': 3, 'q': 3}))" | tee -a stream >&$lines_in
exec {lines_in}>&-
expect_exit 1 wait $loader
expect_words stream.err "column 'q' of 'w_raw' was altered while rows were on their way to it"
expect 'rows' "$(ids w)" '[1,2]'
cat old stream | load
expect 'rows' "$(ch 'SELECT arraySort(groupArray((id, q))) FROM w')" '[(1,1),(2,2),(3,3)]'

say 'a half-filled table: nothing but --rebuild goes on with it'
old_rows half
snapshot_lines half >all
head -n 6 all | load --rebuild
{ head -n 3 all; sed -n '6,$p' all; } >rest
refused 4 "first rows of this snapshot of 'half' are in 'half_raw_rebuild'" <rest
load --rebuild <rest
check_new half
old_rows again
snapshot_lines again >all
head -n 6 all | load --rebuild
ch 'DROP TABLE again_raw_rebuild'
refused 4 "'again_raw_rebuild', which is gone" --rebuild <all
lines "print(table('again', T, 'v1', 48))
print(snapshot('begin', 'again', 48))
print(change('r', 'again', {'id': 3}, 48, 0, after={'id': 3, 'q': 1, 'note': 'n'}))
print(snapshot('end', 'again', 48))" | load
expect 'rows' "$(ids again)" '[3]'
expect 'rebuilds' "$(rebuilds again)" 0
old_rows other
snapshot_lines other >all
head -n 6 all | load --rebuild
lines "print(table('other', T, 'v1', 48))
print(snapshot('begin', 'other', 48))
print(change('r', 'other', {'id': 3}, 48, 0, after={'id': 3, 'q': 1, 'note': 'n'}))
print(snapshot('end', 'other', 48))" | load
expect 'rows' "$(ids other)" '[3]'
expect 'tables' "$(tables other)" "['other','other_raw']"

say 'a table of that name that is not ours, and a database that cannot exchange'
old_rows mine
ch 'CREATE TABLE mine_raw_rebuild (a Int8) ENGINE = Memory'
snapshot_lines mine >all
refused 4 "needs the name 'mine_raw_rebuild', which another table has" --rebuild <all
ch 'CREATE DATABASE plain ENGINE = Memory'
TARGET=${TARGET%/*}/plain refused 4 "has the engine 'Memory', which cannot exchange tables" --rebuild <all

say 'killed at each statement, before and after it is done; the same lines once more'
n=0
killed() { # FAULT…: one a line; the last one is where the loader of all is killed, before it runs again
    rm -f "$FAULTS.held"
    printf '%s\n' "$@" >"$FAULTS"
    cdc-load --target "$TARGET" --rebuild <all 2>load.err &
    local loader=$!
    kill_at_fault $loader "$@"
    load --rebuild <all
}
killed_at() {
    n=$((n + 1))
    old_rows k$n
    snapshot_lines k$n >all
    killed "$@"
    check_new k$n
}
points=("delay 6 1 EXCHANGE" "hold 6 1 EXCHANGE" "hold 6 1 DETACH" "delay 6 1 ATTACH" "delay 6 1 DROP"
    "delay 0 1 SELECT;delay 6 1 SELECT" "hold 6 1 _cdc_state" "delay 0 2 _cdc_state;delay 6 1 _cdc_state")
if [ -n "$SOAK" ]; then
    points=()
    for kind in 'delay 6' 'hold 6'; do
        for word in EXCHANGE DETACH ATTACH DROP SELECT _cdc_state; do points+=("$kind 1 $word"); done
        for word in '1 SELECT' '2 SELECT' '1 _cdc_state' '2 _cdc_state' '3 _cdc_state'; do
            points+=("delay 0 $word;$kind 1 ${word#* }")
        done
    done
fi
for point in "${points[@]}"; do
    IFS=';' read -ra faults <<<"$point"
    killed_at "${faults[@]}"
done
say 'killed behind the exchange of a table with another key'
for fault in 'hold 6 1 EXCHANGE' 'delay 6 1 DROP'; do
    n=$((n + 1))
    old_rows k$n
    lines "print(table('k$n', [column('id', 'bigint', False, 2), column('q', 'integer', False, 1)], 'v2', 32))
print(snapshot('begin', 'k$n', 32))
for i in [1, 6]: print(change('r', 'k$n', {'q': 1, 'id': i}, 32, 0, after={'id': i, 'q': 1}))
print(snapshot('end', 'k$n', 32))
print(change('c', 'k$n', {'q': 1, 'id': 9}, 33, after={'id': 9, 'q': 1}))" >all
    killed "$fault"
    expect 'rows' "$(ids k$n)" '[1,6,9]'
    expect 'columns' "$(ch "SELECT arrayStringConcat(groupArray(name || ' ' || type), ', ') FROM system.columns WHERE table = 'k$n'")" 'id Int64, q Int32'
    expect 'tables' "$(tables k$n)" "['k$n','k${n}_raw']"
done
say 'an EXCHANGE whose answer is lost is not undone'
old_rows lost
snapshot_lines lost >all
echo 'drop 1 EXCHANGE' >"$FAULTS"
load --rebuild <all
check_new lost

say 'the embedded engine'
TARGET=chdb:$WORK/embedded
old_rows t
snapshot_lines t >all
head -n 8 all | load --rebuild
expect 'rows before the end line' "$(ids)" '[1,2,3,4,5,7,8]'
load --rebuild <all
check_new t
say 'all passed'
