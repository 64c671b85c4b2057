#!/usr/bin/env bash
# Facts of tables, and marks: what no row says marks a table stale or unproven, once, whatever is repeated and
# wherever the loader is killed; a whole snapshot read behind a mark takes it away.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
TARGET=${CDC_TEST_CLICKHOUSE_URL%/}
FAULTS=$CDC_SERVICES_DIR/clickhouse/fail
BASE=${TARGET%/*}
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "$BASE/?database=${TARGET##*/}"; }
load() { cdc-load --target "$TARGET" --metrics load.prom "$@" 2>load.err || fail "load: $(cat load.err)"; }
item() { ch "SELECT value FROM _cdc_state FINAL WHERE scope = 'table' AND item = '$2' AND name = '$1' FORMAT TSVRaw"; }
marks() { ch "SELECT name, item FROM _cdc_state FINAL WHERE scope = 'table' AND item IN ('stale', 'unproven') AND value != '' ORDER BY ALL FORMAT CSV" | tr -d '"' | tr '\n' ' '; }
gauges() { sed -n 's/^cdc_load_\(stale\|unproven\)_tables //p' load.prom | tr '\n' ' '; }
fresh() { # a target of its own
    n=$((${n:-0} + 1))
    ch "CREATE DATABASE d$n" >/dev/null
    TARGET=$BASE/d$n
}
first() { lines "
for name, oid in [('t', 7), ('u', 8)]:
    print(of(oid, table(name, T, 'v1')))
    rows = None
    print(change('c', name, {'id': 1}, 16, oid, after={'id': 1, 'q': 1, 'note': 'n'}))
for name, oid in [('t', 7), ('u', 8), ('rowless', 9)]: print(facts(name, 32, oid))
print(checkpoint(32))"; }

say 'the first look at a source marks nothing; the second one what differs'
fresh
first | load
expect 'marks' "$(marks)" ''
lines "
print(facts('t', 48, 7, '900', leaves=[leaf(7, 77, '850')]))
print(facts('u', 48, 8, '900', leaves=[leaf(8, 8, '850')]))
print(facts('rowless', 48, 9, '900', publication={'oid': 99, 'version': '600', 'operations': 'i', 'entry': '91:700', 'columns': '', 'filter': ''}))
print(checkpoint(48))" >second
load <second
expect 'marks' "$(marks)" 'rowless,stale t,unproven '
expect_words load.err "table 't' is unproven: its rows were written anew"
expect_words load.err "table 'rowless' is stale: the publication has other operations"
expect 'gauges' "$(gauges)" '1 1 '
load <second
expect 'marks after a repeat' "$(marks)" 'rowless,stale t,unproven '
expect 'said once a run' "$(grep -c 'is unproven' load.err || true)" 0
expect_words load.err "1 tables are stale: some of their rows differ from the source's until they are read again: 'rowless'"
expect_words load.err "1 tables are unproven"
cdc-lag --target "$TARGET" --json >lag.json 2>lag.err || true
expect 'cdc-lag' "$(jq -c '[.hops[] | select(.kind == "target") | [(.details // .) | .stale_tables, .unproven_tables]] | first' lag.json)" '[1,1]'

say 'a mark that a stream itself sends is stored'
fresh
first | load
lines "print(mark('u', 'stale', 'said so', 48))
print(checkpoint(48))" | load
expect 'marks' "$(marks)" 'u,stale '
fresh
first | load
load <second

say 'a table of another schema with the name of a table here moves nothing, until it has rows, which are refused'
fresh
first | load
lines "
print(facts('t', 48, 70, '900', empty=True, leaves=[leaf(70, 70, birth='850')]))
print(mark('t', 'stale', 'said of the other', 49))
print(checkpoint(51))" | sed 's/"schema":"inventory"/"schema":"other"/' >other
load <other
expect 'rows' "$(ch 'SELECT * FROM t FORMAT CSV')" '1,1,"n"'
expect 'marks' "$(marks)" ''
expect_words load.err "table other.t is passed over: the target's table 't' belongs to"
lines "print(facts('t', 64, 7, '950', leaves=[leaf(7, 77, '850')]))" | load
expect 'marks of the first one' "$(marks)" 't,unproven '
lines "print(of(70, table('t', T, 'v1', 72)))" | sed 's/"schema":"inventory"/"schema":"other"/' >other
expect_exit 4 cdc-load --target "$TARGET" <other 2>load.err
fresh
first | load
load <second

say 'a whole snapshot read behind a mark takes it away; what is repeated of below is void'
again() { lines "
print(facts('t', $1, 7, '950', True, leaves=[leaf(7, 77, '850')]))
print(of(7, table('t', T, 'v1', $1)))
print(snapshot('begin', 't', $1, $2))
print(change('r', 't', {'id': 1}, $1, 0, after={'id': 1, 'q': 2, 'note': 'n'}))
print(snapshot('end', 't', $1, $2))"; }
again 56 False | load
expect 'a part of a snapshot' "$(marks)" 'rowless,stale t,unproven '
again 64 True | load
expect 'read whole' "$(marks)" 'rowless,stale '
expect 'gauges' "$(gauges)" '1 0 '
cat second | load
lines "print(mark('t', 'stale', 'two columns cannot be told apart', 50))
print(mark('t', 'unproven', 'x', 64))" | load
expect 'marks below' "$(marks)" 'rowless,stale '
lines "print(mark('t', 'stale', 'two columns cannot be told apart', 65))
print(mark('never', 'unproven', 'x', 65))" | load
expect 'marks above' "$(marks)" 'never,unproven rowless,stale t,stale '
expect 'why' "$(item t stale)" 'two columns cannot be told apart'
expect 'no table is made for a mark' "$(ch "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'never%'")" 0

say 'a look behind a snapshot tells what had happened before it: the snapshot has it already'
for why in '' 'a mark between'; do
    for rebuild in '' --rebuild; do
        fresh
        first | load
        [ -z "$why" ] || lines "print(mark('t', 'unproven', 'x', 44))" | load
        load <second
        again 41 True | sed 's/"xid":"950"/"xid":"890"/' | load $rebuild
        expect "read before the look $why $rebuild" "$(marks)" "rowless,stale ${why:+t,unproven }"
        [ -n "$why" ] || expect 'gauges' "$(gauges)" '1 0 '
        load <second
        expect "the look again $why $rebuild" "$(marks)" "rowless,stale ${why:+t,unproven }"
    done
done
fresh
first | load
load <second
again 40 True | sed 's/77/76/g' | load
expect 'written anew behind the snapshot' "$(marks)" 'rowless,stale t,unproven '

say 'truncates that went by are remembered, also over a restart'
for restart in '' yes; do
    fresh
    first | load
    lines "print(of(7, table('t', T, 'v1', 40)))
print(truncate('t', 40, 850))
print(truncate('t', 41, 4294968147))" >truncates
    lines "print(facts('t', 48, 7, '900', leaves=[leaf(7, 77, '851')]))" >after
    if [ -n "$restart" ]; then
        load <truncates
        load <truncates
        load <after
    else
        cat truncates after | load
    fi
    expect 'marks' "$(marks)" ''
    expect 'remembered' "$(item t truncated)" ''
    lines "print(facts('t', 56, 7, '960', leaves=[leaf(7, 78, '851')]))" | load
    expect 'one that was used up' "$(marks)" 't,unproven '
done

say 'a table that an earlier look did not see'
fresh
first | load
lines "
print(facts('empty', 48, 20, '900', empty=True))
print(facts('born', 48, 21, '900', leaves=[leaf(21, xmin='850', birth='850')], publication={'oid': 99, 'version': '600', 'operations': 'iudt', 'entry': '31:850', 'columns': '', 'filter': ''}))
print(facts('listed', 48, 22, '900'))
print(facts('unlogged', 48, 23, '900', empty=True, leaves=[leaf(23, persistence='u')]))
print(facts('read', 48, 24, '900', True))
print(facts('renamed', 48, 8, '900'))
print(facts('u', 48, 8, '900', gone=True))" >tables
load <tables
expect 'marks' "$(marks)" 'listed,unproven renamed,stale u,stale unlogged,stale '
expect 'why' "$(item renamed stale)" "it was called 'u' here"
load <tables
expect 'marks after a repeat' "$(marks)" 'listed,unproven renamed,stale u,stale unlogged,stale '
lines "
print(of(23, table('unlogged', T, 'v1', 56)))
print(facts('unlogged', 56, 23, '950', True, leaves=[leaf(23, persistence='u')]))
print(snapshot('begin', 'unlogged', 56))
print(snapshot('end', 'unlogged', 56))" | load
expect 'a snapshot proves nothing for long' "$(item unlogged stale)" 'it is unlogged: its changes are not in the log'

say 'another table under the name: the old rows end there'
another() { lines "
print(facts('t', 48, 70, '900', **$1))
print(checkpoint(48))"; }
born="{'leaves': [leaf(70, xmin='850', birth='850')], 'publication': {'oid': 99, 'version': '600', 'operations': 'iudt', 'entry': '31:850', 'columns': '', 'filter': ''}}"
for mode in replace history; do
    fresh
    first | load --mode $mode
    lines "print(mark('t', 'stale', 'of the old table', 40))" | load --mode $mode
    another "$born" | load --mode $mode
    expect 'rows' "$(ch 'SELECT count() FROM t')" 0
    expect 'marks' "$(marks)" ''
    lines "print(of(7, table('t', T, 'v1', 40)))
print(change('c', 't', {'id': 9}, 40, after={'id': 9, 'q': 1, 'note': 'late'}))
print(of(70, table('t', T, 'v1', 56)))
print(change('c', 't', {'id': 3}, 56, after={'id': 3, 'q': 1, 'note': 'n'}))" | load --mode $mode
    expect 'rows' "$(ch 'SELECT arraySort(groupArray(id)) FROM t')" '[3]'
    expect 'marks' "$(marks)" ''
    fresh
    first | load --mode $mode
    another "{'leaves': [leaf(70, xmin='850', birth='650')]}" | load --mode $mode
    expect 'rows after a swap by rename' "$(ch 'SELECT count() FROM t')" 0
    expect 'marks' "$(marks)" 't,unproven '
done
fresh
first | load
{ lines "print(of(70, table('t', T, 'v1', 40)))
print(change('c', 't', {'id': 3}, 40, after={'id': 3, 'q': 1, 'note': 'n'}))"; another "$born"; } >rows_first
load <rows_first
load <rows_first
expect 'its rows come first' "$(ch 'SELECT arraySort(groupArray(id)) FROM t')" '[3]'
expect 'marks' "$(marks)" ''

say 'a partition that is gone'
parts="{'leaves': [leaf(7, 0, kind='p'), leaf(71, under='7:700'), leaf(72, under='7:700')]}"
fewer="{'leaves': [leaf(7, 0, kind='p'), leaf(71, under='7:700')]}"
for policy in stale keep; do
    fresh
    lines "print(facts('t', 32, 7, **$parts))
print(facts('t', 48, 7, '900', **$fewer))" | load --on-partition-drop $policy
    expect "marks ($policy)" "$(marks)" "$([ $policy = keep ] || echo 't,stale ')"
done

say 'a table without facts: its rows came in another shape, under another name, or it is gone'
fresh
first | load
shape="[column('id', 'integer', False, 1, number=1), column('q', 'integer', number=2), column('note', 'text', number=3)]"
{ for name in renamed anew same dropped unlike; do
    lines "print(of(7$RANDOM, table('$name', $shape, 'v1', 40)))" | sed "s/\"oid\":[0-9]*/\"oid\":$(printf '%d' "'${name:0:1}")/"
  done; } >shapes
born() { echo "leaves=[leaf($1, xmin='850', birth='850')], publication={'oid': 99, 'version': '600', 'operations': 'iudt', 'entry': '31:850', 'columns': '', 'filter': ''}"; }
lines "
import json
def other(line, change):
    document = json.loads(line)
    change(document['facts'])
    return text(document)
print(other(facts('renamed', 48, ord('r'), '900', $(born "ord('r')")), lambda f: f['columns'][1].update(name='quantity')))
print(other(facts('anew', 48, ord('a'), '900', $(born "ord('a')")), lambda f: f['columns'][1].update(number=4)))
print(other(facts('same', 48, ord('s'), '900', $(born "ord('s')")), lambda f: f))
print(other(facts('unlike', 48, ord('u'), '900', $(born "ord('u')")), lambda f: f.update(lost=[99])))
print(facts('dropped', 48, ord('d'), '900', gone=True))
print(facts('never', 48, 77, '900', gone=True))
print(checkpoint(48))" >others
cat shapes others | load
expect 'marks' "$(marks)" 'anew,stale dropped,stale renamed,stale unlike,stale '
expect 'why' "$(item renamed stale)" "column 'quantity' was called 'q'"
expect 'why' "$(item dropped stale)" 'it is not captured any more: it was dropped, or is no longer published'
cat shapes others | load
expect 'marks after a repeat' "$(marks)" 'anew,stale dropped,stale renamed,stale unlike,stale '
fresh
first | load
cat shapes others | load --on-partition-drop keep
expect 'partitions that are gone are kept' "$(marks)" 'anew,stale dropped,stale renamed,stale '

say 'a stream whose facts were put out anew, without tables that left it meanwhile'
fresh
first | load
lines "
print(facts('of_another', 32, 30).replace('\"slot\":\"orders\"', '\"slot\":\"other\"'))
print(facts('t', 48, 7, '900'))
print(facts('read_later', 56, 31, '900', True))
print(checkpoint(49, facts='f00d', facts_order=order(48)))" >anew
load <anew
expect 'marks' "$(marks)" 'rowless,stale u,stale '
expect 'why' "$(item u stale)" 'it is not captured any more: it was dropped, or is no longer published'
expect_words load.err "cdc-snapshot --tables 'inventory.u'"
expect 'the facts' "$(item u facts | jq -c '[.gone, .oid]')" '[true,8]'
load <anew
expect 'marks after a repeat' "$(marks)" 'rowless,stale u,stale '
expect 'said once' "$(grep -c "table 'u' is stale" load.err || true)" 0
lines "print(of(8, table('u', T, 'v1', 64)))
print(facts('u', 64, 8, '950', True))
print(snapshot('begin', 'u', 64))
print(snapshot('end', 'u', 64))
print(checkpoint(65, facts='f00d', facts_order=order(48)))" | load
expect 'read again' "$(marks)" 'rowless,stale '
lines "print(facts('t', 80, 7, '990'))
print(checkpoint(81, facts='f00e', facts_order=order(80)))" | load
expect 'it left once more' "$(marks)" 'read_later,stale rowless,stale u,stale '

say 'killed between the facts and the checkpoint, and before the facts are stored'
for fault in 'delay 6 1 _cdc_state' 'hold 6 1 _cdc_state'; do
    fresh
    rm -f state.json
    first | load --checkpoint state.json
    rm -f "$FAULTS.held"
    echo "$fault" >"$FAULTS"
    cdc-load --target "$TARGET" --checkpoint state.json <second 2>load.err &
    loader=$!
    kill_at_fault $loader "$fault"
    expect 'checkpoint' "$(jq -r .checkpoint.position state.json)" 0/20
    load --checkpoint state.json <second
    expect "marks after $fault" "$(marks)" 'rowless,stale t,unproven '
    expect 'checkpoint' "$(jq -r .checkpoint.position state.json)" 0/30
done

say 'another table of the name, in a table and in a history: what is read again of the old one marks nothing, what comes late does'
for mode in replace history; do
    fresh
    first | load --mode $mode
    lines "print(of(17, table('t', T, 'v2', 40)))
print(change('c', 't', {'id': 2}, 40, 1, after={'id': 2, 'q': 1, 'note': 'n'}))" >renewed
    load --mode $mode <renewed
    expect "marks ($mode)" "$(marks)" ''
    { first; cat renewed; } | load --mode $mode
    expect "marks after a repeat ($mode)" "$(marks)" ''
    expect "rows ($mode)" "$(ch 'SELECT id FROM t')" 2
    fresh
    first | load --mode $mode
    lines "print(facts('t', 48, 17, '900', leaves=[leaf(17, 17, '850', '850')]))" | load --mode $mode
    load --mode $mode <renewed
    expect "rows behind the facts of their table ($mode)" "$(ch 'SELECT id FROM t')" ''
    expect "why ($mode)" "$(item t stale)" 'rows of it came behind what ended those of the table that had its name before'
done

say 'killed in the middle of the first look: the rest of it marks nothing'
fresh
first | grep -v '"table":"rowless"' | load
first | load
expect 'marks' "$(marks)" ''

say 'a dry run, dead letters and a replay pass them by; a broken one stops'
first | cdc-load --dry-run >dry 2>load.err || fail 'dry run'
fresh
{ first; cat second; } | load --on-error dead-letter --dead-letter letters
expect 'dead letters' "$([ ! -s letters ] || cat letters)" ''
expect 'marks' "$(marks)" 'rowless,stale t,unproven '
echo '{"facts":{"oid":"x"},"source":{"connector":"postgresql","db":"inventory","schema":"inventory","table":"t","order":"00010000000000000060000000000000"}}' |
    expect_exit 5 cdc-load --target "$TARGET" --on-error dead-letter --dead-letter letters 2>load.err
echo '{"mark":{"kind":"odd","why":"x"},"source":{"connector":"postgresql","db":"inventory","schema":"inventory","table":"t","order":"00010000000000000060000000000000"}}' |
    expect_exit 5 cdc-load --target "$TARGET" 2>load.err
say "all good"
