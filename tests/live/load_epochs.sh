#!/usr/bin/env bash
# A stream of MySQL that goes on in another history brings what lies behind its checkpoint again, with orders of a
# higher epoch: no row is there twice, whatever is killed; where it cannot be known which they are, the table is marked.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
BASE=${CDC_TEST_CLICKHOUSE_URL%/}
BASE=${BASE%/*}
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "$TARGET"; }
fresh() { # a target of its own
    n=$((${n:-0} + 1))
    printf 'CREATE DATABASE d%s' "$n" | curl -sS --fail-with-body --data-binary @- "$BASE/" >/dev/null
    TARGET="$BASE/?database=d$n" URL=$BASE/d$n
    rm -f state.json
}
load() { cdc-load --target "$URL" --checkpoint state.json "$@" 2>load.err || fail "load: $(cat load.err)"; }
# log, keyed: a row each for the given numbers, at that position; then a checkpoint there unless it is 0.
part() { # EPOCH POSITION NUMBERS CHECKPOINT
    lines "
if $2:
    print(table('log', L, 'v1')); print(table('keyed', T, 'v1'))
for n in [$3]:
    print(change('c', 'log', None, $2 + n, n, after={'word': f'w{n}'}))
    print(change('c', 'keyed', {'id': n}, $2 + n, n, after={'id': n, 'q': n, 'note': 'n'}))
if $4: print(checkpoint($4, slot='', database=''))" | as_mysql "$1"
}
as_mysql() { sed "s/\"order\":\"..../\"order\":\"$1/g; s/\"connector\":\"postgresql\"/\"connector\":\"mysql\"/g; s/\"kind\":\"postgres\"/\"kind\":\"mysql\"/; s/\"inventory\\./\"/"; }
begin() { part "$1" 0 '' 1; } # the line that a new history begins with
words() { ch "SELECT arraySort(groupArray(word)) FROM log FORMAT TSVRaw"; }
marks() { ch "SELECT name, item FROM _cdc_state FINAL WHERE scope = 'table' AND item IN ('stale', 'unproven') AND value != '' FORMAT CSV" | tr -d '"' | tr '\n' ' '; }
first() { # 1 to 3 stand before the checkpoint, 4 and 5 were loaded behind it
    part 09d0 100 1,2,3 104 | load
    part 09d0 100 4,5 0 | load
    expect 'before' "$(words)" "['w1','w2','w3','w4','w5']"
}

say 'from the checkpoint file on at another server'
fresh
first
{ begin 09d1; part 09d1 16 4,5,6 32; } | load
expect 'rows' "$(words)" "['w1','w2','w3','w4','w5','w6']"
expect 'with a key' "$(ch 'SELECT count() FROM keyed')" 6
expect 'marks' "$(marks)" ''
expect_words load.err "table 'log': the stream goes on in another history"
part 09d1 16 7 64 | load
expect 'later' "$(words)" "['w1','w2','w3','w4','w5','w6','w7']"
expect_words load.err 'rows into'
! grep -q 'another history' load.err || fail 'removed again'

say 'the loader ends behind the first checkpoint line, and behind the first rows'
fresh
first
begin 09d1 | load
part 09d1 16 4 0 | load
expect 'rows' "$(words)" "['w1','w2','w3','w4']"
{ part 09d1 16 4 0; part 09d1 16 5,6 32; } | load
expect 'rows' "$(words)" "['w1','w2','w3','w4','w5','w6']"
expect 'marks' "$(marks)" ''

say 'a history has no event twice'
fresh
part 09d0 100 1,2,3 104 | load --mode history
part 09d0 100 4,5 0 | load --mode history
{ begin 09d1; part 09d1 16 4,5,6 32; } | load --mode history
expect 'events' "$(ch 'SELECT count(), countDistinct(id) FROM keyed_history' 2>/dev/null || ch 'SELECT count(), countDistinct(id) FROM keyed')" $'6\t6'

say 'in mid-stream, and without a file, nobody knows: marked'
fresh
{ part 09d0 100 1,2,3 104; part 09d0 100 4,5 0; part 09d1 16 4,5,6 32; } | load
expect 'marks' "$(marks)" 'log,unproven '
fresh
part 09d0 100 1,2,3 0 | load
rm -f state.json
part 09d1 16 3,4 0 | load
expect 'marks' "$(marks)" 'log,unproven '
part 09d1 16 5 0 | load
expect 'marks' "$(marks)" 'log,unproven '
say 'all good'
