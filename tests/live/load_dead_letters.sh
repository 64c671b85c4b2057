#!/usr/bin/env bash
# Pain 45: one bad row goes to the dead-letter file, alone, and not its whole batch; its key is parked
# until the file is replayed.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
load() { cdc-load --target "$TARGET" "$@" 2>load.err; }
dead() { load --on-error dead-letter --dead-letter dead "$@"; }
letters() { grep -c '^{"dead_letter"' "${1:-dead}" || true; }
parked() { ch "SELECT item FROM _cdc_state FINAL WHERE scope = 'parked' AND value != '' ORDER BY item"; }
rows_of() { ch 'SELECT * FROM t ORDER BY id FORMAT CSV'; }
# What the file's lines are, mended as sed says; table lines stay.
mend() { jq -rc 'if .dead_letter then (.dead_letter.bytes | @base64d) else . end' dead | sed "$1"; }
start clickhouse
SERVER=${CDC_TEST_CLICKHOUSE_URL%/}
SERVER=${SERVER%/*}
TABLE="print(table('t', T, 'v1'))"

new_target() { # NAME: a database of the private server, and once the embedded engine
    rm -f dead
    TARGET=chdb:$WORK/$1
    [ "$1" = first ] && return
    TARGET=$SERVER/$1
    curl -sS --fail-with-body --data-binary "CREATE DATABASE $1" "$SERVER/"
}
ch() {
    case $TARGET in
    chdb:*) "$ROOT/scripts/chdb.py" "${TARGET#chdb:}" "$1" ;;
    *) printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "$SERVER/?database=${TARGET##*/}" ;;
    esac
}
start_target() { # NAME: an empty table that refuses q = -1
    new_target "$1"
    lines "$TABLE" | load "${@:2}" || fail 'the table line'
    ch "ALTER TABLE t_${RAW:-raw} ADD CONSTRAINT positive CHECK ifNull(q, 0) != -1"
}

say 'a bad row in a batch of 1,000: one dead letter, all else is loaded'
lines "
$TABLE
rows('c', range(1, 500), 16)
print(change('c', 't', {'id': 500}, 16, 500, after={'id': 500, 'q': -1, 'note': 'n'}))
rows('c', range(501, 1001), 16)
print(checkpoint(17))" >thousand
start_target first
expect_exit 4 load <thousand
expect_words load.err 'Code: 469'
dead --checkpoint state.json <thousand || fail 'with dead letters'
expect 'letters' "$(letters)" 1
expect 'the letter' "$(jq -r 'select(.dead_letter) | .dead_letter.bytes | @base64d' dead)" "$(grep '"id":500}' thousand)"
expect 'rows' "$(ch 'SELECT count(), sum(id) FROM t')" $'999\t500000'
expect 'parked keys' "$(parked)" '{"id":500}'
expect 'checkpoint behind it' "$(cat state.json)" "$(tail -n 1 thousand)"
expect_words load.err "line 501: table 'inventory.t'"
expect_words load.err "1 lines went to 'dead'; 1 keys are parked"

say 'later lines of the key follow, in a later run too; without a file they stop the loader'
lines "
$TABLE
print(change('u', 't', {'id': 500}, 20, after={'id': 500, 'q': 5}, unchanged=['note']))
print(change('u', 't', {'id': 499}, 20, 2, after={'id': 499, 'q': 5}, unchanged=['note']))
print(change('u', 't', {'id': 500}, 21, after={'id': 500, 'q': 6}, unchanged=['note']))" >later
expect_exit 5 load <later
expect_words load.err 'is parked'
dead --metrics metrics <later || fail 'the later lines'
expect 'letters' "$(letters)" 3
expect 'row of a parked key' "$(ch 'SELECT count() FROM t WHERE id = 500')" 0
expect 'row of another key' "$(ch 'SELECT q, note FROM t WHERE id = 499')" $'5\tn'
expect_words metrics 'cdc_load_dead_letters_total 2'
expect_words metrics 'cdc_load_parked_keys 1'
cdc-lag --target "$TARGET" --json >lag.json 2>lag.err || fail "cdc-lag"
expect "cdc-lag" "$(jq -c '[.hops[] | .parked_keys // .details.parked_keys]' lag.json)" '[1]'

say 'a replay of what is not mended: parked still, and in a new file'
head -n 2 dead >bad # a later line of its batch would take the place of the bad one
expect_exit 5 load --replay bad
expect_words load.err 'line 2: table'
expect_exit 5 load --replay bad --on-error dead-letter --dead-letter again
expect 'letters again' "$(letters again)" 1
expect 'parked keys' "$(parked)" '{"id":500}'
expect_exit 2 load --replay dead --on-error dead-letter --dead-letter dead

say 'mended and replayed: everything is there, also twice'
mend 's/"q":-1/"q":1/' >mended
for _ in 1 2; do
    load --replay mended || fail 'the replay'
    expect 'the row' "$(ch 'SELECT q, note FROM t WHERE id = 500')" $'6\tn'
    expect 'parked keys' "$(parked)" ''
done
load <later || fail 'after the replay'

say 'the first part of a key alone frees nothing; without table line the target knows the shape'
start_target part
dead <thousand && dead <later || fail load
mend 's/"q":-1/"q":1/' | grep -v '^{"table"' >mended
head -n 1 mended >begin
load --replay begin || fail 'a part'
expect_words load.err '1 keys are still parked'
expect 'parked keys' "$(parked)" '{"id":500}'
load --replay mended || fail 'the whole'
expect 'parked keys' "$(parked)" ''

say 'lines that do not fit, key changes of both ends, broken lines, several in one batch'
lines "
$TABLE
rows('c', range(1, 11), 16)
print(change('c', 't', {'id': 11}, 17, after={'id': 11, 'q': 99999999999, 'note': 'n'}))
print(change('u', 't', {'id': 1}, 18, 1, after={'id': 1, 'q': 1, 'note': 'before'}))
print(change('u', 't', {'id': 1}, 18, 2, after={'id': 1, 'q': 99999999999, 'note': 'bad'}))
print(change('u', 't', {'id': 1}, 18, 3, after={'id': 1, 'q': 3, 'note': 'behind'}))
print(change('d', 't', {'id': 2}, 19, 1, before={'id': 2}, key_after={'id': 20}))
print(change('c', 't', {'id': 20}, 19, 2, after={'id': 20, 'q': 99999999999, 'note': None}, key_before={'id': 2}))
print(change('u', 't', {'id': 20}, 20, 1, after={'id': 20, 'q': 4, 'note': None}))
print(change('d', 't', {'id': 1}, 20, 2, before={'id': 1}, key_after={'id': 12}))
print(change('c', 't', {'id': 12}, 20, 3, after={'id': 12, 'q': 5, 'note': None}, key_before={'id': 1}))
print('{\"key\":{\"id\":9},nonsense')
print(change('d', 't', {'id': 3}, 21, before={'id': 3}))
print(change('u', 't', {'id': 11}, 22, after={'id': 11, 'q': 2}, unchanged=['note']))
print(change('u', 't', {'id': 4}, 22, 2, after={'id': 4, 'q': 2}, unchanged=['note']))
print(change('u', 't', {'id': 5}, 22, 3, after={'id': 5, 'q': -1}, unchanged=['note']))
print(checkpoint(23))" >many
sed 's/"q":-1/"q":1/; s/99999999999/9/; /nonsense/d' many >good
new_target wanted
load <good || fail 'the good lines'
wanted=$(rows_of)
for mode in replace history; do
    [ $mode = replace ] && RAW=raw || RAW=history
    start_target "many_$mode" --mode $mode
    dead --mode $mode <many || fail "many in $mode"
    expect "letters in $mode" "$(letters)" 11
    expect "parked keys in $mode" "$(parked | tr '\n' ' ')" '{"id":11} {"id":12} {"id":1} {"id":20} {"id":2} {"id":5} '
    expect "old rows in $mode" "$(ch 'SELECT id, note FROM t WHERE id < 4 OR id > 9 ORDER BY id')" \
        $'1\tbefore\n2\tn\n10\tn'
    mend 's/"q":-1/"q":1/; s/99999999999/9/; /nonsense/d' >mended
    load --mode $mode --replay mended || fail "the replay in $mode"
    expect "rows after the replay in $mode" "$(rows_of)" "$wanted"
    expect "parked keys in $mode" "$(parked)" ''
done
RAW=raw

say 'kill -9 between the bad row and its checkpoint: parked after the restart'
start_target kill_9
mkfifo pipe
cdc-load --target "$TARGET" --checkpoint killed.json --on-error dead-letter --dead-letter dead \
    --flush-interval 100ms <pipe 2>killed.err &
pid=$!
exec 7>pipe
head -n 900 thousand >&7
wait_until 30 test -s dead
kill -9 "$pid"
wait "$pid" || true
exec 7>&-
[ ! -e killed.json ] || fail 'a checkpoint before the kill'
printf '{"dead_letter":{"rea' >>dead # as a kill in the middle of a write leaves it
dead --checkpoint killed.json <thousand && dead <later || fail 'after the kill'
expect 'parked keys' "$(parked)" '{"id":500}'
expect 'rows' "$(ch 'SELECT count(), sum(id) FROM t')" $'999\t500000'
mend 's/"q":-1/"q":1/' >mended
load --replay mended || fail 'the replay'
sed 's/"q":-1/"q":1/' thousand | cat - later >all
killed=$(rows_of)
new_target wanted2
load <all || fail 'all'
expect 'rows after kill, mending and replay' "$killed" "$(rows_of)"

say 'a bad line that was mended and replayed stays so when it is read again'
TARGET=$SERVER/kill_9
dead <thousand || fail 'read again'
[ ! -e dead ] || fail 'a dead letter of a line that was replayed'
expect 'rows' "$(rows_of)" "$killed"

say 'a row of a snapshot makes a parked key good; a truncate makes it void'
lines "
$TABLE
print(change('c', 't', {'id': 1}, 16, after={'id': 1, 'q': -1, 'note': 'n'}))
print(change('c', 't', {'id': 2}, 16, 2, after={'id': 2, 'q': -1, 'note': 'n'}))" >two
start_target healed
dead <two || fail two
expect 'parked keys' "$(parked)" $'{"id":1}\n{"id":2}'
lines "
$TABLE
print(change('r', 't', {'id': 1}, 30, 0, after={'id': 1, 'q': 1, 'note': 's'}))
print(change('u', 't', {'id': 1}, 31, after={'id': 1, 'q': 2}, unchanged=['note']))" | dead || fail snapshot
expect 'parked keys' "$(parked)" '{"id":2}'
expect 'the row' "$(rows_of)" '1,2,"s"'
lines "
$TABLE
print(change('t', 't', None, 40))
print(change('c', 't', {'id': 2}, 41, after={'id': 2, 'q': 1, 'note': 't'}))" | dead || fail truncate
expect 'parked keys' "$(parked)" ''
expect 'the row' "$(rows_of)" '2,1,"t"'

say 'a table without key: the line alone'
new_target keyless
lines "print(table('log', L, 'v1'))" | load || fail load
ch "ALTER TABLE log_raw ADD CONSTRAINT short CHECK length(word) < 3"
lines "
print(table('log', L, 'v1'))
for n, w in enumerate(['a', 'long', 'b']): print(change('c', 'log', None, 16 + n, after={'word': w}))
print(change('u', 'log', None, 20, before={'word': 'a'}, after={'word': 'longer'}))
print(change('d', 'log', None, 21, before={'word': 'long'}))
print(change('u', 'log', None, 22, before={'word': 'b'}, after={'word': 'c'}))" | dead || fail keyless
expect 'letters' "$(letters)" 3
expect 'words' "$(ch 'SELECT word FROM log ORDER BY word FORMAT CSV')" $'"a"\n"c"'
ch "ALTER TABLE log_raw DROP CONSTRAINT short"
load --replay dead || fail 'the replay'
expect 'words' "$(ch 'SELECT word FROM log ORDER BY word FORMAT CSV')" $'"c"\n"longer"'

say 'what refuses every row is not the fault of one'
start_target hopeless
ch "ALTER TABLE t_raw ADD CONSTRAINT all CHECK q > 1000"
expect_exit 4 dead <thousand
expect_words load.err "not the rows' fault"
[ ! -e dead ] || fail 'dead letters of good rows'

say 'errors of the server are not those of a row'
new_target faults
printf '252 2 t_raw\n243 1 t_raw\nreset 1 t_raw\n' >"$CDC_SERVICES_DIR/clickhouse/fail"
dead <thousand || fail 'with faults'
printf '33 1 t_raw\n' >"$CDC_SERVICES_DIR/clickhouse/fail"
expect_exit 4 dead <thousand
[ ! -e dead ] || fail 'dead letters by faults'
expect 'rows' "$(ch 'SELECT count() FROM t')" 1000
say 'the server refuses one insert of a batch: halves, and nothing is lost'
ch 'TRUNCATE TABLE t_raw'
printf '469 1 t_raw\n' >"$CDC_SERVICES_DIR/clickhouse/fail"
dead <thousand || fail 'one refusal'
expect 'rows' "$(ch 'SELECT count() FROM t')" 1000
say 'all passed'
