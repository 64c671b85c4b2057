#!/usr/bin/env bash
# A broker that comes back and knows of no broker yet, itself included: who is connected asks again, and goes on.
# Clients hung by chance, one in five: there are many of them.
. "$(dirname "$0")/lib.sh"
CLIENTS=${SOAK:+48}
CLIENTS=${CLIENTS:-16}
start kafka
B=$CDC_TEST_KAFKA_BROKERS
lines() { "$HERE/kafka_lines.py" --checkpoint-every 1 --keys 1000 "$@"; }
all_got() { # ROWS; who was away for longer than the group waits for it reads from the beginning, for nothing is acknowledged
    local n
    for ((n = 1; n <= CLIENTS; n++)); do [ "$(grep '^{"key' "got$n" | sort -u | wc -l)" = "$1" ] || return 1; done
}

say "a publisher and $CLIENTS consumers that go on for long"
{
    for cycle in 0 1 2; do
        until [ -e "go$cycle" ]; do sleep 0.2; done
        lines --first $((10 * cycle + 1)) --rows 10
    done
} | cdc-publish --brokers "$B" --prefix n --checkpoint state.json 2>publish.err &
publisher=$!
touch go0
wait_until 30 test -s state.json
for ((n = 1; n <= CLIENTS; n++)); do
    # Every other one asks for the ids of its topics all the time.
    cdc-consume --brokers "$B" --topics '^n[.]public[.]' --group "g$n" --checkpoint "read$n.json" \
        -X topic.metadata.refresh.interval.ms=$((n % 2 ? 300000 : 300)) >"got$n" 2>"consume$n.err" &
done
wait_until 30 all_got 10

for cycle in 1 2; do
    say "the broker goes, one without brokers stands in its place for a while, and all go on behind it"
    "$ROOT/scripts/services" stop kafka >>services.log 2>&1
    rm -f answers
    "$HERE/empty_broker.py" "${B##*:}" n.public.t0 >answers 2>empty.err &
    empty=$!
    wait_until 30 test -s answers
    sleep 5
    kill -9 $empty
    wait $empty 2>/dev/null || true
    "$ROOT/scripts/services" start kafka >>services.log 2>&1
    expect "its port" "$("$ROOT/scripts/services" env kafka | grep -c "BROKERS=.*$B")" 1
    touch "go$cycle"
    wait_until 60 all_got $((10 * (cycle + 1)))
done
wait $publisher || fail "cdc-publish ended with $?"
say done
