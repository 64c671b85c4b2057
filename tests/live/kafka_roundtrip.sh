#!/usr/bin/env bash
# Lines go through Kafka and come back byte by byte, each key in its order; positions are confirmed
# when the brokers hold what is before them, and offsets when the sink does.
. "$(dirname "$0")/lib.sh"
start kafka
K="--brokers $CDC_TEST_KAFKA_BROKERS"
rows=3000
[ -n "$SOAK" ] && rows=300000

# What each key saw, in its order; lines without key have no order between partitions.
by_key() {
    grep '^{"key"' "$1" >changes.txt
    jq -r '[.source.table, (.key|tostring)]|join(" ")' changes.txt | paste -d' ' - changes.txt >keyed.txt
    grep -v '^[^ ]* null ' keyed.txt | LC_ALL=C sort -s -k1,2
    grep '^[^ ]* null ' keyed.txt | LC_ALL=C sort
}

for partitions in 1 5; do
    say "round trip, $partitions partitions"
    "$HERE/kafka_lines.py" --rows $rows --keys 97 --tables 3 --truncates >in.ndjson
    # shellcheck disable=SC2086
    cdc-publish $K --prefix r$partitions --partitions $partitions --checkpoint pub.json <in.ndjson 2>pub.err ||
        fail "cdc-publish"
    expect "checkpoint file" "$(cat pub.json)" "$(grep '^{"checkpoint' in.ndjson | tail -n 1)"
    expect_words pub.err "$(LC_ALL=C printf "%'d" "$(grep '^{"key' in.ndjson | grep -vc '"op":"t"')" | sed -E 's/^([0-9]+)([0-9]{3})$/\1,\2/') rows into 3 topics, "
    # shellcheck disable=SC2086
    cdc-consume $K --topics "^r$partitions[.]public[.]" --exit-at-end >out.ndjson 2>con.err || fail "cdc-consume"
    by_key in.ndjson >in.keys
    by_key out.ndjson >out.keys
    cmp in.keys out.keys || fail "lines differ"
    expect "table lines" "$(grep '^{"table' out.ndjson | sort -u)" "$(grep '^{"table' in.ndjson | sort -u)"
    # A checkpoint of ours, and none of the publisher's source.
    expect "checkpoint kinds" "$(grep '^{"checkpoint' out.ndjson | jq -r .checkpoint.kind | sort -u)" kafka
    python3 - out.ndjson <<'PY' || fail "a change stands before its table line"
import json, sys
seen = set()
for line in open(sys.argv[1]):
    line = json.loads(line)
    if "table" in line:
        seen.add(line["source"]["table"])
    elif "op" in line:
        assert line["source"]["table"] in seen, line
PY
done

say "an end that came with the last record is not waited for"
# shellcheck disable=SC2086
timeout 20 cdc-consume $K --topics '^r5[.]public[.]' --exit-at-end -X fetch.wait.max.ms=30000 >again.ndjson 2>con.err ||
    fail "it waited: $(cat con.err)"
expect "changes" "$(grep -c '^{"key' again.ndjson)" "$(grep -c '^{"key' out.ndjson)"

say "the examples of cdc-event(5), as they stand in the page"
grep -E '^    \{"(key|table|snapshot)' "$ROOT/man/cdc-event.5.md" | sed 's/^    //' >page.ndjson
(grep '^{"table' page.ndjson; grep -v '^{"table' page.ndjson) >in.ndjson
# shellcheck disable=SC2086
cdc-publish $K --prefix page --partitions 1 --retention forever <in.ndjson 2>pub.err || fail "cdc-publish"
# shellcheck disable=SC2086
cdc-consume $K --topics page.inventory.orders --exit-at-end 2>con.err | grep -v '^{"checkpoint' >out.ndjson
grep -v '"op":"m"\|"db":"shop"' in.ndjson | cmp - out.ndjson || fail "lines of the page differ"
for table in orders customers; do
    # shellcheck disable=SC2086
    cdc-consume $K --topics page.shop.$table --exit-at-end 2>con.err | grep -v '^{"checkpoint' >out.ndjson
    grep "\"db\":\"shop\",\"table\":\"$table\"" in.ndjson >wanted.ndjson
    cmp wanted.ndjson out.ndjson || fail "the line of MySQL differs"
done
# shellcheck disable=SC2086
cdc-consume $K --topics page.message --exit-at-end 2>con.err | grep -v '^{"checkpoint' >out.ndjson
grep '"op":"m"' in.ndjson | cmp - out.ndjson || fail "the message of the page differs"

say "without keys, everything still comes"
"$HERE/kafka_lines.py" --rows 500 --no-key >in.ndjson
# shellcheck disable=SC2086
cdc-publish $K --prefix nokey --partitions 3 <in.ndjson 2>pub.err
# shellcheck disable=SC2086
cdc-consume $K --topics nokey.public.t0 --exit-at-end 2>con.err | grep '^{"key' | sort >out.sorted
grep '^{"key' in.ndjson | sort | cmp - out.sorted || fail "lines differ"

say "a group goes on where the sink's checkpoint file is, and commits no more than that"
topic=r5.public.t1
total=$(grep -c '"table":"t1"' in.keys || true)
# The sink stores what comes up to the first checkpoint after half of it, then dies.
# shellcheck disable=SC2086
cdc-consume $K --topics $topic --group g --checkpoint group.json --checkpoint-interval 1ms \
    --max-events $((total / 2)) --drain 60s 2>con1.err | tee part1.ndjson |
    while IFS= read -r line; do case $line in '{"checkpoint'*) echo "$line" >group.new && mv group.new group.json ;; esac; done ||
    fail "first reader"
# shellcheck disable=SC2086
cdc-consume $K --topics $topic --group g --checkpoint group.json --exit-at-end --drain 60s 2>con2.err | tee part2.ndjson |
    while IFS= read -r line; do case $line in '{"checkpoint'*) echo "$line" >group.new && mv group.new group.json ;; esac; done ||
    fail "second reader"
expect "changes of both parts" "$(cat part1.ndjson part2.ndjson | grep -c '^{"key')" "$total"
# shellcheck disable=SC2086
cdc-consume $K --topics $topic --group g --ack on-write --exit-at-end >rest.ndjson 2>con3.err
expect "left for the group" "$(grep -c '^{"key' rest.ndjson)" 0

say "a sink that stores nothing confirms nothing"
# shellcheck disable=SC2086
expect_exit 1 cdc-consume $K --topics $topic --group none --checkpoint never.json --exit-at-end --drain 1s >/dev/null 2>con.err
expect_words con.err "not acknowledged"
# shellcheck disable=SC2086
cdc-consume $K --topics $topic --group none --ack on-write --exit-at-end 2>con.err | grep -c '^{"key' >count || true
expect "read again" "$(cat count)" "$total"

say "of two sinks the one that has stored nothing counts"
store() { while IFS= read -r line; do case $line in '{"checkpoint'*) echo "$line" >"$1.new" && mv "$1.new" "$1" ;; esac; done; }
# shellcheck disable=SC2086
expect_exit 1 cdc-consume $K --topics $topic --group two --checkpoint first.json --checkpoint second.json --exit-at-end \
    --drain 2s 2>con.err > >(store first.json)
expect_words con.err "not acknowledged"
wait_until 20 test -s first.json
# shellcheck disable=SC2086
cdc-consume $K --topics $topic --group two --ack on-write --exit-at-end 2>con.err | grep -c '^{"key' >count || true
expect "read again" "$(cat count)" "$total"

say "--from, --until-time, offsets"
# shellcheck disable=SC2086
from() { cdc-consume $K --topics page.inventory.orders --exit-at-end "$@" 2>con.err | grep -c '^{"key'; }
expect "from beginning" "$(from --from beginning)" 6
expect "from end" "$(from --from end || true)" 0
expect "from offsets" "$(from --from page.inventory.orders:0=5)" 3
expect "from time" "$(from --from 1763709002000)" 4
expect "from time" "$(from --from 2025-11-21T07:10:02Z)" 4
expect "until time" "$(from --until-time 1763709002000)" 2
# shellcheck disable=SC2086
expect_exit 3 cdc-consume $K --topics page.inventory.orders --from page.inventory.orders:0=5000 --exit-at-end >/dev/null 2>con.err
# shellcheck disable=SC2086
expect_exit 4 cdc-consume $K --topics page.inventory.orders --from page.inventory.orders:0=5,70=5 --exit-at-end >out.ndjson 2>con.err
expect_words con.err "there is no partition 70 of topic 'page.inventory.orders'"
expect "nothing was read" "$(cat out.ndjson)" ""
expect "from offsets of which some are none" "$(from --from page.inventory.orders:0=5,70=5 --allow-no-match)" 3

say "without a group too, topics of a pattern and partitions that are made later are read from their start"
for from in beginning end; do
    # shellcheck disable=SC2086
    "$HERE/kafka_lines.py" --rows 10 | cdc-publish $K --prefix "late-$from" 2>pub.err || fail "the first table"
    rm -f "late.$from"
    # shellcheck disable=SC2086
    cdc-consume $K --topics "^late-$from[.]public[.]" --from $from --heartbeat 100ms \
        -X topic.metadata.refresh.interval.ms=200 >late.$from 2>con-$from.err &
    reader=$!
    wait_until 20 grep -q '^{"checkpoint' late.$from # the first table's partition is being read
    # shellcheck disable=SC2086
    "$HERE/kafka_lines.py" --rows 30 --tables 3 --first 11 | cdc-publish $K --prefix "late-$from" 2>pub.err || fail "more tables"
    wanted=30
    [ $from = end ] || wanted=40
    wait_until 20 eval "[ \$(grep -c '^{\"key' late.$from) = $wanted ]"
    kill -TERM $reader
    wait $reader || fail "the reader"
done

say "a topic of others that gets partitions has keys whose later changes have lower offsets: that is told"
source='"source":{"connector":"postgresql","db":"d","schema":"s","table":"t"}'
send() { printf '{"id":1}\t{"after":{"id":1,"n":%d},%s,"op":"c"}\n' "$1" "$source" | kcat -P -b "$CDC_TEST_KAFKA_BROKERS" -t foreign -p "$2" -K '\t'; }
store() { while IFS= read -r line; do case $line in '{"checkpoint'*) echo "$line" >"$1.new" && mv "$1.new" "$1" ;; esac; done; }
send 1 0
# shellcheck disable=SC2086
cdc-consume $K --topics foreign --exit-at-end --checkpoint foreign.json 2>con.err | store foreign.json || fail "cdc-consume"
"$HERE/kafka_admin.py" "$CDC_TEST_KAFKA_BROKERS" add-partitions foreign 2
send 2 1
for again in 1 2; do
    # shellcheck disable=SC2086
    expect_exit 5 cdc-consume $K --topics foreign --exit-at-end --checkpoint foreign.json 2>con.err > >(store foreign.json)
    expect_words con.err "the topic has 2 partitions, and had 1 when it was first read"
done

say "a queue that is full most of the time costs no second each time"
case $(cdc-consume --version) in
*"librdkafka 2.0."*) ;; # cannot be told how long to wait
*)
    # shellcheck disable=SC2086
    "$HERE/kafka_lines.py" --rows 100000 --pad 300 --checkpoint-every 100000 | cdc-publish $K --prefix full 2>pub.err || fail "cdc-publish"
    read_full() { # [OPTION…]: sets `took`, in milliseconds
        local before
        before=$(date +%s%3N)
        # shellcheck disable=SC2086
        expect "records" "$(cdc-consume $K --topics full.public.t0 --exit-at-end -X queued.max.messages.kbytes=1024 "$@" \
            2>con.err | grep -c '^{"key')" 100000
        took=$(($(date +%s%3N) - before))
    }
    read_full -X fetch.queue.backoff.ms=1000
    slow=$took
    read_full
    [ $((took * 3)) -lt $((slow * 2)) ] || fail "$took ms, and $slow ms with a second each time" ;;
esac

say "another table under the name: its line stands before its facts, or it is said that it has no place"
again() { # OID FIRST: the table line, rows and facts of a table
    "$HERE/kafka_lines.py" --rows 6 --whole --first "$2" | sed "s/\"version\":\"\([0-9a-f]*\)\",\"columns\"/\"version\":\"\1\",\"oid\":$1,\"columns\"/"
}
again 7 1 >first.ndjson
again 8 20 >second.ndjson
grep -q '"oid":8' second.ndjson || fail "lines without oid"
for part in first second; do
    # shellcheck disable=SC2086
    cdc-publish $K --prefix again --partitions 5 <$part.ndjson 2>pub.err || fail "cdc-publish"
    # shellcheck disable=SC2086
    cdc-publish $K --prefix flatly --envelope payload <$part.ndjson 2>pub.err || fail "cdc-publish"
done
expect_words pub.err "table 'public.t0' is another one under its name now"
expect "table lines in the partition of facts" \
    "$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t again.public.t0 -p 0 -e | jq -c 'select(.table) | .table.oid' | tr '\n' ' ')" "7 8 "

say "SIGTERM: the publisher reads to the end, the consumer waits for its sink"
mkfifo pipe
# shellcheck disable=SC2086
cdc-publish $K --prefix term --checkpoint term.json <pipe 2>pub.err &
publisher=$!
exec 7>pipe
"$HERE/kafka_lines.py" --rows 50 >&7
kill -TERM $publisher
sleep 0.3
"$HERE/kafka_lines.py" --rows 50 --first 51 >&7
exec 7>&-
code=0
wait $publisher || code=$?
expect "exit status" "$code" 0
# shellcheck disable=SC2086
expect "all arrived" "$(cdc-consume $K --topics term.public.t0 --exit-at-end 2>con.err | grep -c '^{"key')" 100

say "--until-idle: an output that is stuck for longer is no silence of the topic"
"$HERE/kafka_lines.py" --rows 6000 --pad 1000 >in.ndjson
# shellcheck disable=SC2086
cdc-publish $K --prefix stuck <in.ndjson 2>pub.err || fail "cdc-publish"
# shellcheck disable=SC2086
expect "changes" "$(cdc-consume $K --topics stuck.public.t0 --until-idle 1500ms 2>con.err | { sleep 4; grep -c '^{"key'; })" 6000

say "--until-idle: nor are brokers that hang"
"$HERE/kafka_lines.py" --rows 4000 --pad 10000 >in.ndjson # more than is fetched ahead
# shellcheck disable=SC2086
cdc-publish $K --prefix hanging <in.ndjson 2>pub.err || fail "cdc-publish"
# shellcheck disable=SC2086
cdc-consume $K --topics hanging.public.t0 --until-idle 2s 2>con.err | {
    head -c 1000000
    touch begun
    until [ -e go ]; do sleep 0.1; done
    cat
} >out.ndjson &
reader=$!
wait_until 20 test -e begun
"$ROOT/scripts/services" pause kafka
touch go
sleep 6
"$ROOT/scripts/services" continue kafka
wait $reader || fail "cdc-consume"
expect "changes" "$(grep -c '^{"key' out.ndjson)" 4000
echo PASSED
