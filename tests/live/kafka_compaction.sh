#!/usr/bin/env bash
# Compaction takes a delete and leaves its tombstone: a reader that has the row already is told of the delete all the same,
# of our own topics and of Debezium's; one that reads on behind a delete is not told of it twice.
. "$(dirname "$0")/lib.sh"
export CDC_KAFKA_CONF=$'log.cleaner.backoff.ms=300\nlog.segment.bytes=1048576'
start kafka
B=$CDC_TEST_KAFKA_BROKERS
now=$(date +%s%3N)
COMPACT=(-X linger.ms=0 --cleanup-policy compact --topic-config min.cleanable.dirty.ratio=0.0001 --topic-config segment.ms=2000 --partitions 1)

# TIME line of a change OP of key ID at ORDER
change() { # OP ID ORDER
    local row="{\"id\":$2,\"n\":$3}" time=$((now + $3 * 1000))
    printf '{"key":{"id":%d},"before":null,"after":%s,"source":{"version":"1","connector":"postgresql","name":"s","ts_ms":%d,"snapshot":"false","db":"d","schema":"public","table":"t","order":"0001%016x000000000001"},"op":"%s","ts_ms":1}\n' \
        "$2" "$([ "$1" = d ] && echo null || echo "$row")" $time "$3" "$1"
}
table() {
    printf '{"table":{"name":"public.t","version":"aaaaaaaaaaaaaaaa","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"n","type":"integer","nullable":true}]},"source":{"version":"1","connector":"postgresql","name":"s","ts_ms":%d,"snapshot":"false","db":"d","schema":"public","table":"t","order":"00010000000000000000000000000000"},"ts_ms":1}\n' "$now"
}
publish() { (table; "$@") | cdc-publish --brokers "$B" --prefix c --envelope payload "${COMPACT[@]}" 2>pub.err || fail "cdc-publish"; }
consume() { cdc-consume --brokers "$B" --topics "$1" --group g --ack on-write --exit-at-end 2>con.err || fail "cdc-consume"; }
offsets() { kcat -q -b "$B" -C -t "$1" -e -f '%o '; }

say "of our own topics"
first() { change c 1 1; change c 2 2; }
publish first
expect "rows" "$(consume c.public.t | grep -c '^{"key')" 2
second() { change d 1 30; change c 2 31; }
publish second
for n in 60 90 120; do # older segments are closed by records that come later
    sleep 2
    later() { change c 3 "$n"; }
    publish later
done
wait_until 60 eval '[[ " $(offsets c.public.t)" != *" 2 "* ]]'
[[ " $(offsets c.public.t)" == *" 3 "* ]] || fail "the tombstone is gone: $(offsets c.public.t)"
consume c.public.t >lines
expect "the delete" "$(grep '"op":"d"' lines | jq -c '[.key, .after, .source.schema, .source.table, .source.order]')" \
    '[{"id":1},null,"public","t","0001000000000000001e000000000001"]'
grep -n . lines | grep -m 1 '"op":"d"' | grep -q '^2:' || fail "its table line stands before it: $(cut -c1-80 lines)"
expect "nothing twice" "$(consume c.public.t | grep -c '^{"key' || true)" 0

say "of a topic of others, by what its records say"
cdc-publish --brokers "$B" --prefix d --topic '{prefix}.{table}' "${COMPACT[@]}" --envelope payload < <(table) 2>pub.err
send() { printf '%s\t%s\n' "$@" | kcat -P -b "$B" -t d.t -p 0 -K '\t' -Z; }
source='"source":{"connector":"postgresql","db":"d","schema":"public","table":"t","lsn":1}'
for id in 1 2; do send "{\"id\":$id}" "{\"before\":null,\"after\":{\"id\":$id},$source,\"op\":\"c\"}"; done
expect "rows" "$(consume d.t | grep -c '^{"key')" 2
send '{"id":1}' "{\"before\":{\"id\":1},\"after\":null,$source,\"op\":\"d\"}"
send '{"id":1}' ""
for n in 60 90 120; do
    sleep 2
    send '{"id":3}' "{\"before\":null,\"after\":{\"id\":3,\"n\":$n},$source,\"op\":\"u\"}"
done
wait_until 60 eval '[[ " $(offsets d.t)" != *" 2 "* ]]'
consume d.t >lines
expect "the delete" "$(grep '"op":"d"' lines | jq -c '[.key, .after, .source.table, .source.order]')" \
    '[{"id":1},null,"t","00010000000000000003000000000001"]'

say "of a topic of several tables: by the key where it says which, else it is told"
source_of() { printf '"source":{"connector":"postgresql","db":"d","schema":"public","table":"%s","lsn":1}' "$1"; }
send_to() { kcat -P -b "$B" -t "$1" -p 0 -K '\t' -Z; }
several() { # TOPIC KEY-OF-T1 KEY-OF-T2: rows of both tables, then a tombstone behind a gap, as compaction leaves it
    for table in t1 t2; do
        key=$([ $table = t1 ] && echo "$2" || echo "$3")
        printf '%s\t%s\n' "$key" "{\"before\":null,\"after\":{\"id\":1},$(source_of $table),\"op\":\"c\"}" | send_to "$1"
    done
    "$("$ROOT/scripts/install-deps" --print-python)" - "$B" "$1" <<'PY' # its end takes an offset
import confluent_kafka, sys
gap = confluent_kafka.Producer({"bootstrap.servers": sys.argv[1], "transactional.id": "gap"})
gap.init_transactions()
gap.begin_transaction()
gap.produce(sys.argv[2], key='{"id":9}', value='{"before":null,"after":{"id":9},"source":{"connector":"postgresql","db":"d","schema":"public","table":"t2"},"op":"c"}', partition=0)
gap.commit_transaction()
PY
    wait_until 20 eval '[ "$(kcat -q -b "$B" -Q -t '"$1"':0:-1 | awk "{ print \$NF }")" = 4 ]'
    printf '%s\t\n' "$2" | send_to "$1"
}
several e.all '{"id":1}' '{"id":1}'
expect_exit 5 cdc-consume --brokers "$B" --topics e.all --exit-at-end >lines 2>con.err
expect_words con.err 'whether it was one of table "d"."public"."t1" and "d"."public"."t2" cannot be told'
several f.all '{"id":1,"__dbz__physicalTableIdentifier":"f.public.t1"}' '{"id":1,"__dbz__physicalTableIdentifier":"f.public.t2"}'
several g.all '{"first":1}' '{"id":1}'
for topic in f.all g.all; do
    consume $topic >lines
    expect "the delete" "$(grep '"op":"d"' lines | jq -c .source.table)" '"t1"'
done

say "of ours, where --topic gives another name"
cdc-publish --brokers "$B" --prefix h --topic '{prefix}-{table}' --envelope payload --no-tombstones --partitions 1 --topic-config cleanup.policy=compact \
    < <(table; change c 1 1; change c 2 2) 2>pub.err || fail "cdc-publish"
printf '%s\t\n' '{"schema":null,"payload":{"id":1}}' | kcat -P -b "$B" -t h-t -p 0 -K '\t' -Z -H cdc.table-version=aaaaaaaaaaaaaaaa -H cdc.order=0001000000000000001e000000000001
cdc-consume --brokers "$B" --topics h-t --prefix h --exit-at-end >lines 2>con.err || fail "cdc-consume"
expect "the delete" "$(grep '"op":"d"' lines | jq -c '[.key, .source.table, .source.order]')" '[{"id":1},"t","0001000000000000001e000000000001"]'

say "a delete that was read is not written again behind a restart"
publish_plain() { cat | cdc-publish --brokers "$B" --prefix p --partitions 1 2>pub.err || fail "cdc-publish"; }
(table; change c 1 1; change d 1 2; change c 2 3) | publish_plain
cdc-consume --brokers "$B" --topics p.public.t --group p --ack on-write --max-events 2 >lines 2>con.err
expect "the first two" "$(grep -c '^{"key' lines)" 2
cdc-consume --brokers "$B" --topics p.public.t --group p --ack on-write --exit-at-end >lines 2>con.err
expect "what is left" "$(grep '^{"key' lines | jq -c .key.id)" 2
say done
