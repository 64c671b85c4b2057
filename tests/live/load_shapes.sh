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

say 'columns that somebody added in the target stay what they are; one that cannot be read is not in the view'
for mode in replace history; do
    load_hand() { "$1" hand$mode | load --mode $mode; }
    load_hand old_lines
    ch "ALTER TABLE hand${mode}_$([ $mode = history ] && echo history || echo raw) ADD COLUMN twice Int64 MATERIALIZED thrice - assumeNotNull(q),
        ADD COLUMN thrice Int64 ALIAS assumeNotNull(q) * 3, ADD COLUMN seven Int32 DEFAULT 7, ADD COLUMN passing Int32 EPHEMERAL 1"
    load_hand old_lines
    expect "rows ($mode)" "$(rows_of hand$mode)" $'1,1,"old",2,3,7\n2,2,"old",4,6,7\n3,3,"old",6,9,7\n4,4,"old",8,12,7'
    load_hand new_lines
    expect "rows behind another key ($mode)" "$(rows_of hand$mode)" $'1,1,"old",2,3,7\n2,2,"old",4,6,7\n4,4,"old",8,12,7\n9,9,"new",18,27,7'
done

say 'a column of the source that somebody made into one that keeps no values is refused'
kept_none() { lines "print(table('voided', T, 'v1'))
print(change('c', 'voided', {'id': $1}, $1, 1, after={'id': $1, 'q': 1, 'note': 'n'}))" | cdc-load --target "$TARGET" 2>load.err; }
kept_none 1 || fail 'the table'
for kind in 'EPHEMERAL' "ALIAS 'x'" "MATERIALIZED 'x'"; do
    ch "ALTER TABLE voided_raw DROP COLUMN note"
    ch "ALTER TABLE voided_raw ADD COLUMN note Nullable(String) $kind"
    expect_exit 4 kept_none 2
    expect_words load.err "column 'note' of 'voided_raw' was made ${kind% *} in the target"
done
ch 'ALTER TABLE voided_raw MODIFY COLUMN `note` REMOVE MATERIALIZED'
kept_none 2 || fail 'as the hint says'
expect 'rows' "$(ch 'SELECT id, note FROM voided WHERE id = 2 FORMAT CSV')" '2,"n"'

say 'two loaders that make one view anew at a time'
widened() { lines "print(table('both', T + [column('z', 'integer')], 'v2', 20))
print(change('c', 'both', {'id': $1}, 20 + $1, 1, after={'id': $1, 'q': 1, 'note': 'n', 'z': 1}))" | cdc-load --target "$TARGET"; }
lines "print(table('both', T, 'v1'))
print(change('c', 'both', {'id': 1}, 1, 1, after={'id': 1, 'q': 1, 'note': 'n'}))" | load
echo 'delay 4 1 EXCHANGE' >"$FAULTS"
widened 2 2>slow.err &
SLOW=$!
wait_until 10 eval '[ ! -s "$FAULTS" ]'
widened 3 2>load.err || fail 'the second loader'
wait $SLOW || fail "the first loader: $(cat slow.err)"
expect 'rows' "$(rows_of both)" $'1,1,"n",\\N\n2,1,"n",1\n3,1,"n",1'

say 'two loaders that make one table anew at a time: one says so, and is started again'
says_so() {
    code=0
    wait $SLOW || code=$?
    expect 'the first loader' "$code" 1
    expect_words slow.err "another loader made '${1}_raw' anew at the same time"
}
keyed() { lines "print(table('both', [T[0] | {'key': 2}, column('q', 'integer', False, 1), T[2], column('z', 'integer')], 'v3', 30))
print(change('c', 'both', {'q': $1, 'id': $1}, 30 + $1, 1, after={'id': $1, 'q': $1, 'note': 'n', 'z': 1}))" | cdc-load --target "$TARGET"; }
printf '%s\n' 'delay 0 1 CREATE' 'delay 4 1 _remake_' >"$FAULTS"
keyed 8 2>slow.err &
SLOW=$!
wait_until 10 eval '[ ! -s "$FAULTS" ]'
keyed 9 2>load.err || fail 'the second loader'
says_so both
keyed 8 2>load.err || fail 'the first loader again'
expect 'rows' "$(ch 'SELECT id FROM both ORDER BY id FORMAT CSV' | tr '\n' ' ')" '1 2 3 8 9 '

say 'two loaders that make one table anew at a time: what one has not filled yet is no loss of rows for the other'
made_anew() { lines "print(table('duel', [T[0] | {'key': 2}, column('q', 'integer', False, 1), T[2]], 'v2', 20))
print(change('c', 'duel', {'q': 9, 'id': $1}, 20 + $1, 1, after={'id': $1, 'q': 9, 'note': 'n'}))" | cdc-load --target "$TARGET"; }
lines "print(table('duel', T, 'v1'))
for n in [1, 2]: print(change('c', 'duel', {'id': n}, 10, n, after={'id': n, 'q': 1, 'note': 'n'}))" | load
printf '%s\n' 'delay 2 1 SELECT count() duel_raw_remake_' 'delay 4 1 _remake_' >"$FAULTS"
made_anew 3 2>slow.err &
SLOW=$!
wait_until 10 grep -q '^delay 4' "$FAULTS"
wait_until 10 eval '! grep -q SELECT "$FAULTS"'
made_anew 4 2>load.err || fail "the second loader: $(cat load.err)"
says_so duel
made_anew 3 2>load.err || fail 'the first loader again'
expect 'rows' "$(ch 'SELECT id FROM duel ORDER BY id FORMAT CSV' | tr '\n' ' ')" '1 2 3 4 '
expect 'no mark' "$(stale duel)" ''

say 'two loaders at a time: what the other one has just made is nobody else'\''s doing'
twin() { lines "print(table('twin', T, 'v1'))
print(change('c', 'twin', {'id': $1}, 10 + $1, 1, after={'id': $1, 'q': 1, 'note': 'n'}))" | cdc-load --target "$TARGET"; }
echo "delay 2 1 SELECT system.tables 'twin_raw'" >"$FAULTS"
twin 1 2>slow.err &
SLOW=$!
wait_until 10 eval '[ ! -s "$FAULTS" ]'
twin 2 2>load.err || fail 'the second loader'
wait $SLOW || fail "the first loader: $(cat slow.err)"
expect 'rows' "$(rows_of twin)" $'1,1,"n"\n2,1,"n"'
expect 'marks' "$(ch "SELECT item, value FROM _cdc_state FINAL WHERE name = 'twin' AND item IN ('stale', 'unproven')")" ''

say 'so is a column that a loader added and was killed before it remembered it'
ch 'ALTER TABLE twin_raw ADD COLUMN z Nullable(Int32)'
lines "print(table('twin', T + [column('z', 'integer')], 'v2', 20))
print(change('c', 'twin', {'id': 3}, 20, 1, after={'id': 3, 'q': 1, 'note': 'n', 'z': 1}))" | load
expect 'no mark' "$(stale twin)" ''
lines "print(table('twin', T, 'v1', 30))
print(table('twin', T + [column('z', 'integer')], 'v2', 40))" | load
expect 'one that came back' "$(stale twin)" "column 'z' was dropped and made anew"

say 'a column that another loader alters while updates are completed: said so, and right at the next start'
lines "print(table('turn', T, 'v1'))
print(change('c', 'turn', {'id': 1}, 10, 1, after={'id': 1, 'q': 1, 'note': 'n'}))" | load
turn() { lines "print(table('turn', T, 'v1'))
print(change('u', 'turn', {'id': 1}, 11, 1, after={'id': 1, 'q': 2}, unchanged=['note']))" | cdc-load --target "$TARGET"; }
echo 'delay 2 1 SELECT argMax turn_raw' >"$FAULTS"
turn 2>slow.err &
SLOW=$!
wait_until 10 eval '[ ! -s "$FAULTS" ]'
lines "print(table('turn', [T[0], column('q', 'bigint'), T[2]], 'v2', 20))" | load
code=0
wait $SLOW || code=$?
expect 'exit status' "$code" 1
expect_words slow.err "column 'q' of 'turn_raw' was altered from Nullable(Int32) to Nullable(Int64) while rows were on their way"
turn 2>load.err || fail 'at the next start'
expect 'rows' "$(rows_of turn)" '1,2,"n"'

say 'a table that somebody made beforehand, of types that the engine has no conversion from, is refused'
made() { # NAME TYPE_OF_ID [TYPE_OF_VERSION]
    ch "CREATE TABLE $1_raw (id $2, q Nullable(Int32), note Nullable(String), _version ${3:-UInt128}, _deleted UInt8, _source_ts_ms Int64,
        _synced_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree(_version, _deleted) ORDER BY id"
    lines "print(table('$1', T, 'v1'))
print(change('c', '$1', {'id': 1}, 16, 1, after={'id': 1, 'q': 1, 'note': 'n'}))" | cdc-load --target "$TARGET" 2>load.err
}
expect_exit 4 made beforehand UUID
expect_words load.err "column 'id' of 'beforehand_raw' is UUID in the target, and Int32 by the table line"
expect_words load.err 'hint: Drop the table, or make it as --dry-run prints it'
expect 'it stays' "$(tables beforehand)" "['beforehand_raw']"
expect_exit 4 made young Int32 UInt64
expect_words load.err "the target already has 'young_raw', whose column '_version' is UInt64 and not UInt128"

say 'where the source itself changed a type so, the old rows do not fit'
for case in "uuid 11111111-2222-3333-4444-555555555555 integer" "integer 5 uuid" "integer[] 5 integer" "date 2020-01-01 numeric(5,2)"; do
    read -r from value to <<<"$case"
    for mode in replace history; do
        n=$((${n:-0} + 1)) name=swap$n
        lines "def typed(type):
    c = column('u', type)
    if type.endswith('[]'): c['element'] = type[:-2]
    if type.startswith('numeric'): c.update(precision=5, scale=2)
    return [T[0], c]
old = [5] if '$from'.endswith('[]') else 5 if '$from' == 'integer' else '$value'
print(table('$name', typed('$from'), 'v1'))
print(change('c', '$name', {'id': 1}, 16, 1, after={'id': 1, 'u': old}))
print(table('$name', typed('$to'), 'v2', 20))
print(change('c', '$name', {'id': 2}, 20, 1, after={'id': 2, 'u': None}))" | load --mode $mode
        expect "rows from $from to $to ($mode)" "$(ch "SELECT id FROM $name")" 2
        expect "mark from $from to $to ($mode)" "$(stale $name)" "the type of column 'u' was changed from '$from' to '$to'"
    done
done
expect_words load.err 'its shape is another one now, and its old rows do not fit: column '\''u'\'' was Nullable(Date32), and is Nullable(Decimal(5, 2))'
lines "print(table('swapped', [T[0], column('u', 'text', False)], 'v1'))
print(change('c', 'swapped', {'id': 1}, 16, 1, after={'id': 1, 'u': ''}))
print(table('swapped', [T[0], column('u', 'numeric(5,2)', False, 2, precision=5, scale=2)], 'v2', 20))
print(change('c', 'swapped', {'id': 2, 'u': '1'}, 20, 1, after={'id': 2, 'u': '1'}))" | load
expect 'rows of a key that was an empty text' "$(rows_of swapped)" '2,1'

say 'a table that somebody detached is no dropped one'
attached() { lines "print(table('away', T, 'v1'))
print(change('c', 'away', {'id': $1}, $1, 1, after={'id': $1, 'q': 1, 'note': 'n'}))" | cdc-load --target "$TARGET" 2>load.err; }
ch 'CREATE DATABASE away' # the usual one cannot detach
DEFAULT=$TARGET
TARGET=${TARGET%/*}/away
attached 1 || fail 'the table'
ch 'DETACH TABLE away_raw PERMANENTLY'
expect_exit 4 attached 2
expect_words load.err "'away_raw' was detached in the target"
ch 'ATTACH TABLE away_raw'
attached 2 || fail 'attached again'
expect 'rows' "$(ch 'SELECT count() FROM away')" 2
expect 'no mark' "$(ch "SELECT value FROM _cdc_state FINAL WHERE item = 'stale' AND name = 'away' FORMAT TSVRaw")" ''
TARGET=$DEFAULT

say 'a column that somebody altered to a narrower type, in which the engine cut its values, makes the table unproven'
unproven() { ch "SELECT value FROM _cdc_state FINAL WHERE scope = 'table' AND item = 'unproven' AND name = '$1' FORMAT TSVRaw"; }
narrow() { lines "print(table('narrow', T, 'v1'))
print(change('c', 'narrow', {'id': $1}, 1$1, 1, after={'id': $1, 'q': 70000, 'note': 'n'}))" | load; }
narrow 1
ch 'ALTER TABLE narrow_raw MODIFY COLUMN note LowCardinality(Nullable(String)), MODIFY COLUMN q Nullable(Int64)'
narrow 2
expect 'no mark' "$(unproven narrow)" ''
ch 'ALTER TABLE narrow_raw MODIFY COLUMN q Nullable(Int16)'
narrow 3
expect 'mark' "$(unproven narrow)" "column 'q' was altered to Nullable(Int16) in the target"
expect_words load.err "is unproven: column 'q' was altered"
expect 'new rows' "$(ch 'SELECT q FROM narrow WHERE id = 3')" 70000
narrow 4
expect 'said once' "$(grep -c 'was altered' load.err)" 0

say 'so does one that somebody altered to String, in which the engine writes numbers and times otherwise than the loader'
texts() { lines "C = [T[0], T[1], column('d', 'numeric(12,2)', precision=12, scale=2), column('f', 'text')]
print(table('texts', C, 'v1'))
print(change('c', 'texts', {'id': $1}, 1$1, 1, after={'id': $1, 'q': 7, 'd': '12.50', 'f': 'x'}))" | load; }
texts 1
ch 'ALTER TABLE texts_raw MODIFY COLUMN q Nullable(String)' # integers are written alike
texts 2
expect 'no mark' "$(unproven texts)" ''
ch 'ALTER TABLE texts_raw MODIFY COLUMN d Nullable(String)'
texts 3
expect 'mark' "$(unproven texts)" "column 'd' was altered to Nullable(String) in the target"
expect 'rows' "$(ch 'SELECT d FROM texts ORDER BY id')" $'12.5\n12.5\n12.50'
ch "INSERT INTO _cdc_state (scope, name, item, version, value) SELECT scope, name, item, version, '' FROM _cdc_state FINAL WHERE name = 'texts' AND item = 'unproven'"
texts 4
expect 'said once' "$(unproven texts)" ''
# The loader itself keeps a String for what is a number meanwhile.
lines "print(table('texts', [T[0], T[1], column('d', 'text'), column('f', 'numeric(12,2)', precision=12, scale=2)], 'v2', 25))
print(change('c', 'texts', {'id': 5}, 25, after={'id': 5, 'q': 7, 'd': '1', 'f': '1.50'}))" >kept
for _ in 1 2; do load <kept; done
expect 'no mark' "$(unproven texts)" ''

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

say 'rows of the old table that come behind lines of the new one, as partitions of a topic are read, are told'
old_and_new() { lines "def line(oid, name, version, position):
    t = json.loads(table(name, T, version, position)); t['table']['oid'] = oid
    print(text(t))
def row(name, position): print(change('c', name, {'id': position}, position, after={'id': position, 'q': 1, 'note': 'n'}))
$1"; }
old_and_new "line(18, 'tardy', 'v2', 20); row('tardy', 20); line(17, 'tardy', 'v1', 16); row('tardy', 16)" | load
expect 'mark' "$(stale tardy)" 'rows of a table that had its name before came behind those of this one'
old_and_new "line(27, 'ended', 'v1', 16); row('ended', 16); line(28, 'ended', 'v2', 20); row('ended', 20); line(27, 'ended', 'v1', 16); row('ended', 17)" | load
expect 'rows' "$(ch 'SELECT id FROM ended FORMAT CSV')" 20
expect 'mark' "$(stale ended)" 'another table has its name now'

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

say 'so may those of one reader of a group, when another one has made the table anew'
one_of_two() { lines "print(table('shared', T, 'v1'))
print(change('c', 'shared', {'id': 7}, 20, after={'id': 7, 'q': 7, 'note': 'not loaded yet'}))
mine = json.loads(checkpoint(40))
mine['checkpoint'].update(kind='kafka', position='$1', topic_partitions={'shared': 2})
print(text(mine))" | load; }
old_lines shared | load
new_lines shared | load
one_of_two shared:0=5,1=7
expect 'no mark where one reads all' "$(unproven shared)" ''
one_of_two shared:0=5
expect 'mark' "$(unproven shared)" 'another reader of the group made it anew, and changes of the shape that is gone came behind that'

say 'killed at each statement, before and after it is done; the same lines once more'
for faults in "delay 0 1 CREATE;delay 6 1 CREATE" "delay 0 1 CREATE;hold 6 1 CREATE" "delay 6 1 _remake_" "hold 6 1 _remake_" \
    "delay 6 1 EXCHANGE" "hold 6 1 EXCHANGE" "delay 0 2 CREATE;delay 6 1 CREATE" "delay 0 2 CREATE;hold 6 1 CREATE" \
    "delay 0 1 EXCHANGE;delay 6 1 _cdc_state" "delay 0 1 EXCHANGE;hold 6 1 _cdc_state" "delay 0 1 EXCHANGE;delay 6 1 DROP"; do
    k=k$((n += 1))
    old_lines $k >old
    new_lines $k >new
    load <old
    rm -f "$FAULTS.held"
    tr ';' '\n' <<<"$faults" >"$FAULTS"
    cat old new | cdc-load --target "$TARGET" 2>load.err &
    loader=$!
    kill_at_fault $loader "${faults##*;}"
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
say 'an update that waits for its row, and has a column that is dropped meanwhile'
for mode in replace history; do
    lines "print(table('w$mode', T, 'v1'))
print(change('u', 'w$mode', {'id': 1}, 17, after={'id': 1, 'q': -1}, unchanged=['note']))" | load --mode $mode
    lines "print(table('w$mode', [T[0], T[2]], 'v2', 20))
print(change('c', 'w$mode', {'id': 2}, 21, after={'id': 2, 'note': 'x'}))
print(change('r', 'w$mode', {'id': 1}, 16, after={'id': 1, 'note': 'old'}))" | load --mode $mode
    expect "rows ($mode)" "$(ch "SELECT id, note FROM w$mode ORDER BY id FORMAT CSV")" $'1,"old"\n2,"x"'
    expect "nothing waits ($mode)" "$(ch "SELECT count() FROM w${mode}_pending FINAL WHERE _done = 0")" 0
done

say 'what somebody dropped in the target comes back without its old values: the table is stale'
old_lines hand >old
lines "print(table('hand', T, 'v1', 20))
print(change('c', 'hand', {'id': 7}, 40, 1, after={'id': 7, 'q': 7, 'note': 'new'}))" >more
load <old
ch 'ALTER TABLE hand_raw DROP COLUMN note'
load <more
expect 'rows' "$(rows_of hand | tail -n 1)" '7,7,"new"'
expect 'mark of a column' "$(stale hand)" "column 'note' was dropped in the target, and what its older rows have is not known"
load <old
old_lines gone | load
ch 'DROP TABLE gone_raw'
sed 's/"hand"/"gone"/g' more | load
expect 'mark of a table' "$(stale gone)" "'gone_raw' was dropped in the target"

say 'a table that somebody else made has to tell versions and deleted rows apart, and no view of another kind is taken'
ch "CREATE TABLE made_raw (id Int32, q Nullable(Int32), note Nullable(String), _version UInt128, _deleted UInt8, _source_ts_ms Int64, _synced_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree ORDER BY id"
old_lines made | expect_exit 4 cdc-load --target "$TARGET" 2>load.err
expect_words load.err "with engine ReplacingMergeTree, without (_version, _deleted)"
ch 'DROP TABLE made_raw; '
ch "CREATE TABLE made_raw (id Int32, q Nullable(Int32), note Nullable(String), _version UInt128, _deleted UInt8, _source_ts_ms Int64, _synced_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree(_version, _deleted) PARTITION BY id % 2 ORDER BY id"
old_lines made | load
expect 'rows' "$(rows_of made | wc -l)" 4
ch 'CREATE TABLE feed (x Int32) ENGINE = MergeTree ORDER BY x'
ch 'CREATE MATERIALIZED VIEW seen ENGINE = MergeTree ORDER BY x AS SELECT x FROM feed'
old_lines seen | expect_exit 4 cdc-load --target "$TARGET" 2>load.err
expect_words load.err "already has 'seen' with engine MaterializedView"

say 'rows of which the state table knows nothing are unproven'
ch 'DROP TABLE _cdc_state'
old_lines made | load
expect 'mark' "$(ch "SELECT value FROM _cdc_state FINAL WHERE item = 'unproven' AND name = 'made' FORMAT TSVRaw")" "it held rows of which _cdc_state knew nothing"
say "all good"
