#!/usr/bin/env bash
# The topic no longer has the place of its reader: its retention has passed it, or it was made anew. Exit status 3 with the
# range; with --begin-again reading goes on at what is there, is acknowledged there, and the next run resumes as ever.
. "$(dirname "$0")/lib.sh"
start kafka
B=$CDC_TEST_KAFKA_BROKERS
admin() { "$HERE/kafka_admin.py" "$B" "$@"; }
publish() { # FIRST: ten rows
    "$HERE/kafka_lines.py" --rows 10 --first "$1" | cdc-publish --brokers "$B" --prefix s --partitions 1 --retention 7d --no-tombstones 2>pub.err ||
        fail "cdc-publish"
}
# Keeps the checkpoint as the last stage of a pipe does; `keys` has the keys that came.
sink() {
    local line
    while IFS= read -r line; do
        case $line in
            '{"checkpoint'*) printf '%s\n' "$line" >c.json.new && mv c.json.new c.json ;;
            '{"key'*) jq -c .key.id <<<"$line" >>keys ;;
        esac
    done
}
consume() { # [OPTION…]
    : >keys
    cdc-consume --brokers "$B" --topics s.public.t0 --group g --checkpoint c.json --exit-at-end "$@" 2>con.err | sink
    return "${PIPESTATUS[0]}"
}
keys() { tr '\n' ' ' <keys; }
settle() { consume || fail "the next run"; consume || fail "and its next"; expect "nothing twice" "$(keys)" ""; }

publish 1
expect "retention as the broker has it" "$(admin config s.public.t0 retention.ms)" $((7 * 86400 * 1000))
expect "partitions" "$(admin partitions s.public.t0)" 1
consume || fail "cdc-consume"
first=$(keys)
[ "$(wc -w <<<"$first")" = 10 ] || fail "ten rows: $first"
settle

say "its retention has passed it"
publish 11
publish 21
end=$(kcat -q -b "$B" -Q -t s.public.t0:0:-1 | awk '{ print $NF }')
admin delete-records s.public.t0 0 $((end - 5))
expect_exit 3 consume
expect_words con.err "are gone"
expect_words con.err "--begin-again"
consume --begin-again || fail "--begin-again"
expect_words con.err "going on at offset $((end - 5))"
expect "rows of the five records" "$(wc -w <keys)" 5
settle
consume --begin-again || fail "where nothing is lost"
expect "nothing begins again" "$(keys)" ""

say "it was made anew, and has less than the place"
admin delete-topic s.public.t0
publish 31
expect_exit 3 consume
expect_words con.err "made anew"
consume --begin-again || fail "--begin-again"
expect "all of it" "$(wc -w <keys)" 10
settle
publish 41
consume || fail "cdc-consume"
expect "what came since" "$(wc -w <keys)" 10
settle

say "a sink that has stored nothing since: it begins again once more, and no place that is gone is committed"
admin delete-topic s.public.t0
publish 51
cdc-consume --brokers "$B" --topics s.public.t0 --group g --checkpoint c.json --exit-at-end --begin-again --drain 1s >lines.txt 2>con.err || true
[ "$(grep -c '^{"key' lines.txt)" = 10 ] || fail "it was not read"
expect_exit 3 consume
consume --begin-again || fail "--begin-again"
expect "all of it" "$(wc -w <keys)" 10
settle

say "it was made anew, and has more than the place: nothing at the same offsets is taken for read"
admin delete-topic s.public.t0
publish 61
publish 71
expect_exit 3 consume
expect_words con.err "topic 's.public.t0' was made anew: the position"
consume --begin-again || fail "--begin-again"
expect "all of it" "$(wc -w <keys)" 20
settle
jq -c 'del(.checkpoint.topic_ids)' c.json >c.json.new && mv c.json.new c.json # of an older version
settle

say "partitions that it gets are read from their beginning, or it is said that this is gone"
rm -f c.json
publish_wide() { "$HERE/kafka_lines.py" --rows 20 --keys 20 --first "$1" | cdc-publish --brokers "$B" --prefix w --partitions 1 --no-tombstones 2>pub.err || fail "cdc-publish"; }
consume_wide() { # [OPTION…]
    : >keys
    cdc-consume --brokers "$B" --topics w.public.t0 --checkpoint c.json --exit-at-end "$@" 2>con.err | sink
    return "${PIPESTATUS[0]}"
}
publish_wide 1
consume_wide || fail "cdc-consume"
admin add-partitions w.public.t0 2
publish_wide 21
consume_wide || fail "a new partition"
expect "all of the new partition" "$(wc -w <keys)" 20
jq -c '.checkpoint.position = (.checkpoint.position | sub(",1=.*"; ""))' c.json >c.json.new && mv c.json.new c.json # as it was before
consume_wide || fail "cdc-consume"
[ "$(wc -w <keys)" -gt 2 ] || fail "the new partition again: $(keys)"
jq -c '.checkpoint.position = (.checkpoint.position | sub(",1=.*"; ""))' c.json >c.json.new && mv c.json.new c.json
admin delete-records w.public.t0 1 2
expect_exit 3 consume_wide
expect_words con.err "partition 1, which was not read before: offsets 0 to 1 are gone"
consume_wide --begin-again || fail "--begin-again"
expect_words con.err "going on at offset 2"
consume_wide || fail "the next run"
expect "nothing twice" "$(keys)" ""

say "it is made anew while it is read"
for group in "" g2; do
    rm -f lines.txt
    # shellcheck disable=SC2086
    cdc-consume --brokers "$B" --topics s.public.t0 ${group:+--group $group -X session.timeout.ms=300000} --heartbeat 100ms \
        -X topic.metadata.refresh.interval.ms=3000 >lines.txt 2>con.err &
    reader=$!
    wait_until 30 eval '[ "$(grep -c "^{\"key" lines.txt)" = 20 ]'
    # A member of a group that sees that it is gone reads the next one from its beginning, and misses nothing.
    kill -STOP $reader
    admin delete-topic s.public.t0
    publish 61
    publish 71
    kill -CONT $reader
    wait_until 30 eval '! kill -0 "$reader" 2>/dev/null'
    expect_exit 3 wait "$reader"
    expect_words con.err "made anew"
done

say "a member of a group that sees it gone before it is made anew says where it goes on"
rm -f lines.txt
cdc-consume --brokers "$B" --topics s.public.t0 --group g3 --begin-again --heartbeat 100ms -X topic.metadata.refresh.interval.ms=500 \
    >lines.txt 2>con.err &
reader=$!
wait_until 30 eval '[ "$(grep -c "^{\"key" lines.txt)" = 20 ]'
admin delete-topic s.public.t0
wait_until 30 grep -q "partitions are lost" con.err
publish 81
wait_until 30 eval '[ "$(grep -c "^{\"key" lines.txt)" = 30 ]'
kill $reader
wait "$reader" || fail "the member: $?"
expect_words con.err "was made anew while it was read"
expect_words con.err "going on at offset 0"

say "with --marks, a topic that is made anew while it is read is told, and so is one that has grown since"
publish_marked() { # FIRST ROWS
    "$HERE/kafka_lines.py" --rows "$2" --first "$1" | cdc-publish --brokers "$B" --prefix m --partitions 1 --marks --no-tombstones 2>pub.err ||
        fail "cdc-publish --marks"
}
consume_marked() { # [OPTION…]
    : >keys
    cdc-consume --brokers "$B" --topics m.public.t0 --prefix m --marks --checkpoint c.json "$@" 2>con.err | sink
    return "${PIPESTATUS[0]}"
}
rm c.json
publish_marked 1 10
publish_marked 11 10
consume_marked & reader=$!
wait_until 30 eval '[ "$(wc -w <keys)" = 20 ]'
wait_until 30 eval '[ -s c.json ]'
admin delete-topic m.public.t0
kcat -q -b "$B" -L -t m.public.t0 >/dev/null 2>&1 || true # who asks for it makes it anew, empty
wait_until 30 eval '! kill -0 "$reader" 2>/dev/null'
expect_exit 3 wait "$reader"
expect_words con.err "made anew"
publish_marked 31 3
publish_marked 41 40
expect_exit 3 consume_marked --exit-at-end
expect_words con.err "made anew"
jq -c 'del(.checkpoint.topic_ids)' c.json >c.json.new && mv c.json.new c.json # of an older version
expect_exit 3 consume_marked --exit-at-end
expect_words con.err "in the last mark, before the position"
# The marks' end is known early: the records come in the turn that ends, and their checkpoint with them.
consume_marked --exit-at-end --begin-again -X fetch.wait.max.ms=10 || fail "--begin-again"
expect_words con.err "going on at its beginning"
expect "all of it" "$(wc -w <keys)" 43
consume_marked --exit-at-end || fail "the next run"
expect "nothing twice" "$(keys)" ""
say "--exactly-once: nothing is dropped for a topic that was deleted since, and comes by another --transactional-id"
"$HERE/kafka_lines.py" --rows 10 >once.ndjson
once() { cdc-publish --brokers "$B" --prefix x --exactly-once "$@" <once.ndjson 2>pub.err; }
once || fail "cdc-publish --exactly-once"
admin delete-topic x.public.t0
for state in "is not there" "has never had a record"; do
    for try in 1 2; do # a refused run leaves no trace
        expect_exit 4 once
        expect_words pub.err "lines for topic 'x.public.t0' were committed before"
        expect_words pub.err "the topic $state"
        expect_words pub.err "another --transactional-id"
    done
    kcat -q -b "$B" -L -t x.public.t0 >/dev/null 2>&1 || true # who asks for it makes it anew, empty
done
once --transactional-id other || fail "another --transactional-id: $(cat pub.err)"
expect "rows" "$(cdc-consume --brokers "$B" --topics x.public.t0 --exit-at-end 2>con.err | grep -c '^{"key')" 10
end=$(kcat -q -b "$B" -Q -t x.public.t0:0:-1 | awk '{ print $NF }')
admin delete-records x.public.t0 0 "$end" # as retention takes all
once --transactional-id other || fail "where retention took all: $(cat pub.err)"
expect_words pub.err "10 lines were dropped"

say "a topic that is deleted while its publisher runs is told, and not made anew by the brokers as they like"
mkfifo deleted
cdc-publish --brokers "$B" --prefix d --partitions 2 --retention 3d --checkpoint d.json -X topic.metadata.propagation.max.ms=500 \
    <deleted 2>pub.err &
publisher=$!
exec 7>deleted
"$HERE/kafka_lines.py" --rows 10 >&7
wait_until 30 test -s d.json
admin delete-topic d.public.t0
"$HERE/kafka_lines.py" --rows 10 --first 11 >more.ndjson
cat more.ndjson >&7
exec 7>&-
expect_exit 1 wait $publisher
expect_words pub.err "to topic 'd.public.t0'"
cdc-publish --brokers "$B" --prefix d --partitions 2 --retention 3d --checkpoint d.json <more.ndjson 2>pub.err || fail "the next run"
expect "retention" "$(admin config d.public.t0 retention.ms)" $((3 * 86400 * 1000))
expect "partitions" "$(admin partitions d.public.t0)" 2
say done
