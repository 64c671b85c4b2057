#!/usr/bin/env bash
# Pipes of one group share the partitions while their number grows and shrinks, by SIGTERM and by
# kill -9. Nothing is lost; when all left cleanly, nothing was written twice; a pipe whose output is
# stuck keeps its membership.
# Pain 44: a rebalance.
. "$(dirname "$0")/lib.sh"
start kafka
B=$CDC_TEST_KAFKA_BROKERS
rows=6000
rounds=2
session=30000 # where all leave cleanly; a member that a busy machine makes late must not be thrown out
[ -n "$SOAK" ] && rows=60000 rounds=10

# pipe NAME GROUP TOPIC [SINK OPTIONS]: in the background; its consumer's pid goes to NAME.pid
pipe() {
    local name=$1 group=$2 topic=$3
    shift 3
    mkfifo "$name.fifo"
    "$HERE/kafka_sink.py" "$name.kept" "$name.json" "$@" <"$name.fifo" &
    cdc-consume --brokers "$B" --topics "$topic" --group "$group" --checkpoint "$name.json" \
        --checkpoint-interval 100ms -X session.timeout.ms=$session >"$name.fifo" 2>"$name.err" &
    echo $! >"$name.pid"
}
stop() { # NAME
    local code=0
    kill -TERM "$(cat "$1.pid")" || fail "$1 ended by itself"
    wait "$(cat "$1.pid")" || code=$?
    expect "exit status of $1" "$code" 0
}
kept() { cat ./*.kept 2>/dev/null | grep -c '^{"key' || true; }
kept_unique() { cat ./*.kept 2>/dev/null | sort -u | wc -l; }
arrived() { [ "$(kept_unique)" -ge "$1" ]; }

say "growing and shrinking by SIGTERM while lines come"
"$HERE/kafka_lines.py" --rows $rows --keys 500 | sed '/"op":"d"/d' >in.ndjson
total=$(grep -c '^{"key' in.ndjson)
(n=0; while IFS= read -r line; do
    printf '%s\n' "$line"
    if ((++n % 40 == 0)); then sleep 0.05; fi
done <in.ndjson) | cdc-publish --brokers "$B" --prefix g --partitions 6 >pub.log 2>&1 &
publisher=$!
wait_until 20 kcat -q -b "$B" -C -t g.public.t0 -c 1 -e
for ((round = 0; round < rounds; round++)); do
    pipe "a$round" g g.public.t0
    sleep 1
    pipe "b$round" g g.public.t0
    sleep 1.5
    [ $round = 0 ] || stop "c$((round - 1))"
    pipe "c$round" g g.public.t0
    sleep 1.5
    stop "a$round"
    sleep 0.5
    stop "b$round"
done
wait $publisher || fail "cdc-publish"
wait_until 60 arrived "$total"
stop "c$((rounds - 1))"
expect "changes, none lost" "$(kept_unique)" "$total"
expect "changes, none twice" "$(kept)" "$total"
# Each key's changes stand in their order in every file, since partitions change hands cleanly.
for file in *.kept; do
    jq -r '"\(.key.id) \(.source.order)"' "$file" | sort -s -k1,1 -c -k2,2 2>/dev/null ||
        jq -r '"\(.key.id) \(.source.order)"' "$file" | sort -s -k1,1 | sort -c || fail "order in $file"
done
for file in *.err; do
    grep -q 'before their last lines were acknowledged' "$file" && fail "$file: a partition left unacknowledged"
done
rm -f ./*.kept ./*.fifo ./*.err

say "kill -9 of one of two pipes: nothing is lost"
session=10000 # the one that lives must not be thrown out, too
pipe k1 g2 g.public.t0
pipe k2 g2 g.public.t0
wait_until 30 arrived 100
kill -9 "$(cat k1.pid)"
wait_until 60 arrived "$total"
stop k2
expect "changes" "$(kept_unique)" "$total"
rm -f ./*.kept ./*.fifo ./*.err

session=30000
say "a slow sink: partitions wait for it when they leave, the others go on"
pipe s1 g3 g.public.t0 --delay 0.7
sleep 1.5
pipe s2 g3 g.public.t0
wait_until 60 arrived "$total"
stop s1
stop s2
expect "changes, none twice" "$(kept)" "$total"
rm -f ./*.kept ./*.fifo ./*.err

say "a reader that stalls for a moment costs no fetching anew"
"$HERE/kafka_lines.py" --rows 8000 --keys 500 --pad 2000 | cdc-publish --brokers "$B" --prefix stalls --partitions 2 2>pub.log ||
    fail "cdc-publish"
cdc-consume --brokers "$B" --topics stalls.public.t0 --group g6 --ack on-write --exit-at-end --log-level debug \
    -X debug=topic 2>stalls.err | { head -c 1000000 && sleep 0.5 && cat; } >stalls.out || fail "cdc-consume"
expect "changes" "$(grep -c '^{"key' stalls.out)" 8000
grep -q 'Application resuming' stalls.err && fail "the partitions rested"
rm -f stalls.*

say "a stuck output keeps its membership"
"$HERE/kafka_lines.py" --rows 8000 --keys 500 --pad 2000 | sed '/"op":"d"/d' >in.ndjson
total=$(grep -c '^{"key' in.ndjson)
cdc-publish --brokers "$B" --prefix big --partitions 6 <in.ndjson 2>pub.log || fail "cdc-publish"
mkfifo stuck
cdc-consume --brokers "$B" --topics big.public.t0 --group g4 --ack on-write -X session.timeout.ms=6000 \
    -X max.poll.interval.ms=6000 >stuck 2>stuck.err &
echo $! >stuck.pid
exec 8<stuck
wait_until 30 grep -q 'partitions came' stuck.err
sleep 8
pipe other g4 big.public.t0
wait_until 20 grep -q 'partitions are wanted by others' stuck.err # else it has left the group
grep -q MAX_POLL stuck.err && fail "the stuck one was thrown out"
grep --line-buffered '^{"key' <&8 >stuck.kept &
wait_until 60 arrived "$total"
stop other
stop stuck
exec 8<&-
expect "changes" "$(kept_unique)" "$total"

say "--exit-at-end: what a killed member had comes; what a live one has is said to be left"
end() { # NAME: all that the group g5 has not read
    cdc-consume --brokers "$B" --topics big.public.t0 --group g5 --ack on-write --exit-at-end -X session.timeout.ms=6000 \
        -X heartbeat.interval.ms=500 >"$1.kept" 2>"$1.err" || fail "exit status $?: $(cat "$1.err")"
}
member() { # NAME: one whose lines nobody stores: it commits nothing, and lets go of nothing
    mkfifo "$1.full"
    rm -f "$1.err"
    cdc-consume --brokers "$B" --topics big.public.t0 --group g5 --from beginning --checkpoint "$1.none" --drain 1s \
        -X session.timeout.ms=6000 -X heartbeat.interval.ms=500 >"$1.full" 2>"$1.err" &
    echo $! >"$1.pid"
    exec 9<"$1.full"
    wait_until 30 grep -q 'partitions came' "$1.err"
}
member dead
kill -9 "$(cat dead.pid)"
exec 9<&-
end after_dead
expect "changes" "$(grep -c '^{"key' after_dead.kept)" "$total"
grep -q 'stopped at the end of' after_dead.err && fail "it had them all"
member live
end beside_live
expect_words beside_live.err "stopped at the end of 0 of 6 partitions: other members of group 'g5' have the rest"
kill -9 "$(cat live.pid)"
exec 9<&-
echo PASSED
