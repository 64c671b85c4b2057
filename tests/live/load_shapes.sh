#!/usr/bin/env bash
# Shapes that ClickHouse cannot alter a table to, and shapes that the catalog tells stricter than rows are:
# another key makes a table anew under its name, a NULL widens a column, and what a younger column has in
# old rows is a value as any other. None of it stops the pipe without a way out.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
TARGET=${CDC_TEST_CLICKHOUSE_URL%/}
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
FAULTS=$CDC_SERVICES_DIR/clickhouse/fail
load() { cdc-load --target "$TARGET" "$@" 2>load.err || fail "load: $(cat load.err)"; }
stale() { ch "SELECT value FROM _cdc_state FINAL WHERE scope = 'table' AND item = 'stale' AND name = '$1' FORMAT TSVRaw"; }
rows_of() { ch "SELECT * FROM $1 ORDER BY ALL FORMAT CSV"; }
tables() { ch "SELECT arraySort(groupArray(name)) FROM system.tables WHERE database = currentDatabase() AND name LIKE '$1%'"; }
key_of() { ch "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = '$1'"; }

old_lines() { lines "print(table('$1', T, 'v1'))
for n in range(1, 6): print(change('c', '$1', {'id': n}, 16, n, after={'id': n, 'q': n, 'note': 'old'}))
print(change('d', '$1', {'id': 5}, 17, 5, before={'id': 5}))"; }
new_lines() { lines "K=[T[0] | {'key': 2}, column('q', 'integer', False, 1), T[2]]
print(table('$1', K, 'v2', 33))
print(change('d', '$1', {'q': 3, 'id': 3}, 33, 1, before={'q': 3, 'id': 3}))
print(change('c', '$1', {'q': 9, 'id': 9}, 33, 2, after={'id': 9, 'q': 9, 'note': 'new'}))
print(change('u', '$1', {'q': 2, 'id': 2}, 33, 3, after={'id': 2, 'q': 2}, unchanged=['note']))"; }
NEW=$'1,1,"old"\n2,2,"old"\n4,4,"old"\n9,9,"new"'

say 'another key: from the old rows, where they have its columns once each'
for mode in replace history; do
    old_lines r$mode >old
    new_lines r$mode >new
    load --mode $mode <old
    load --mode $mode <new
    expect "rows ($mode)" "$(rows_of r$mode)" "$NEW"
    expect "mark ($mode)" "$(stale r$mode)" ""
    expect "tables ($mode)" "$(tables r$mode)" "['r$mode','r${mode}_$([ $mode = history ] && echo history || echo raw)']"
    cat old new | load --mode $mode
    expect "rows after a repeat ($mode)" "$(rows_of r$mode)" "$NEW"
    load --mode $mode <old
    expect "rows after the old lines ($mode)" "$(rows_of r$mode)" "$NEW"
    expect "mark after repeats ($mode)" "$(stale r$mode)" ""
done
expect 'key' "$(key_of rreplace_raw)" 'q, id'
expect 'a history keeps its operations' "$(ch "SELECT operation_type, count() FROM rhistory_history FINAL WHERE _version < bitShiftLeft(toUInt128(1), 112) + bitShiftLeft(toUInt128(33), 48) GROUP BY 1 ORDER BY 1 FORMAT CSV")" $'"c",5\n"d",1\n"r",4'

say 'a key that comes later, and one that goes'
lines "
B=[T[0] | {'key': 0}, T[1], T[2]]
print(table('late', B, 'v1'))
for i, n in enumerate([1, 2, 2, 3]): print(change('c', 'late', None, 16, i + 1, after={'id': n, 'q': 1, 'note': 'n'}))
print(change('d', 'late', None, 17, before={'id': 2, 'q': 1, 'note': 'n'}))
print(table('late', T, 'v2', 20))
print(change('u', 'late', {'id': 3}, 20, after={'id': 3, 'q': 2, 'note': 'n'}))" >late
load <late
expect 'rows' "$(rows_of late)" $'1,1,"n"\n2,1,"n"\n3,2,"n"'
load <late
lines "B=[T[0] | {'key': 0}, T[1], T[2]]
print(table('late', B, 'v1', 30))
print(change('c', 'late', None, 30, after={'id': 3, 'q': 2, 'note': 'n'}))
print(change('d', 'late', None, 31, before={'id': 1, 'q': 1, 'note': 'n'}))" | load
expect 'rows without a key' "$(rows_of late)" $'2,1,"n"\n3,2,"n"\n3,2,"n"'
expect 'mark' "$(stale late)" ""

say 'where the old rows do not have the key once each, or not at all, the table is empty and stale'
lines "print(table('late', T, 'v2', 40))
print(change('c', 'late', {'id': 7}, 40, after={'id': 7, 'q': 2, 'note': 'n'}))" | load
expect 'rows' "$(rows_of late)" '7,2,"n"'
expect 'mark' "$(stale late)" 'its key is (id) now, which several of its old rows share'
old_lines other | load
lines "K=[column('k', 'text', False, 1), T[1]]
print(table('other', K, 'v2', 33))
print(change('c', 'other', {'k': 'x'}, 33, 1, after={'k': 'x', 'q': 1}))" | load
expect 'rows' "$(ch 'SELECT k, q FROM other FORMAT CSV')" '"x",1'
expect 'mark' "$(stale other)" 'its key is (k) now, which its old rows do not have'

say 'another table of the same name ends the old rows, whatever its shape'
for shape in "T" "[column('k', 'text', False, 1)]" "[T[0], column('q', 'boolean'), T[2]]"; do
    n=$((${n:-0} + 1))
    lines "def line(oid, columns, version, position):
    t = json.loads(table('anew$n', columns, version, position)); t['table']['oid'] = oid
    print(text(t))
line(7, T, 'v1', 16)
rows('c', [], 16)
print(change('c', 'anew$n', {'id': 1}, 16, after={'id': 1, 'q': 1, 'note': 'old'}))
line(8, $shape, 'v2', 20)
N = $shape
values = {'id': 2, 'q': True if N[1:] and N[1]['type'] == 'boolean' else 5, 'note': 'n', 'k': 'x'}
row = {c['name']: values[c['name']] for c in N}
print(change('c', 'anew$n', {N[0]['name']: row[N[0]['name']]}, 20, after=row))" >anew
    load <anew
    load <anew
    expect "rows of $shape" "$(ch "SELECT count() FROM anew$n")" 1
    expect "tables" "$(tables anew$n)" "['anew$n','anew${n}_raw']"
done

say 'a type that cannot be altered: the old rows are taken where they fit'
lines "print(table('typed', [T[0], column('note', 'double precision')], 'v1'))
for n in [1, 2]: print(change('c', 'typed', {'id': n}, 16, n, after={'id': n, 'note': float(n)}))
print(table('typed', [T[0], column('note', 'integer')], 'v2', 20))
print(change('c', 'typed', {'id': 3}, 20, after={'id': 3, 'note': 3}))" | load
expect 'rows' "$(rows_of typed)" $'1,1\n2,2\n3,3'
expect 'type' "$(ch "SELECT type FROM system.columns WHERE table = 'typed' AND name = 'note'")" 'Nullable(Int32)'
expect 'mark' "$(stale typed)" "the type of column 'note' was changed from 'double precision' to 'integer'"

say 'lines of the old key that come behind those of the new one may never have been loaded'
{ old_lines behind; new_lines behind; lines "print(table('behind', T, 'v1', 20))
print(change('c', 'behind', {'id': 6}, 20, after={'id': 6, 'q': 6, 'note': 'late'}))"; } | load
expect 'mark' "$(stale behind)" "changes of a shape that is gone came late, and are missing"

say 'killed at each statement, before and after it is done; the same lines once more'
for faults in "delay 0 1 CREATE;delay 6 1 CREATE" "delay 0 1 CREATE;hold 1 1 CREATE" "delay 6 1 _remake_" "hold 1 1 _remake_" \
    "delay 6 1 EXCHANGE" "hold 1 1 EXCHANGE" "delay 0 2 CREATE;delay 6 1 CREATE" "delay 0 2 CREATE;hold 1 1 CREATE" \
    "delay 0 1 EXCHANGE;delay 6 1 _cdc_state" "delay 0 1 EXCHANGE;hold 1 1 _cdc_state" "delay 0 1 EXCHANGE;delay 6 1 DROP"; do
    k=k$((n += 1))
    old_lines $k >old
    new_lines $k >new
    load <old
    tr ';' '\n' <<<"$faults" >"$FAULTS"
    cat old new | cdc-load --target "$TARGET" 2>load.err &
    loader=$!
    wait_until 10 eval '[ ! -s "$FAULTS" ]'
    sleep 0.1
    kill -9 $loader 2>/dev/null || fail "the loader ended before $faults: $(cat load.err)"
    wait $loader 2>/dev/null || true
    cat old new | load
    expect "rows after $faults" "$(rows_of $k)" "$NEW"
    expect "mark after $faults" "$(stale $k)" ""
    expect "tables after $faults" "$(tables $k)" "['$k','${k}_raw']"
done
say 'an EXCHANGE whose answer is lost is not undone'
old_lines lost | load
echo 'drop 1 EXCHANGE' >"$FAULTS"
new_lines lost | load
expect 'rows' "$(rows_of lost)" "$NEW"

say 'NULL for a column that is NOT NULL by now: the column gets wider, in the middle of a batch'
for mode in "" "--mode history" "--on-error dead-letter --dead-letter letters"; do
    name=null$((n += 1))
    lines "N=[T[0], column('q', 'integer', False), column('note', 'text', False)]
print(table('$name', N, 'v1'))
print(change('c', '$name', {'id': 1}, 16, 1, after={'id': 1, 'q': 1, 'note': 'a'}))
print(change('c', '$name', {'id': 2}, 16, 2, after={'id': 2, 'q': None, 'note': 'b'}))
print(change('u', '$name', {'id': 2}, 17, 1, after={'id': 2, 'q': 5, 'note': 'b'}))
print(change('c', '$name', {'id': 3}, 18, 1, after={'id': 3, 'q': None, 'note': None}))
print(change('d', '$name', {'id': 1}, 19, 1, before={'id': 1}, key_after={'id': 4}))
print(change('c', '$name', {'id': 4}, 19, 2, after={'id': 4, 'q': 1, 'note': None}, key_before={'id': 1}))
print(table('$name', N, 'v1', 20))" >nulls
    load $mode <nulls
    load $mode <nulls
    expect "rows ($mode)" "$(rows_of $name)" $'2,5,"b"\n3,\\N,\\N\n4,1,\\N'
    expect "dead letters ($mode)" "$([ -s letters ] && cat letters)" ""
done
lines "W=[column('word', 'text', False), column('n', 'integer', False)]
print(table('bag', W, 'v1'))
print(change('c', 'bag', None, 16, 1, after={'word': 'a', 'n': 1}))
print(change('u', 'bag', None, 17, 1, before={'word': 'a', 'n': 1}, after={'word': None, 'n': 1}))
print(change('u', 'bag', None, 18, 1, before={'word': None, 'n': 1}, after={'word': 'b', 'n': None}))" | load
expect 'rows without a key' "$(rows_of bag)" '"b",\N'
lines "print(table('strict', [T[0], column('q', 'integer', False)], 'v1'))
print(change('c', 'strict', {'id': 1}, 16, 1, after={'id': 1, 'q': None}))" >strict
expect_exit 5 cdc-load --target "$TARGET" --on-null fail <strict 2>load.err
load --on-null default <strict
expect 'the default' "$(rows_of strict)" '1,0'
lines "print(table('keyed', T, 'v1'))
print(change('c', 'keyed', {'id': None}, 16, 1, after={'id': None, 'q': 1, 'note': 'x'}))" |
    expect_exit 5 cdc-load --target "$TARGET" 2>load.err

say 'what a younger column has in old rows is a value as any other'
younger() { # NAME TYPE DEFAULT
    lines "print(table('$1', [T[0]], 'v1'))
print(change('c', '$1', {'id': 1}, 16, 1, after={'id': 1}))" | load
    lines "D = column('d', '$2', False, default=$3)
if D['type'].endswith('[]'): D['element'] = D['type'][:-2]
if D['type'].startswith('numeric'): D.update(precision=4, scale=2)
print(table('$1', [T[0], D], 'v2', 20))"
}
for case in "date '9999-12-31' --on-bad-date 2299-12-31" "date '-infinity' --on-bad-date 1900-01-01" \
    "timestamp '0001-01-01T00:00:00_BC' --on-bad-date 1900-01-01_00:00:00.000000" "numeric(4,2) 'Infinity' --on-overflow 99.99" \
    "timestamp 'infinity' --on-bad-date 2299-12-31_23:59:59.999999" "date[] ['9999-12-31','2020-01-01'] --on-bad-date ['2299-12-31','2020-01-01']"; do
    read -r type default option clamped <<<"$case"
    name=young$((n += 1))
    younger $name "$type" "${default//_/ }" >young
    expect_exit 5 cdc-load --target "$TARGET" <young 2>load.err
    expect_words load.err "table 'inventory.$name': column 'd'"
    expect_words load.err "the value of its older rows"
    expect_words load.err "$option null, or clamp"
    load $option clamp --metrics load.prom <young
    expect "the old row's $type" "$(ch "SELECT d FROM $name")" "${clamped//_/ }"
    expect_words load.err "were replaced: $([ $option = --on-overflow ] && echo '0 dates, 1 numbers' || echo '1 dates, 0 numbers')"
done
younger none 'uuid' "None" | sed 's/,"default":null//' >young
load <young
expect 'not known' "$(ch 'SELECT d IS NULL FROM none')" 1
expect 'mark' "$(stale none)" "column 'd' was added, and what its older rows have is not known"
lines "print(table('fresh', [T[0], column('d', 'date', False, default='9999-12-31')], 'v1'))
print(change('c', 'fresh', {'id': 1}, 16, 1, after={'id': 1, 'd': '2020-01-01'}))" | load
say "all good"
