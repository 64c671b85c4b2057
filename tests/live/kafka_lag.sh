#!/usr/bin/env bash
# cdc-lag and consumer groups. Pain 49: a stopped group's lag grows, and what is not known is null.
. "$(dirname "$0")/lib.sh"
export CDC_KAFKA_CONF=$'log.retention.check.interval.ms=500\nlog.initial.task.delay.ms=500'
start kafka
B=$CDC_TEST_KAFKA_BROKERS
lag() { cdc-lag --brokers "$B" "$@" --json >lag.json 2>lag.err; }
of() { jq -c ".hops[] | select(.kind == \"$1\") | $2" lag.json; }
publish() { "$HERE/kafka_lines.py" --keys 50 "$@" | cdc-publish --brokers "$B" --prefix l --partitions 3 --no-tombstones 2>pub.err || fail "cdc-publish"; }
read_all() { cdc-consume --brokers "$B" --topics l.public.t0 --group g --exit-at-end --checkpoint g.json "$@" 2>con.err | "$HERE/kafka_sink.py" kept g.json; }

say "could not tell: no broker, no such group, no such topic, wrong usage"
expect_exit 2 cdc-lag --brokers 127.0.0.1:1 --group g --connect-timeout 1s 2>lag.err
expect_words lag.err "no Kafka broker answers"
expect_exit 2 lag --group nobody
expect "a group that is not there" "$(of group '[.events, .seconds, .state]')" '[null,null,"Dead"]'
expect_exit 2 lag --topics nowhere
expect_exit 2 cdc-lag --brokers "$B" 2>lag.err
expect_exit 2 cdc-lag --brokers "$B" --topics x --max-messages 1 2>lag.err
expect_words lag.err "--max-messages needs --group"

say "a group that read everything is 0 behind, each partition and in all"
publish --rows 300
read_all
expect_exit 0 lag --group g --max-messages 0 --max-seconds 0
expect "the group" "$(of group '[.events, .seconds, .state, .members, .partitions]')" '[0,0,"Empty",0,3]'
expect "its partitions" "$(of partition .events | paste -sd' ')" "0 0 0"
expect "a still topic" "$(of topic '[.records_per_second, .partitions]')" '[0,3]'

say "a stopped group falls behind, in messages and in seconds"
publish --rows 100 --first 301
before=$(date +%s%3N)
expect_exit 1 lag --group g --max-messages 10
expect_words lag.err "messages behind, more than 10"
ends=$(for p in 0 1 2; do kcat -b "$B" -Q -t "l.public.t0:$p:-1"; done | awk '{ n += $NF } END { print n }')
committed=$(of partition .position | tr -d '"' | awk '{ n += $1 } END { print n }')
expect "messages" "$(of group .events)" $((ends - committed))
expect "the sum of the partitions" "$(jq '[.hops[] | select(.kind == "partition") | .events] | add' lag.json)" $((ends - committed))
first=$(of group .seconds)
sleep 2
publish --rows 50 --first 401
expect_exit 1 lag --group g --max-seconds 1s
# 50 rows; the table line that each run repeats may be one more.
more=$(($(of group .events) - (ends - committed)))
[ $more -ge 50 ] && [ $more -le 51 ] || fail "lag did not grow with the topic: $more"
awk -v a="$first" -v b="$(of group .seconds)" 'BEGIN { exit !(b >= a + 2) }' || fail "seconds: first $first, then $(of group .seconds)"
[ $(($(date +%s%3N) - before)) -ge 2000 ] || fail "the clock"

say "--watch: each look tells the same, and none waits for the one before"
cdc-lag --brokers "$B" --group g --watch 300ms --json >watch.json 2>watch.err &
watch=$!
wait_until 20 eval '[ "$(jq -c ".hops[] | select(.kind == \"group\") | .seconds | numbers" watch.json | wc -l)" -ge 3 ]'
kill -TERM $watch
wait $watch || true

say "seconds are the age of the first record that is not stored"
kcat -q -b "$B" -C -t l.public.t0 -e -f '%p %o %T\n' >records
oldest=$(while read -r place at; do
    awk -v p="${place##*:}" -v o="$at" '$1 == p && $2 == o { print $3 }' records
done < <(jq -r '.hops[] | select(.kind == "partition" and .events > 0) | "\(.name) \(.position)"' lag.json | awk '{ print $2, $3 }') | sort -n | sed -n 1p)
jq -e --argjson t "$oldest" '.ts_ms as $now | .hops[] | select(.kind == "group") | (($now - $t) / 1000 - .seconds) | fabs < 3' lag.json >/dev/null || fail "seconds: $(of group .seconds), oldest $oldest"

say "a member that runs; a partition without a commit is unknown, and not the whole topic"
mkfifo lines
cdc-consume --brokers "$B" --topics l.public.t0 --group fresh --checkpoint fresh.json >lines 2>con.err &
PID=$!
exec 8<lines
joined() { lag --group fresh; [ "$(of group .members)" = 1 ] && [ "$(of partition .events | wc -l)" = 3 ]; }
wait_until 20 eval 'joined || [ "$(of group "[.members, .partitions]")" = "[1,3]" ]'
expect "events without a commit" "$(of partition .events | sort -u)" null
expect "of the group" "$(of group '[.events, .state]')" '[null,"Stable"]'
expect_exit 2 lag --group fresh --max-messages 1
expect_words lag.err "has committed nothing here"
kill -9 $PID
exec 8<&-

say "a partition that a topic got since the group read it is not known to be read"
"$HERE/kafka_lines.py" --rows 10 | cdc-publish --brokers "$B" --prefix grown --partitions 1 2>pub.err || fail "cdc-publish"
cdc-consume --brokers "$B" --topics grown.public.t0 --group grown --exit-at-end --ack on-write >/dev/null 2>con.err
expect_exit 0 lag --group grown
"$HERE/kafka_admin.py" "$B" add-partitions grown.public.t0 3
expect_exit 0 lag --group grown
expect "partitions" "$(of group .partitions)" 3
"$HERE/kafka_lines.py" --rows 50 --keys 50 | cdc-publish --brokers "$B" --prefix grown 2>pub.err || fail "cdc-publish"
expect_exit 2 lag --group grown
expect_words lag.err "'grown grown.public.t0:2': the group has committed nothing here"

say "the log begins behind the group's offset: beyond, without any limit"
short() { "$HERE/kafka_lines.py" --rows 20 --first "$1" | cdc-publish --brokers "$B" --prefix short --retention 2s 2>pub.err || fail "cdc-publish"; }
short 1
cdc-consume --brokers "$B" --topics short.public.t0 --group s --exit-at-end --ack on-write >/dev/null 2>con.err
short 21
gone() { lag --group s; grep -q "are gone, and the group never read them" lag.err; }
wait_until 60 gone
expect_exit 1 lag --group s
expect "nothing is left to read" "$(of group .events)" 0

say "what a look reads of a backlog is given back behind it"
wide() { "$HERE/kafka_lines.py" --keys 600 "$@" | cdc-publish --brokers "$B" --prefix wide --partitions 12 --no-tombstones 2>pub.err || fail "cdc-publish"; }
wide --rows 600
cdc-consume --brokers "$B" --topics wide.public.t0 --group w --exit-at-end --ack on-write >/dev/null 2>con.err
wide --rows 40000 --first 601
cdc-lag --brokers "$B" --group w --watch 500ms --quiet 2>lag.err &
PID=$!
memory() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$PID/status"; } # kB
given_back() { [ "$(memory VmHWM)" -gt $(($(memory VmRSS) + 8000)) ]; }
sleep 6 # a dozen looks
wait_until 20 given_back
kill $PID

say "rates and metrics"
"$HERE/kafka_lines.py" --rows 20000 --keys 50 --first 1000 >slow
ends() { kcat -q -b "$B" -Q -t l.public.t0:0:-1 -t l.public.t0:1:-1 -t l.public.t0:2:-1 | awk '{ n += $NF } END { print n }'; }
before=$(ends)
(n=0; while IFS= read -r line; do
    printf '%s\n' "$line"
    ((++n % 20)) || sleep 0.1
    [ ! -e enough ] || break
done <slow) |
    cdc-publish --brokers "$B" --prefix l --no-tombstones 2>pub.err &
PUB=$!
wait_until 20 eval '[ "$(ends)" -gt $((before + 100)) ]'
cdc-lag --brokers "$B" --topics '^l[.]public' --json >lag.json
rate=$(of topic .records_per_second)
awk -v r="$rate" 'BEGIN { exit !(r > 20 && r < 2000) }' || fail "rate $rate"
cdc-lag --brokers "$B" --group g --quiet --prometheus lag.prom 2>lag.err || true
for metric in cdc_lag_events cdc_lag_seconds cdc_group_members cdc_topic_records_per_second cdc_partition_end; do
    expect_words lag.prom "$metric{kind="
done
command -v promtool >/dev/null && { promtool check metrics <lag.prom || fail "promtool refuses the metrics"; }
touch enough
wait $PUB || fail "cdc-publish"
echo PASSED
