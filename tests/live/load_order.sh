#!/usr/bin/env bash
# Lines of one key in one batch, in every order in which snapshot, stream and replays can bring them:
# fixed cases beside the random ones of load_pending.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
# Each case has a key of its own, so that all may share the target.
case_of() { # WHAT WANTED PYTHON: `k` is the key, change lines by c(), r(), u() and partial p()
    id=$((${id:-0} + 1))
    lines "
k = {'id': $id}
def c(at, note): print(change('c', 't', k, at, after={**k, 'q': at, 'note': note}))
def r(at, note): print(change('r', 't', k, at, 0, after={**k, 'q': at, 'note': note}))
def u(at, note): print(change('u', 't', k, at, after={**k, 'q': at, 'note': note}))
def d(at): print(change('d', 't', k, at, before=k))
def p(at): print(change('u', 't', k, at, after={**k, 'q': at}, unchanged=['note']))
def pq(at, note): print(change('u', 't', k, at, after={**k, 'note': note}, unchanged=['q']))
def t(at): print(change('t', 't', None, at))
print(table('t', T, 'v1'))
$3" | cdc-load --target "$TARGET" 2>load.err || fail "$1: cdc-load ended with $?"
    expect "$1" "$(ch "SELECT q, note FROM t WHERE id = $id FORMAT TSV" | tr '\t' ' ')" "$2"
}

say "rows of one size: the highest order stays"
case_of "10 30 20" "30 b" "c(10, 'a'); u(30, 'b'); u(20, 'c')"
case_of "30 10 20" "30 b" "u(30, 'b'); c(10, 'a'); u(20, 'c')"
case_of "20 30 10" "30 b" "u(20, 'c'); u(30, 'b'); c(10, 'a')"
case_of "the deleted one stays deleted" "" "c(10, 'a'); d(30); u(20, 'c')"

say "an unchanged column comes from the row before, not from one that arrived before"
case_of "an older snapshot row between" "40 new" "c(30, 'new'); r(10, 'old'); p(40)"
case_of "an older snapshot row behind" "40 new" "c(30, 'new'); p(40); r(10, 'old')"
case_of "a snapshot row between two lines" "40 s" "c(10, 'old'); p(20); r(30, 's'); p(40)"
case_of "a newer snapshot row wins" "50 s" "c(30, 'new'); p(40); r(50, 's')"
case_of "a chain" "60 v" "c(30, 'v'); p(40); p(50); p(60)"
case_of "across a delete and a create" "60 two" "c(30, 'one'); p(40); d(45); c(50, 'two'); p(60)"

say "the same with the row before in the target"
id=100
case_of "stored" "30 old" "c(30, 'old')"
id=100
case_of "from the stored row" "40 old" "p(40)"
id=100
case_of "from the batch's row, which is newer" "60 new" "u(50, 'new'); p(60)"
id=100
case_of "from the stored row, although the batch has an older one" "70 new" "r(20, 'stale'); p(70)"

say "a line behind one that waits waits too, also when an older whole row comes again between them"
id=100
case_of "stored" "80 old" "c(80, 'old')"
id=100
case_of "the later line has what the waiting one said" "100 last" "p(100); u(90, 'again'); pq(110, 'last')"

say "nothing is filled from a deleted row"
id=150
case_of "stored and deleted" "" "c(100, 'gone'); d(110)"
id=150
case_of "the line waits" "" "p(130)"
id=150
case_of "until its row comes" "130 new" "c(120, 'new')"

say "nothing is filled from below the batch's own truncate"
id=200
case_of "stored below" "100 below" "c(100, 'below')"
id=200
case_of "the line waits" "" "t(110); p(130)"
id=200
case_of "until its row comes" "130 above" "c(120, 'above')"
say "all good"
