#!/usr/bin/env bash
# cdc-load over HTTP while the server is busy, gone, or loses the answer.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
TARGET=${CDC_TEST_CLICKHOUSE_URL%/}
faults=$CDC_SERVICES_DIR/clickhouse/fail
count() { ch 'SELECT count() FROM t'; }
lines "
print(table('t', T, 'v1'))
rows('c', range(1, 2001), 16)
print(change('u', 't', {'id': 1}, 17, after={'id': 1, 'q': -1}, unchanged=['note']))
print(checkpoint(18))" >first
load() { timeout 300 cdc-load --target "$TARGET" --checkpoint state.json "$@" 2>load.err; }
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=default"; }

say 'a plain load'
load <first || fail 'a plain load'
expect 'rows' "$(count)" 2000
expect 'checkpoint' "$(cat state.json)" "$(tail -n 1 first)"

say 'a database that is not there'
TARGET=${TARGET%/*}/fresh expect_exit 4 load <first
expect_words load.err 'cdc-load --create-database makes it'
TARGET=${TARGET%/*}/fresh load --create-database --checkpoint fresh.json <first || fail 'with --create-database'
expect_words load.err "made database 'fresh'"
expect 'rows' "$(ch 'SELECT count() FROM fresh.t')" 2000
TARGET=${TARGET%/*}/fresh load --create-database --checkpoint fresh.json <first || fail 'a database that is there'
expect 'made once' "$(grep -c 'made database' load.err)" 0
rm -f state.json
load <first || fail 'again'

say 'too many parts, a lost answer, a lost request: repeated until it is stored'
printf '252 2\ndrop 1\nreset 1\n241 1 t_raw\n' >"$faults"
ch 'TRUNCATE TABLE t_raw'
load --batch-rows 500 <first || fail 'with faults'
expect 'rows' "$(count)" 2000
expect_words load.err 'Code: 252'
expect 'faults left' "$(cat "$faults")" ''

say 'an exception inside an answer with status 200: nothing was stored, and no checkpoint says so'
rm -f state.json
ch 'TRUNCATE TABLE t_raw'
printf 'inside 252 *\n' >"$faults"
expect_exit 1 load --retry 300ms <first
expect_words load.err 'Code: 252'
[ ! -e state.json ] || fail 'a checkpoint behind rows that were not stored'
printf 'inside 252 2 t_raw\n' >"$faults"
load <first || fail 'with exceptions inside answers'
expect 'rows' "$(count)" 2000

say 'the same in an answer with rows, as of the question what to complete an update from'
ch 'TRUNCATE TABLE t_raw'
printf 'inside 241 1 SELECT\n' >"$faults"
load <first || fail 'with an exception inside rows'
expect 'the completed row' "$(ch "SELECT q, note FROM t WHERE id = 1")" $'-1\tn'

say 'a proxy without a server, slow answers, connections that were to be kept and are not'
ch 'TRUNCATE TABLE t_raw'
printf 'busy 1 2 t_raw\nslow 1 1 t_raw\nclose 3\n' >"$faults"
load --batch-rows 100 <first || fail 'with busy, slow, close'
expect 'rows' "$(count)" 2000
expect_words load.err '503'

say 'a page of a proxy under status 200 is no answer of the server'
ch 'TRUNCATE TABLE t_raw'
printf 'page 1 SELECT _cdc_state\npage 1 t_raw\npage 1 _cdc_state\n' >"$faults"
rm -f state.json
load --batch-rows 500 <first || fail 'with pages'
expect 'rows' "$(count)" 2000
expect 'pages left' "$(cat "$faults")" ''
expect_words load.err "HTTP status 200, and not as ClickHouse does: '<html>back soon</html>"
: >"$faults"

say 'memory is short: halves'
printf '241 2 t_raw\n' >"$faults"
ch 'TRUNCATE TABLE t_raw'
load <first || fail 'with 241'
expect 'rows' "$(count)" 2000
expect_words load.err 'inserting 500 rows at once'

say 'a user who may not write: stopped at once, nothing acknowledged, and told what is needed'
for code in 164 497; do
    rm -f state.json
    printf '%s *\n' $code >"$faults"
    expect_exit 4 timeout 100 cdc-load --target "$TARGET" --checkpoint state.json <first 2>load.err
    expect_words load.err "Code: $code"
    expect_words load.err 'hint: The'
    [ ! -e state.json ] || fail "a checkpoint behind rows that were refused ($code)"
    : >"$faults"
done

say 'a full disk: waited for, also with --retry, whose end is worth another run'
ch 'TRUNCATE TABLE t_raw'
printf '243 2 t_raw\n' >"$faults"
load <first || fail 'with a full disk'
expect 'rows' "$(count)" 2000
expect_words load.err 'Code: 243'
printf '243 *\n' >"$faults"
expect_exit 1 load --retry 300ms <first
: >"$faults"

say '--retry ends it'
printf '252 *\n' >"$faults"
expect_exit 1 load --retry 300ms <first
: >"$faults"

say 'several tables at once; while one of them waits nothing is acknowledged, and a stop ends in time'
lines "
for t in range(12):
    print(table(f'm{t}', T, 'v1'))
for t in range(12):
    for n in range(1, 101):
        print(change('c', f'm{t}', {'id': n}, 16, 100 * t + n, after={'id': n, 'q': t, 'note': 'n'}))
print(checkpoint(17))" >tables
rm -f state.json
load --insert-jobs 1 <tables || fail 'one after the other'
ch 'TRUNCATE TABLE m7_raw'
rm -f state.json
printf 'delay 30 4 m\n' >"$faults"
cdc-load --target "$TARGET" --checkpoint state.json --insert-jobs 4 <tables 2>load.err &
pid=$!
wait_until 20 eval '! grep -q " 4 m" "$faults"'
wait_until 20 eval '[ ! -s "$faults" ]' # the fourth waits, and the first waits still: one behind the other they would take longer
kill -9 $pid
wait $pid || true
load --insert-jobs 4 <tables || fail 'four at once'
expect 'rows' "$(ch 'SELECT count() FROM m7')" 100
rm -f state.json
printf '252 * m3_raw\n' >"$faults"
rm -f load.err # of the one before
mkfifo held
timeout 300 cdc-load --target "$TARGET" --checkpoint state.json --flush-interval 100ms --drain 2s <held 2>load.err &
pid=$!
exec 7>held
cat tables >&7
wait_until 20 grep -q 'trying again' load.err
sleep 1
kill -TERM "$(pgrep -P $pid cdc-load)"
began=$EPOCHREALTIME
expect_exit 1 wait "$pid"
expect 'ended in time' "$(awk "BEGIN { print $EPOCHREALTIME - $began < 25 }")" 1
exec 7>&-
[ ! -e state.json ] || fail 'a checkpoint behind a table whose rows were not stored'
expect 'said once' "$(grep -c 'trying again' load.err)" 1
: >"$faults"

say 'the server is killed in the middle and comes back'
rm -f state.json
mkfifo pipe
cdc-load --target "$TARGET" --checkpoint state.json --flush-interval 100ms <pipe 2>killed.err &
pid=$!
exec 7>pipe
head -n 1000 first >&7
"$ROOT/scripts/services" kill clickhouse
tail -n +1001 first >&7
wait_until 20 grep -q 'trying again' killed.err
[ ! -e state.json ] || fail 'a checkpoint without a server'
start clickhouse
wait_until 60 test -s state.json
exec 7>&-
expect_exit 0 wait "$pid"
expect 'rows' "$(count)" 2000
expect 'the completed row' "$(ch "SELECT q, note FROM t WHERE id = 1")" $'-1\tn'
expect_words killed.err 'trying again'
say 'all passed'
