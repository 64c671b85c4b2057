#!/usr/bin/env bash
# With --exactly-once every change is in its topic once for readers of committed records, as it was and in the order of
# its key, whatever was killed in between and however much of the input comes again. CDC_TEST_FORMAT: of the records,
# with their schemas in a registry.
. "$(dirname "$0")/lib.sh"
export CDC_KAFKA_CONF="transaction.abort.timed.out.transaction.cleanup.interval.ms=500"
start kafka ${CDC_TEST_FORMAT:+registry}
B=$CDC_TEST_KAFKA_BROKERS
REGISTRY=${CDC_TEST_FORMAT:+--registry $CDC_TEST_REGISTRY_URL}
K="--brokers $B ${CDC_TEST_FORMAT:+--format $CDC_TEST_FORMAT $REGISTRY}"
kills=6
rows=2000
[ -n "$SOAK" ] && kills=40 rows=40000
seed=${CDC_TEST_SEED:-$RANDOM}
RANDOM=$seed
say "seed $seed"
# shellcheck disable=SC2086
changes() { cdc-consume --brokers "$B" --topics "$1" $REGISTRY --exit-at-end 2>con.err | grep '^{"key'; }
by_key() { awk -F '},"before"' '{ print $1 "\t" $0 }' | sort -s -t "$(printf '\t')" -k 1,1; }
same() { # PREFIX LINES: each table's topic holds its changes once, and nothing else
    local table
    for table in $(grep '^{"key' "$2" | jq -r .source.table | sort -u); do
        grep '^{"key' "$2" | grep "\"table\":\"$table\"" | by_key >wanted
        changes "$1.public.$table" | by_key | cmp - wanted || fail "changes of $1.public.$table are not there once each"
    done
}

say "the same input twice"
"$HERE/kafka_lines.py" --rows 300 --keys 20 >in.ndjson
for try in 1 2; do
    # shellcheck disable=SC2086
    cdc-publish $K --prefix x --exactly-once --checkpoint x.json <in.ndjson 2>pub.err || fail "try $try"
done
grep '^{"key' in.ndjson >wanted
changes x.public.t0 | cmp - wanted || fail "changes are not there once"
[ -z "$REGISTRY" ] || expect "the first byte" "$(kcat -q -b "$B" -C -t x.public.t0 -c 1 | head -c 1 | basenc --base16)" 00
expect_words pub.err "300 lines were dropped"
expect "checkpoint" "$(cat x.json)" "$(tail -n 1 in.ndjson)"
expect "position" "$(kcat -q -b "$B" -C -t x.checkpoints -e | tail -n 1 | jq -r .order)" "$(tail -n 1 wanted | jq -r .source.order)"

say "another stream with the same name is refused, and nothing of it is confirmed"
"$HERE/kafka_lines.py" --rows 300 --keys 20 --slot other >other.ndjson
rm -f o.json
for try in $(seq 8); do # its open transaction has partitions being added to it, or not yet
    # shellcheck disable=SC2086
    expect_exit 4 cdc-publish $K --prefix x --exactly-once --checkpoint o.json <other.ndjson 2>err
    expect_words err "belongs to another stream"
    [ ! -e o.json ] || fail "a checkpoint was written"
done
started=$SECONDS
[ "$(changes x.public.t0 | wc -l)" = "$(wc -l <wanted)" ] || fail "changes of a refused run are seen"
[ $((SECONDS - started)) -lt 20 ] || fail "a transaction was left open"

say "$kills kills; each time the input comes again from the checkpoint file"
"$HERE/kafka_lines.py" --rows $rows --keys 50 --tables 2 --alter 3 --checkpoint-every 17 >in.ndjson
# As a source would: from the checkpoint in the file, table lines first. With SHARE (of the lines,
# from 0 to 1) it goes on slowly behind that place and never ends: whoever is to be killed still runs.
resume() { # LINES CHECKPOINT [SHARE]
    python3 - "$@" <<'PY'
import json, os, sys, time
share = float(sys.argv[3]) if len(sys.argv) > 3 else None
slow_from = share * sum(1 for _ in open(sys.argv[1])) if share else None
order = json.loads(open(sys.argv[2]).read())["checkpoint"]["order"] if os.path.exists(sys.argv[2]) else ""
tables, started = {}, set()
for number, text in enumerate(open(sys.argv[1])):
    line = json.loads(text)
    if "table" in line:
        tables[line["source"]["table"]] = text
        if line["source"]["table"] not in started:
            continue
    elif "op" in line:
        if line["source"]["order"] < order:
            continue
        if line["source"]["table"] not in started:
            started.add(line["source"]["table"])
            sys.stdout.write(tables[line["source"]["table"]])
    elif line["checkpoint"]["order"] <= order:
        continue
    sys.stdout.write(text)
    if number % 20 == 0:
        sys.stdout.flush()
        time.sleep(0.2 if share and number > slow_from else 0.01)
sys.stdout.flush()
while share:
    time.sleep(1)
PY
}
publish() {
    # shellcheck disable=SC2086
    exec cdc-publish $K --prefix kill --partitions 3 --exactly-once --transaction-rows 40 --transaction-time 50ms \
        --checkpoint kill.json
}
for ((kill = 1; kill <= kills; kill++)); do
    publish < <(resume in.ndjson kill.json "$(awk "BEGIN { print $kill / ($kills + 1) }")" 2>/dev/null) \
        2>kill$kill.err &
    pid=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.5 + r / 32768 * 0.8 }')"
    kill -9 $pid 2>/dev/null || fail "kill $kill met no running publisher"
    wait $pid 2>/dev/null || true
done
(publish) < <(resume in.ndjson kill.json) 2>pub.err || fail "the last run"
same kill in.ndjson
dropped=$({ grep -ho '[0-9]* lines were dropped' kill*.err pub.err || true; } | awk '{ n += $1 } END { print n + 0 }')
say "at the end $dropped lines dropped"

say "a newer publisher takes over"
mkfifo pipe
# shellcheck disable=SC2086
cdc-publish $K --prefix fence --exactly-once <pipe 2>old.err &
old=$!
exec 7>pipe
"$HERE/kafka_lines.py" --rows 20 --tables 2 >in.ndjson
grep -n '"n":10,' in.ndjson | cut -d: -f1 >half
head -n "$(cat half)" in.ndjson >&7
holds() { [ "$(kcat -q -b "$B" -C -t fence.checkpoints -e 2>/dev/null | tail -n 1 | jq -r .order)" = "$1" ]; }
wait_until 20 holds "$(head -n "$(cat half)" in.ndjson | grep '^{"key' | tail -n 1 | jq -r .source.order)"
# shellcheck disable=SC2086
cdc-publish $K --prefix fence --exactly-once <in.ndjson 2>pub.err || fail "the newer one"
tail -n +$(($(cat half) + 1)) in.ndjson >&7
code=0
exec 7>&-
wait $old || code=$?
expect "exit status of the older one" "$code" 4
expect_words old.err "taken over"
same fence in.ndjson

say "a stream killed inside a transaction hides neither another one's position nor its table lines"
PYTHON=$("$ROOT/scripts/install-deps" --print-python)
leave_open() { # MS TOPIC…: a record in a transaction that nobody ends; the brokers do after that time
    "$PYTHON" - "$B" "$@" <<'PY'
import os, sys
import confluent_kafka
other = confluent_kafka.Producer({"bootstrap.servers": sys.argv[1], "transactional.id": "other", "transaction.timeout.ms": int(sys.argv[2])})
other.init_transactions()
other.begin_transaction()
for topic in sys.argv[3:]:
    other.produce(topic, key='{"transactional_id":"other"}', value='{"order":"","checkpoint":null}')
other.flush()
os._exit(0) # as a kill would
PY
}
end_open() { # as its successor does
    "$PYTHON" -c '
import sys
import confluent_kafka
confluent_kafka.Producer({"bootstrap.servers": sys.argv[1], "transactional.id": "other"}).init_transactions()' "$B"
}
"$HERE/kafka_lines.py" --rows 60 --keys 20 --alter 1 >in.ndjson
# shellcheck disable=SC2086
{
    head -n 20 in.ndjson
    until [[ $(kcat -q -b "$B" -L) == *'topic "open.checkpoints"'* ]]; do sleep 0.2; done
    leave_open 300000 open.checkpoints
    tail -n +21 in.ndjson
} | cdc-publish $K --prefix open --exactly-once 2>pub.err || fail "beside an open transaction"
rm pub.err
# shellcheck disable=SC2086
cdc-publish $K --prefix open --exactly-once <in.ndjson 2>pub.err &
publisher=$!
wait_until 30 grep -q "waiting for an open transaction" pub.err
end_open
wait $publisher || fail "again"
expect_words pub.err "60 lines were dropped"
same open in.ndjson
if [ -z "$REGISTRY" ]; then # there, a record's schema has the table line
    "$HERE/kafka_lines.py" --rows 60 --keys 20 --alter 1 --retype >in.ndjson # notes are versions
    grep -n '^{"table' in.ndjson | tail -n 1 | cut -d: -f1 >half
    # shellcheck disable=SC2086
    head -n $(($(cat half) - 1)) in.ndjson | cdc-publish $K --prefix late --partitions 3 2>pub.err || fail "the first shape"
    leave_open 6000 late.schema-changes
    # shellcheck disable=SC2086
    cdc-publish $K --prefix late --partitions 3 <in.ndjson 2>pub.err || fail "the second shape"
    cdc-consume --brokers "$B" --topics late.public.t0 --exit-at-end >out.ndjson 2>con.err || fail "$(cat con.err)"
    jq -rc 'if .table then "table " + .table.version elif .after then "row " + .after.note else empty end' out.ndjson |
        awk '$1 == "table" { version = $2 } $1 == "row" && $2 != version { wrong = 1 } END { exit wrong }' ||
        fail "rows of the second shape without its table line"
    leave_open 6000 late.public.t0
    "$HERE/kafka_lines.py" --rows 20 --keys 20 --first 61 >more.ndjson
    # shellcheck disable=SC2086
    cdc-publish $K --prefix late --partitions 3 <more.ndjson 2>pub.err || fail "beside a transaction in the topic itself"
    expect "rows behind an open transaction" "$(changes late.public.t0 | grep -c -F -f <(grep -o '"order":"[^"]*"' more.ndjson))" 20
    sed 's/"table":"t0"/"table":"t_0"/' more.ndjson >owner.ndjson
    sed 's/"table":"t0"/"table":"t 0"/' more.ndjson >other.ndjson
    for once in "" --exactly-once; do
        # shellcheck disable=SC2086
        head -n 1 owner.ndjson | sed 's/t_0/t_1/' | cdc-publish $K --prefix "own$once" 2>pub.err || fail "topics"
        leave_open 6000 "own$once.schema-changes" "own$once.public.t_0"
        # shellcheck disable=SC2086
        cdc-publish $K --prefix "own$once" <owner.ndjson 2>pub.err || fail "the owner"
        # shellcheck disable=SC2086
        expect_exit 4 cdc-publish $K --prefix "own$once" $once <other.ndjson 2>pub.err
        expect_words pub.err "would be shared by table"
    done
fi

say "snapshots of two tables, one after the other, of a server on which nothing happens in between: both have their rows"
for table in t0 t1; do
    "$HERE/kafka_lines.py" --rows 0 --tables 2 --whole --first 1 | grep "\"table\":\"$table\"" | grep -v '^{"mark' >idle.ndjson
    echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"","position":"0/1000","order":"00010000000000001000000000000000","commit_ts_ms":1,"snapshot":"done"},"ts_ms":1}' >>idle.ndjson
    for try in 1 2; do # and once
        # shellcheck disable=SC2086
        cdc-publish $K --prefix idle --exactly-once <idle.ndjson 2>pub.err || fail "table $table"
    done
    expect "rows of $table" "$(changes "idle.public.$table" | grep -c '"op":"r"')" 3
done

say "the broker is killed inside transactions"
"$HERE/kafka_lines.py" --rows 400 --keys 20 --tables 3 --alter 2 >in.ndjson
grep -n '"n":200,' in.ndjson | cut -d: -f1 >half
# shellcheck disable=SC2086
cdc-publish $K --prefix broker --exactly-once --transaction-time 100ms --checkpoint broker.json < <(
    head -n "$(cat half)" in.ndjson
    sleep 1.5
    tail -n +$(($(cat half) + 1)) in.ndjson
) 2>pub.err &
publisher=$!
sleep 1.2
"$ROOT/scripts/services" kill kafka 2>/dev/null
sleep 1
"$ROOT/scripts/services" start kafka 2>/dev/null
code=0
wait $publisher || code=$?
expect "exit status" "$code" 0
same broker in.ndjson
echo PASSED
