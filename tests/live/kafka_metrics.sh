#!/usr/bin/env bash
# What cdc-publish and cdc-consume tell Prometheus is what went through them, to the record.
. "$(dirname "$0")/lib.sh"
start kafka
B=$CDC_TEST_KAFKA_BROKERS
value() { # FILE NAME
    awk -v name="$2" '$1 == name { print $2 }' "$1"
}
sum() { # FILE NAME: over all labels
    awk -v name="$2{" 'index($1, name) == 1 { sum += $NF } END { print sum + 0 }' "$1"
}
tell() { # FILE: every metric has a help text and a type
    grep -v '^#' "$1" | cut -d' ' -f1 | sed -E 's/\{.*//' | sort -u | while read -r name; do
        grep -Eq "^# TYPE $name (counter|gauge)$" "$1" || name=${name%_*} # of a histogram
        grep -q "^# HELP $name " "$1" || fail "$name has no help"
        grep -Eq "^# TYPE $name (counter|gauge|histogram)$" "$1" || fail "$name has no type"
    done
    if command -v promtool >/dev/null; then promtool check metrics <"$1" || fail "promtool refuses $1"; fi
}

say "cdc-publish"
"$HERE/kafka_lines.py" --rows 70 --keys 10 --checkpoint-every 1000 >in.ndjson
cdc-publish --brokers "$B" --prefix m --partitions 3 --checkpoint m.json --metrics pub.prom --metrics-per-table <in.ndjson 2>pub.err || fail "cdc-publish"
tell pub.prom
expect "lines" "$(value pub.prom cdc_publish_lines_total)" "$(wc -l <in.ndjson)"
expect "bytes" "$(value pub.prom cdc_publish_bytes_total)" "$(wc -c <in.ndjson)"
deletes=$(grep -c '"op":"d"' in.ndjson)
# Each change, a tombstone for each delete, the table line in two topics, one heartbeat.
expect "records" "$(value pub.prom cdc_publish_records_total)" $((70 + deletes + 2 + 1))
expect "deliveries timed" "$(value pub.prom cdc_publish_delivery_seconds_count)" $((70 + deletes + 2 + 1))
expect "records of the table" "$(value pub.prom 'cdc_publish_topic_records_total{topic="m.public.t0"}')" $((70 + deletes + 1))
expect "records of all topics" "$(sum pub.prom cdc_publish_topic_records_total)" $((70 + deletes + 2 + 1))
kcat -q -b "$B" -C -t m.public.t0 -e -f '%K %S\n' >sizes
kcat -q -b "$B" -C -t m.schema-changes -e -f '%K %S\n' >>sizes
kcat -q -b "$B" -C -t m.heartbeat -e -f '%K %S\n' >>sizes
bytes=$(awk '{ for (i = 1; i <= NF; ++i) sum += $i > 0 ? $i : 0 } END { print sum }' sizes)
expect "bytes sent" "$(value pub.prom cdc_publish_sent_bytes_total)" "$bytes"
expect "waiting" "$(value pub.prom cdc_publish_records_waiting)" 0
expect "checkpoint" "$(value pub.prom cdc_publish_checkpoint_timestamp_seconds | awk '{ printf "%.3f", $1 }')" \
    "$(tail -n 1 in.ndjson | jq .ts_ms | awk '{ printf "%.3f", $1 / 1000 }')"

say "cdc-consume"
printf 'no change\n' | kcat -q -b "$B" -P -t m.public.t0 -p 0
cdc-consume --brokers "$B" --topics m.public.t0 --exit-at-end --on-error dead-letter --dead-letter dead \
    --metrics con.prom --metrics-per-table >out.ndjson 2>con.err || fail "cdc-consume"
tell con.prom
expect "changes" "$(value con.prom cdc_consume_changes_total)" 70
expect "passed over" "$(value con.prom cdc_consume_passed_over_total)" $((deletes + 1))
expect "dead letters" "$(value con.prom cdc_consume_dead_letters_total)" 1
expect "bytes" "$(value con.prom cdc_consume_bytes_total)" "$(wc -c <out.ndjson)"
read_all=$((70 + deletes + 1 + 1)) # the broken one too
expect "records" "$(value con.prom cdc_consume_records_total)" $read_all
expect "records of all partitions" "$(sum con.prom cdc_consume_partition_records_total)" $read_all
expect "places" "$(sum con.prom cdc_consume_partition_position)" $read_all
expect "records of all batches" "$(value con.prom cdc_consume_batch_records_sum)" $read_all
expect "bytes read" "$(value con.prom cdc_consume_read_bytes_total)" "$(kcat -q -b "$B" -C -t m.public.t0 -e -f '%K %S\n' | awk '{ for (i = 1; i <= NF; ++i) sum += $i > 0 ? $i : 0 } END { print sum }')"
expect "behind, at the end" "$(value con.prom cdc_consume_behind_seconds)" 0
expect "partitions" "$(value con.prom cdc_consume_partitions)" 3
expect "newest" "$(value con.prom cdc_consume_newest_timestamp_seconds | awk '{ printf "%.3f", $1 }')" \
    "$(jq -s 'map(select(.op) | .source.ts_ms) | max' in.ndjson | awk '{ printf "%.3f", $1 / 1000 }')"

say "nothing read: the time of the newest change is not known, and not 0"
cdc-consume --brokers "$B" --topics m.public.t0 --from end --exit-at-end --metrics none.prom >/dev/null 2>con.err || fail "cdc-consume"
expect "newest" "$(value none.prom cdc_consume_newest_timestamp_seconds)" ""
expect "changes" "$(value none.prom cdc_consume_changes_total)" 0
echo PASSED
