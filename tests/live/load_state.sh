#!/usr/bin/env bash
# What _cdc_state says of sources, and when: a checkpoint file never gets ahead of it, and a reading beside
# a stream is no source of its own. Updates that wait are completed in portions, whatever their size.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
TARGET=${CDC_TEST_CLICKHOUSE_URL%/}
FAULTS=$CDC_SERVICES_DIR/clickhouse/fail
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
load() { cdc-load --target "$TARGET" "$@" 2>load.err || fail "load: $(cat load.err)"; }
sources() { ch "SELECT name FROM _cdc_state FINAL WHERE scope = 'source' ORDER BY ALL FORMAT TSVRaw" | tr '\n' ' '; }

say 'the state table refuses: the checkpoint file does not move'
lines "print(table('t', T, 'v1'))
rows('c', [1], 16)
print(checkpoint(17))" | load --checkpoint state.json
echo '497 1 _cdc_state' >"$FAULTS"
lines "print(table('t', T, 'v1'))
rows('c', [2], 32)
print(truncate('t', 33, 850))
print(checkpoint(34))" >more
expect_exit 4 cdc-load --target "$TARGET" --checkpoint state.json <more 2>load.err
expect 'checkpoint' "$(jq -r .checkpoint.position state.json)" 0/11
load --checkpoint state.json <more
expect 'checkpoint' "$(jq -r .checkpoint.position state.json)" 0/22

say 'a snapshot beside the stream is no source of its own, and one that older versions stored does not count'
lines "print(table('t', T, 'v1', 48))
print(snapshot('begin', 't', 48))
print(change('r', 't', {'id': 1}, 48, 0, after={'id': 1, 'q': 1, 'note': 'n'}))
print(snapshot('end', 't', 48))
print(checkpoint(48).replace('\"slot\":\"orders\"', '\"slot\":\"\"'))" | load --checkpoint beside.json
expect 'its file' "$(jq -r .checkpoint.position beside.json)" 0/30
expect 'sources' "$(sources)" 'postgres:7312345678901234567:inventory:orders '
ch "INSERT INTO _cdc_state SELECT scope, 'postgres:7312345678901234567:inventory:', item, 1, position, replace(value, '\"slot\":\"orders\"', '\"slot\":\"\"'), commit_time, load_time FROM _cdc_state FINAL WHERE scope = 'source'"
cdc-lag --target "$TARGET" --json >lag.json 2>lag.err || true
expect 'cdc-lag' "$(jq -r '[.hops[] | select(.kind == "target") | .name] | join(" ")' lag.json)" 'postgres:7312345678901234567:inventory:orders'

say 'updates that wait, of 60 MB, in portions of 4 MB'
lines "print(table('wide', T, 'v1'))
for n in range(60): print(change('u', 'wide', {'id': n}, 32, n + 1, after={'id': n, 'note': 'x' * 1000000}, unchanged=['q']))" | load
lines "print(table('wide', T, 'v1'))
for n in range(60): print(change('c', 'wide', {'id': n}, 16, n + 1, after={'id': n, 'q': n, 'note': 'y'}))" >bases
cat >measured.py <<'END'
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdin=open("bases")).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)
END
measured() { # TABLE EXPECTED OPTION…
    local table=$1 expected=$2
    shift 2
    python3 measured.py cdc-load --target "$TARGET" --batch-bytes 4MB "$@" >memory 2>load.err || fail "load: $(cat load.err)"
    expect 'completed' "$(ch "SELECT count(), sum(q), min(length(note)), max(length(note)) FROM $table")" "$expected"
    echo "memory: $(cat memory) MB"
    [ "$(cat memory)" -lt 70 ] || fail "$(cat memory) MB for portions of 4 MB"
}
measured wide $'60\t1770\t1000000\t1000000'

say 'the same of one key: the lines large, the completed rows large, in a table and in a history'
for mode in "" "--mode history"; do
    n=one${mode:+_h}
    lines "print(table('$n', T, 'v1'))
for n in range(60): print(change('u', '$n', {'id': 1}, 32, n + 1, after={'id': 1, 'note': str(n % 10) * 1000000}, unchanged=['q']))" | load $mode
    lines "print(table('$n', T, 'v1'))
print(change('c', '$n', {'id': 1}, 16, 1, after={'id': 1, 'q': 7, 'note': 'y'}))" >bases
    measured $n $'1\t7\t1000000\t1000000' $mode
    expect 'the last line' "$(ch "SELECT substring(note, 1, 1) FROM $n")" 9
    lines "print(table('${n}_rows', T, 'v1'))
for n in range(40): print(change('u', '${n}_rows', {'id': 1}, 32, n + 1, after={'id': 1, 'q': n}, unchanged=['note']))" | load $mode
    lines "print(table('${n}_rows', T, 'v1'))
print(change('c', '${n}_rows', {'id': 1}, 16, 1, after={'id': 1, 'q': 7, 'note': 'y' * 1000000}))" >bases
    measured ${n}_rows $'1\t39\t1000000\t1000000' $mode
done
expect 'operations' "$(ch "SELECT count(), uniqExact(q), min(length(note)) FROM one_h_rows_history FINAL")" $'41\t40\t1000000'
expect 'still waiting' "$(ch "SELECT count() FROM merge(currentDatabase(), '_pending\$') WHERE (_key, _version) NOT IN (SELECT _key, _version FROM merge(currentDatabase(), '_pending\$') WHERE _done = 1)")" 0
say "all good"
